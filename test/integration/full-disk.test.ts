import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { needsMounts, remount, seenBy, withMounts } from '../support/own-mounts.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { basic, eventually, PASSWORD, Server } from '../support/server.ts';
import { askDevice, userFields } from '../support/soap.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** The program as a user runs it, on a disk that takes nothing: it goes on, loses nothing and says what is wrong. */

const UUID = '7b0f1f8c-9f0a-4d0e-8d5c-0a1b2c3d4e5f';
const ADMIN = { name: 'admin', password: PASSWORD, level: 'Administrator' };
const GUEST = { name: 'guest', password: 'open sesame', level: 'User' };
const STATE = JSON.stringify({ version: 1, uuid: UUID, users: [ADMIN, GUEST] });
const ARGS = ['--source', 'test', '--width', '320', '--height', '240', '--idle-timeout', '1'];

/** The disk is the folder above: what fills it up is not in the program's own. */
let disk: string;
let dataDir: string;
let server: Server | undefined;

const READ_ONLY = 'mount --bind "$DISK" "$DISK"; mount -o remount,bind,ro "$DISK"';
/** 64 KB: enough for the state, three times over. */
const SMALL = 'cp -a "$DISK" "$DISK.kept"; mount -t tmpfs -o size=64k tmpfs "$DISK"; cp -a "$DISK.kept/." "$DISK"; chmod 700 "$DISK/data"';
const launch = (script: string, password: string | null = null) => ({ launcher: withMounts(script, disk), dataDir, password, args: ARGS });

const statusFor = async ({ name, password }: { name: string; password: string }) =>
  (await server!.fetch('/api/status', { headers: { Authorization: basic(name, password) } })).status;
const snapshot = async () => {
  const answer = await server!.fetch('/snapshot.jpg');
  return [answer.status, (await answer.arrayBuffer()).byteLength > 1000];
};

beforeEach(() => {
  disk = makeTempDir();
  dataDir = join(disk, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
});
afterEach(async () => {
  await server?.stop('SIGKILL');
  server = undefined;
  rmSync(`${disk}.kept`, { recursive: true, force: true });
});

describe('a read-only disk', () => {
  needsMounts(
    'with a state: the camera serves, refuses what it cannot keep, restarts and ends as ever',
    async () => {
      writeFileSync(join(dataDir, 'state.json'), STATE, { mode: 0o600 });
      server = await Server.start(launch(READ_ONLY));
      expect(server.stderr).toMatch(
        /EROFS.*The camera serves, but changes by clients are refused.*Mount it for writing.*DISK_READ_ONLY|DISK_READ_ONLY.*EROFS/,
      );
      expect(await snapshot()).toEqual([200, true]);

      const changes = [
        ['CreateUsers', userFields('eva', 'x')],
        ['SetUser', userFields('guest', 'another')],
        ['DeleteUsers', '<Username>guest</Username>'],
        ['SetScopes', '<Scopes>onvif://www.onvif.org/name/Door</Scopes>'],
        ['SetDiscoveryMode', '<DiscoveryMode>NonDiscoverable</DiscoveryMode>'],
        ['SetSystemFactoryDefault', '<FactoryDefault>Hard</FactoryDefault>'],
      ] as const;
      for (const [operation, fields] of changes) {
        const { status, text } = await askDevice(server, operation, fields);
        expect([operation, status, text]).toEqual([
          operation,
          500,
          expect.stringMatching(/cannot be kept in .*EROFS.*Mount it for writing/s),
        ]);
      }
      const { text } = await askDevice(server, 'GetUsers');
      expect(text.match(/Username>\w+</g)).toEqual(['Username>admin<', 'Username>guest<']);
      expect(await statusFor(GUEST)).toBe(200);
      expect((await askDevice(server, 'GetScopes')).text).toContain('name/Pi%20Camera');
      expect((await askDevice(server, 'GetDiscoveryMode')).text).toContain('>Discoverable<');

      expect((await askDevice(server, 'SystemReboot')).status).toBe(200);
      await server.output(/restarting[\s\S]*is ready\.[\s\S]*is ready\.|is ready\.[\s\S]*is ready\.[\s\S]*\n\n/);
      await eventually(async () => (await snapshot())[0] === 200, 'pictures after the restart');
      expect(await statusFor(GUEST)).toBe(200);
      expect(await server.stop()).toEqual({ code: 0, signal: null });
      expect(readFileSync(join(dataDir, 'state.json'), 'utf8')).toBe(STATE);
    },
    60_000,
  );

  needsMounts(
    'the text in the picture: left out where its file cannot be written, there where it was written before',
    async () => {
      writeFileSync(join(dataDir, 'state.json'), STATE, { mode: 0o600 });
      const stage = new Stage();
      const shown = async (text: string, script: string) => {
        const source = ['--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '640', '--height', '480', '--annotate', text];
        server = await Server.start({ ...launch(script), args: source, env: stage.env });
        expect(await snapshot()).toEqual([200, true]);
        await server.stop();
        return stage.starts().at(-1)!.argv.includes('--post-process-file');
      };
      try {
        expect(await shown('%T', ':')).toBe(true);
        expect(await shown('%T', READ_ONLY)).toBe(true);
        expect(await shown('%F', READ_ONLY)).toBe(false);
        expect(server!.stderr).toMatch(/The picture goes without its text, which cannot be written to .*EROFS.*Mount it for writing/);
      } finally {
        stage.remove();
      }
    },
    60_000,
  );

  needsMounts('that becomes so while it runs: changes are refused from then on, and it ends as ever', async () => {
    writeFileSync(join(dataDir, 'state.json'), STATE, { mode: 0o600 });
    server = await Server.start(launch('mount --bind "$DISK" "$DISK"'));
    expect((await askDevice(server, 'DeleteUsers', '<Username>guest</Username>')).status).toBe(200);
    remount(server.pid, '-o', 'remount,bind,ro', disk);
    const { status, text } = await askDevice(server, 'CreateUsers', userFields('eva', 'x'));
    expect([status, text]).toEqual([500, expect.stringContaining('EROFS')]);
    expect(await statusFor({ name: 'eva', password: 'x' })).toBe(401);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(server.stderr).not.toContain('internal error');
  });

  needsMounts('without a state: it ends, and says why and what to do', async () => {
    server = Server.spawn(launch(READ_ONLY));
    expect(await server.ended).toEqual({ code: 1, signal: null });
    expect(server.stderr).toMatch(/data directory .* cannot be used: EROFS.*\nMount it for writing\..*dmesg/);
  });
});

describe('a full disk', () => {
  const fill = () => {
    const file = seenBy(server!.pid, join(disk, 'filler'));
    expect(() => writeFileSync(file, Buffer.alloc(1 << 20))).toThrow('ENOSPC');
    return () => rmSync(file);
  };
  const inData = (name: string) => seenBy(server!.pid, join(dataDir, name));

  needsMounts(
    'no user is lost, nothing is left behind, and with room again changes are kept',
    async () => {
      writeFileSync(join(dataDir, 'state.json'), STATE, { mode: 0o600 });
      server = await Server.start(launch(SMALL));
      const makeRoom = fill();
      for (let k = 0; k < 3; k++) {
        const { status, text } = await askDevice(server, 'DeleteUsers', '<Username>guest</Username>');
        expect([status, text]).toEqual([500, expect.stringMatching(/cannot be kept in .*ENOSPC.*df -h/s)]);
      }
      expect(await statusFor(GUEST)).toBe(200);
      expect(readFileSync(inData('state.json'), 'utf8')).toBe(STATE);
      expect(readdirSync(inData('')).sort()).toEqual(['server.json', 'state.json', 'state.lock']);
      expect(await snapshot()).toEqual([200, true]);

      expect((await askDevice(server, 'SystemReboot')).status).toBe(200);
      await server.output(/is ready\.[\s\S]*is ready\.[\s\S]*\n\n/);
      await eventually(async () => (await statusFor(GUEST).catch(() => 0)) === 200, 'the guest after the restart');

      makeRoom();
      expect((await askDevice(server, 'DeleteUsers', '<Username>guest</Username>')).status).toBe(200);
      expect(await statusFor(GUEST)).toBe(401);
      expect((JSON.parse(readFileSync(inData('state.json'), 'utf8')) as { users: unknown }).users).toEqual([ADMIN]);
      expect(await server.stop()).toEqual({ code: 0, signal: null });
    },
    60_000,
  );

  needsMounts('a damaged state that cannot be replaced stays where it is', async () => {
    writeFileSync(join(dataDir, 'state.json'), '{"half of', { mode: 0o600 });
    const full = `${SMALL}; head -c 200000 /dev/zero > "$DISK/filler" 2>/dev/null || true`;
    const after = 'ls "$DISK/data"; cat "$DISK/data/state.json"';
    // What the program leaves can only be seen from within.
    server = Server.spawn({ ...launch(`${full}\n"$@" || true\n${after}\nexit 9`) });
    expect((await server.ended).code).toBe(9);
    expect(server.stderr).toMatch(/cannot be used: ENOSPC.*\nMake room/);
    expect(server.stdout).toBe('state.json\n{"half of');
  });

  needsMounts('the log may be on it', async () => {
    writeFileSync(join(dataDir, 'state.json'), STATE, { mode: 0o600 });
    server = await Server.start(launch(`${SMALL}; exec 2> "$DISK/log"; head -c 200000 /dev/zero > "$DISK/filler" 2>/dev/null || true`));
    for (let k = 0; k < 3; k++) expect(await statusFor({ name: 'guest', password: `wrong ${k}` })).toBe(401);
    expect(await snapshot()).toEqual([200, true]);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});

test('without a place for temporary files there is no snapshot, and the reason is told', async () => {
  const env = { ...process.env, TMPDIR: join(disk, 'missing') };
  server = Server.spawn({ command: ['snapshot', '-', '--source', 'test'], dataDir, env });
  expect(await server.ended).toEqual({ code: 1, signal: null });
  expect(server.stderr).toMatch(/^onvif-camera: No folder for temporary files can be made in .*missing: ENOENT.*\n/);
});

test('what a newer version wrote is left alone', async () => {
  const newer = JSON.stringify({ version: 2, uuid: UUID, everything: 'is different' });
  writeFileSync(join(dataDir, 'state.json'), newer);
  server = Server.spawn({ args: ARGS, dataDir });
  expect(await server.ended).toEqual({ code: 1, signal: null });
  expect(server.stderr).toMatch(/written by a newer onvif-camera.*\nUpdate onvif-camera, or give/);
  expect(readdirSync(dataDir)).toEqual(['state.json']);
  expect(readFileSync(join(dataDir, 'state.json'), 'utf8')).toBe(newer);
});

test('what crashes left in the directory is gone after the next start', async () => {
  writeFileSync(join(dataDir, 'state.json.0123456789abcdef.new'), 'half of');
  server = await Server.start({ args: ARGS, dataDir });
  expect(existsSync(join(dataDir, 'state.json'))).toBe(true);
  expect(readdirSync(dataDir).sort()).toEqual(['server.json', 'state.json', 'state.lock']);
});
