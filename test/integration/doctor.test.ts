import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { allGroups } from '../../src/doctor/checks.ts';
import type { Finding } from '../../src/doctor/run.ts';
import { makeSurroundings } from '../support/doctor.ts';
import { needsMounts, withMounts } from '../support/own-mounts.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { eventually, isRunning, PASSWORD, Server, type ServerOptions } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** `onvif-camera doctor` as a process, as users start it. */

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'], password: null });
});
afterAll(async () => {
  await server.stop();
});

/** Without trials that take a processor for seconds, and away from the network. */
const QUICK = ['--h264', 'off', '--bind', '127.0.0.1', '--discovery', 'off', '--source', 'test'];
/** Without ffmpeg, which takes its time for each stream; doctor-walk.test.ts has it. */
const ENV = { ...process.env, PATH: '' };

async function run(args: readonly string[], options: ServerOptions = {}) {
  const process = Server.spawn({ password: null, env: ENV, dataDir: server.dataDir, ...options, command: ['doctor', ...QUICK, ...args] });
  const { code } = await process.ended;
  return { code, stdout: process.stdout, stderr: process.stderr };
}

async function findings(args: readonly string[] = [], options: ServerOptions = {}) {
  const { code, stdout, stderr } = await run(['--json', ...args], options);
  const { worst, checks } = JSON.parse(stdout) as { worst: string; checks: Finding[] };
  return { code, stderr, worst, checks, level: (id: string) => checks.find((each) => each.id === id) };
}

const everyId = () => allGroups(makeSurroundings()).flatMap(({ checks }) => checks.map(({ id }) => id));

describe('beside a running camera', () => {
  test('every check is made, and the walk is well with the password that is kept', async () => {
    const { checks, code, worst, stderr } = await findings();
    expect(checks.map(({ id }) => id)).toEqual(everyId());
    expect(stderr).toBe('');
    const walk = checks.filter(({ id }) => id === 'service' || id.startsWith('walk-'));
    expect(walk.filter(({ level }) => level !== 'ok').map(({ id, level }) => [id, level])).toEqual([]);
    // The machine that tests run on may have faults of its own.
    expect(code).toBe(worst === 'error' ? 1 : 0);
    for (const { level, fix } of checks) expect(fix !== undefined).toBe(level === 'error' || level === 'warning');
  });

  test('each check is a line, without colours where nobody looks at it', async () => {
    const { stdout } = await run([]);
    const lines = stdout.split('\n').filter((line) => /^(ok|warning|ERROR|skipped) /.test(line));
    expect(lines).toHaveLength(everyId().length);
    expect(stdout).not.toContain('\x1b');
    expect(stdout).toMatch(/\n\d+ errors?, \d+ warnings?, \d+ ok, \d+ skipped\.\n$/);
  });

  test('a wrong password is an error, and nothing is asked where nobody can answer', async () => {
    const file = join(makeTempDir(), 'password');
    writeFileSync(file, 'wrong\n');
    const { code, level } = await findings(['--password-file', file]);
    expect(code).toBe(1);
    expect(level('walk-login')).toMatchObject({ level: 'error', seen: expect.stringContaining('does not take the given password') });
    expect(level('walk-snapshot')).toMatchObject({ level: 'skipped' });
  });

  test('the report is for its owner alone, and has no secret', async () => {
    const dir = makeTempDir();
    const { stderr } = await run(['--report', join(dir, 'report.md')], {
      env: { ...ENV, HASS_TOKEN: 'a-token-of-home-assistant' },
    });
    expect(stderr).toContain('look through it before you publish it');
    expect(statSync(join(dir, 'report.md')).mode & 0o777).toBe(0o600);
    const text = readFileSync(join(dir, 'report.md'), 'utf8');
    expect(text).toContain('`walk-snapshot`');
    const state = JSON.parse(readFileSync(join(server.dataDir, 'state.json'), 'utf8'));
    const { token } = JSON.parse(readFileSync(join(server.dataDir, 'server.json'), 'utf8'));
    for (const secret of [state.users[0].password, token, state.uuid, state.mac ?? state.uuid, 'a-token-of-home-assistant'])
      expect(text).not.toContain(secret);
  });

  test('a report that cannot be written is told after all the rest', async () => {
    const { code, stdout, stderr } = await run(['--report', '/proc/none/report.md']);
    expect(code).toBe(1);
    expect(stdout).toContain(' skipped.\n');
    expect(stderr).toContain('The report cannot be written to /proc/none/report.md');
  });

  test('a secret on the command line is refused', async () => {
    expect(await run(['--password', PASSWORD])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('without a camera that runs', () => {
  test('the rest is looked at, and nothing is left behind', async () => {
    const dataDir = makeTempDir();
    const { level } = await findings([], { dataDir });
    expect(level('service')).toMatchObject({ level: 'skipped', seen: expect.stringContaining('start it') });
    expect(level('camera-picture')).toMatchObject({ level: 'ok', seen: expect.stringContaining('test pattern') });
    expect(readdirSync(dataDir)).toEqual([]);
  });

  test('a port that another program has', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const { code, level } = await findings(['--http-port', String(port)], { dataDir: makeTempDir() });
      expect(code).toBe(1);
      expect(level('port-http')).toMatchObject({
        level: 'error',
        seen: expect.stringContaining(`Port ${port} on 127.0.0.1 is taken by`),
        fix: expect.stringContaining('--http-port'),
      });
    } finally {
      other.close();
    }
  });

  test('settings that are wrong are one of the findings', async () => {
    const dir = makeTempDir();
    writeFileSync(join(dir, 'settings.yaml'), 'camera:\n  width: 1\n');
    const { code, level, checks } = await findings(['--config', join(dir, 'settings.yaml')], { dataDir: dir });
    expect(code).toBe(1);
    expect(level('settings')).toMatchObject({ level: 'error', seen: expect.stringContaining('line 2: camera.width is 1') });
    expect(checks.map(({ id }) => id)).toEqual(everyId());
    // Flags hold all the same; one that is wrong is the user's mistake.
    expect(level('multicast')).toMatchObject({ level: 'skipped', seen: 'discovery.enabled is off' });
    expect(await run(['--width', '1'], { dataDir: dir })).toMatchObject({ code: 2, stdout: '' });
  });

  test('no ffmpeg, where a webcam needs it', async () => {
    const { code, level } = await findings(['--source', 'v4l2'], { dataDir: makeTempDir() });
    expect(code).toBe(1);
    expect(level('ffmpeg')).toMatchObject({ level: 'error', fix: '`sudo apt install ffmpeg`' });
  });

  test('it ends at once when it is stopped, and leaves no camera running and no folder behind', async () => {
    const stage = new Stage({ firstFrameDelayMs: 60_000 });
    const tmp = makeTempDir();
    const doctor = Server.spawn({
      command: ['doctor', ...QUICK, '--source', 'rpicam', '--rpicam-path', STANDIN],
      env: { ...stage.env, TMPDIR: tmp },
      password: null,
    });
    try {
      await eventually(() => readdirSync(tmp).length > 0 && stage.starts().some(({ argv }) => argv.includes('--codec')), 'a capture');
      doctor.process.kill('SIGINT');
      expect(await doctor.ended).toMatchObject({ code: 1 });
      expect(doctor.stderr).toContain('Stopped before all was looked at.');
      expect(readdirSync(tmp)).toEqual([]);
      for (const { pid } of stage.starts()) expect(isRunning(pid)).toBe(false);
    } finally {
      await doctor.stop();
      stage.remove();
    }
  });

  needsMounts('a disk that is full, and one that is read-only', async () => {
    const disk = makeTempDir();
    mkdirSync(join(disk, 'data'), { recursive: true });
    const full = 'mount -t tmpfs -o size=64k tmpfs "$DISK" && mkdir -m 700 "$DISK/data" && head -c 60000 /dev/zero > "$DISK/data/junk"';
    const onFull = await findings([], { dataDir: join(disk, 'data'), launcher: withMounts(full, disk), env: process.env });
    expect(onFull.level('disk-writable')).toMatchObject({
      level: 'error',
      seen: expect.stringContaining('ENOSPC'),
      fix: expect.stringContaining('df -h'),
    });
    expect(onFull.level('disk-space')).toMatchObject({ level: 'error' });
    const readOnly = 'mount -t tmpfs tmpfs "$DISK" && mkdir -m 700 "$DISK/data" && mount -o remount,ro "$DISK"';
    const onReadOnly = await findings([], { dataDir: join(disk, 'data'), launcher: withMounts(readOnly, disk), env: process.env });
    expect(onReadOnly.level('disk-writable')).toMatchObject({
      level: 'error',
      seen: expect.stringContaining('EROFS'),
      fix: expect.stringContaining('SD card'),
    });
  });
});
