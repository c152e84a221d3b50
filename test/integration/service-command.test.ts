import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Arguments } from '../../src/cli/command.ts';
import type { Context } from '../../src/cli/context.ts';
import { serviceCommand } from '../../src/cli/service.ts';
import type { ServiceMachine } from '../../src/cli/service-settings.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** `onvif-camera service …` on a machine of a test's own: a tree in place of "/", and stand-ins for the system's tools. */

const REPOSITORY = join(import.meta.dirname, '../..');
const MAIN = join(REPOSITORY, 'dist/main.js');
const STATE = readFileSync(join(REPOSITORY, 'test/fixtures/state/0.1.0.json'), 'utf8');

let root: string;
let tools: string;
let machine: ServiceMachine;
let user: string;

/** Every tool writes down its words; what it answers stands in a file of its name, and whether it fails in one with `.fails`. */
beforeEach(() => {
  root = makeTempDir();
  tools = makeTempDir();
  user = makeTempDir();
  mkdirSync(join(root, 'run/systemd/system'), { recursive: true });
  for (const name of ['systemctl', 'journalctl', 'getent', 'useradd', 'usermod', 'chown', 'systemd-notify']) {
    const file = join(tools, name);
    writeFileSync(
      file,
      `#!/bin/sh\necho "${name} $*" >> ${tools}/calls\nfor key in "${name} $1 $2" "${name} $1" "${name}"; do\n` +
        `  if [ -f "${tools}/$key.fails" ]; then cat "${tools}/$key.fails" >&2; exit 1; fi\n` +
        `  if [ -f "${tools}/$key.says" ]; then cat "${tools}/$key.says"; exit 0; fi\ndone\n`,
    );
    chmodSync(file, 0o755);
  }
  writeFileSync(join(tools, 'getent passwd onvif-camera.fails'), '');
  machine = { root, uid: 0, searchPath: `${tools}:/usr/bin:/bin`, cwd: makeTempDir() };
});

const calls = () => readFileSync(join(tools, 'calls'), 'utf8').split('\n').slice(0, -1);
const at = (path: string) => readFileSync(join(root, path), 'utf8');

/** Leaves what a camera left that ran by hand. Gives its data directory. */
function runByHand(settings: string): string {
  writeFileSync(join(machine.cwd, 'onvif-camera.yaml'), settings);
  writeFileSync(join(tools, 'getent passwd pi.says'), `pi:x:1000:1000:,,,:${user}:/bin/bash\n`);
  // In the machine's tree, as all of its paths.
  const dataDir = join(root, user, '.local/state/onvif-camera');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dataDir, 'state.json'), STATE);
  return dataDir;
}

async function service(
  name: Parameters<typeof serviceCommand>[0],
  flags: Arguments['flags'] = {},
  camera: string | undefined = undefined,
  config: string | undefined = undefined,
): Promise<{ code: number; said: string }> {
  let said = '';
  const context: Context = {
    env: { SUDO_USER: 'pi' },
    home: '/root',
    version: '1',
    webDir: join(REPOSITORY, 'dist/web'),
    wsdlDir: '/nonexistent',
    stdout: {
      write: (text) => {
        said += String(text);
      },
    },
    stderr: { write: () => {} },
    stopRequested: new Promise(() => {}),
    onExit() {},
    onFault() {},
  };
  const args = { command: `service ${name}`, positionals: [], flags, config, camera, help: false, version: false };
  const code = await serviceCommand(name, machine)(args, context);
  return { code, said };
}

describe('install', () => {
  test('makes the user, the settings and the unit, starts it, and says so', async () => {
    const { code, said } = await service('install');
    expect(code).toBe(0);
    const unit = at('etc/systemd/system/onvif-camera.service');
    expect(unit).toContain(`ExecStart=${process.execPath} ${MAIN} --config /etc/onvif-camera.yaml\n`);
    expect(at('etc/onvif-camera.yaml')).toContain('\ndataDir: /var/lib/onvif-camera\n');
    expect(calls()).toEqual(
      [
        'getent group video',
        'getent group render',
        'getent passwd onvif-camera',
        'useradd --system --user-group --groups video,render --home-dir /var/lib/onvif-camera --no-create-home --shell /usr/sbin/nologin onvif-camera',
        'systemctl daemon-reload',
        'systemctl enable onvif-camera.service',
        'systemctl reset-failed onvif-camera.service',
        'systemctl restart onvif-camera.service',
      ].flatMap((call) => (call === 'getent group video' ? ['getent passwd pi', call] : [call])),
    );
    for (const word of [
      'made the user onvif-camera',
      'wrote /etc/systemd/system/onvif-camera.service',
      'wrote /etc/onvif-camera.yaml',
      'starts with the machine',
      'service remove',
    ])
      expect(said).toContain(word);
  });

  test('again changes nothing that is there, and starts it anew', async () => {
    await service('install');
    const unit = at('etc/systemd/system/onvif-camera.service');
    writeFileSync(join(root, 'etc/onvif-camera.yaml'), 'name: Mine\n');
    const { said } = await service('install');
    expect(at('etc/systemd/system/onvif-camera.service')).toBe(unit);
    expect(at('etc/onvif-camera.yaml')).toBe('name: Mine\n');
    expect(said).toContain('left as it was');
    expect(said).toContain('left the settings as they are');
    expect(calls().filter((call) => call.startsWith('systemctl restart'))).toHaveLength(2);
  });

  test('takes over settings, users and identity of a camera that ran by hand', async () => {
    runByHand('name: Garage # mine\ncamera:\n  source: images:pictures\n');
    const { said } = await service('install');
    expect(at('etc/onvif-camera.yaml')).toBe(
      `name: Garage # mine\ncamera:\n  source: images:${machine.cwd}/pictures\ndataDir: /var/lib/onvif-camera\n`,
    );
    expect(at('var/lib/onvif-camera/state.json')).toBe(STATE);
    expect(calls()).toContain(`chown -R onvif-camera:onvif-camera ${root}/var/lib/onvif-camera`);
    expect(said).toContain('took users, passwords and identity over');
    // What the service has by then is not replaced.
    writeFileSync(join(root, 'var/lib/onvif-camera/state.json'), 'its own');
    await service('install');
    expect(at('var/lib/onvif-camera/state.json')).toBe('its own');
  });

  test('takes all of it over the next time where it could not be done the first time', async () => {
    writeFileSync(join(runByHand('name: Garage\n'), 'first-password.txt'), 'secret\n');
    // As a full disk or a power cut would, it ends in the middle.
    const obstacle = join(root, 'var/lib/onvif-camera/first-password.txt');
    mkdirSync(join(obstacle, 'not-empty'), { recursive: true });
    await expect(service('install')).rejects.toThrow(/first-password/);
    rmSync(obstacle, { recursive: true });
    expect((await service('install')).said).toContain('took users, passwords and identity over');
    expect(at('var/lib/onvif-camera/state.json')).toBe(STATE);
    expect(at('var/lib/onvif-camera/first-password.txt')).toBe('secret\n');
    expect(at('etc/onvif-camera.yaml')).toBe('name: Garage\ndataDir: /var/lib/onvif-camera\n');
    expect(statSync(join(root, 'etc/onvif-camera.yaml')).mode & 0o777).toBe(0o644);
  });

  test('tells of wrong settings before it does anything', async () => {
    writeFileSync(join(machine.cwd, 'onvif-camera.yaml'), 'camera:\n  fps: fast\n');
    await expect(service('install')).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining('camera.fps') });
    expect(readdirSync(root)).toEqual(['run']);
  });

  test('tells of a wrong option before it does anything', async () => {
    await expect(service('install', { 'http-port': 'none' }, 'garden')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('--http-port: http.port is "none"'),
    });
    expect(readdirSync(root)).toEqual(['run']);
  });

  test('options go into the settings, also where a section was left empty; pictures are found from elsewhere', async () => {
    writeFileSync(join(machine.cwd, 'onvif-camera.yaml'), 'camera:\nhttp:\n');
    await service('install', { source: 'images:pictures', 'http-port': '9000' });
    expect(at('etc/onvif-camera.yaml')).toContain('\nhttp:\n  port: 9000\n');
    expect(at('etc/onvif-camera.yaml')).toContain(`camera:\n  source: images:${machine.cwd}/pictures\n`);
  });

  test('gives a second camera a file, ports and a state of its own, and a third as well', async () => {
    await service('install');
    const { code } = await service('install', { source: 'v4l2:/dev/video2' }, 'garden');
    expect(code).toBe(0);
    const garden = at('etc/onvif-camera/garden.yaml');
    expect(garden).toMatch(/dataDir: \/var\/lib\/onvif-camera-garden\n/);
    expect(garden).toMatch(/^ {2}source: v4l2:\/dev\/video2$/m);
    const portsOf = (text: string) => [...text.matchAll(/^ {2}port: (\d+)$/gm)].map(([, port]) => Number(port));
    await service('install', {}, 'door');
    const ports = [...portsOf(garden), ...portsOf(at('etc/onvif-camera/door.yaml'))];
    expect(ports).toHaveLength(4);
    expect(new Set([8080, 8554, ...ports]).size).toBe(6);
    expect(calls()).toEqual(
      expect.arrayContaining(['systemctl enable onvif-camera@garden.service', 'systemctl restart onvif-camera@door.service']),
    );
    await expect(service('install', { 'http-port': '9000' }, 'door')).rejects.toMatchObject({ code: 'USAGE' });
  });

  test('has a user that is there in the groups, and no group that is not', async () => {
    writeFileSync(join(tools, 'getent passwd onvif-camera.says'), 'onvif-camera:x:996:996::/var/lib/onvif-camera:/usr/sbin/nologin\n');
    writeFileSync(join(tools, 'getent group render.fails'), '');
    rmSync(join(tools, 'getent passwd onvif-camera.fails'));
    await service('install');
    expect(calls()).toContain('usermod --append --groups video onvif-camera');
    expect(calls().some((call) => call.startsWith('useradd'))).toBe(false);
  });

  test.each([
    ['--config', {}, 'mine.yaml'],
    ['--data-dir', { 'data-dir': '/srv' }, undefined],
  ])('refuses %s, which would do nothing', async (flag, flags, config) => {
    await expect(service('install', flags, undefined, config)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(flag),
    });
    expect(readdirSync(root)).toEqual(['run']);
  });

  test('takes root, and says what to type', async () => {
    machine = { ...machine, uid: 1000 };
    for (const name of ['install', 'remove'] as const)
      await expect(service(name, {}, 'garden')).rejects.toMatchObject({
        code: 'SERVICE_FAILED',
        hint: expect.stringMatching(new RegExp(`^Type: sudo .*main\\.js service ${name} --camera garden$`)),
      });
    expect(existsSync(join(tools, 'calls'))).toBe(false);
  });

  test('takes systemd', async () => {
    machine = { ...machine, root: makeTempDir() };
    await expect(service('install')).rejects.toMatchObject({
      code: 'SERVICE_FAILED',
      message: expect.stringContaining('systemd does not run'),
    });
  });

  test.each([
    ['the package', 'usr/lib/systemd/system', 'apt remove'],
    ['somebody else', 'etc/systemd/system', 'not made by this command'],
  ])('leaves a unit of %s that starts another program', async (_, dir, advice) => {
    mkdirSync(join(root, dir), { recursive: true });
    const theirs = '[Service]\nExecStart=/usr/bin/node /usr/lib/onvif-camera/dist/main.js --config /etc/onvif-camera.yaml\n';
    writeFileSync(join(root, dir, 'onvif-camera.service'), theirs);
    await expect(service('install')).rejects.toMatchObject({ code: 'SERVICE_FAILED', hint: expect.stringContaining(advice) });
    expect(at(join(dir, 'onvif-camera.service'))).toBe(theirs);
    expect(existsSync(join(root, 'etc/onvif-camera.yaml'))).toBe(false);
  });

  test("uses the package's unit where it is the package's own command", async () => {
    mkdirSync(join(root, 'usr/lib/systemd/system'), { recursive: true });
    writeFileSync(
      join(root, 'usr/lib/systemd/system/onvif-camera.service'),
      `[Service]\nExecStart=${process.execPath} ${MAIN} --config /etc/onvif-camera.yaml\n`,
    );
    const { said } = await service('install');
    expect(said).toContain('the unit is there: /usr/lib/systemd/system/onvif-camera.service');
    expect(existsSync(join(root, 'etc/systemd/system/onvif-camera.service'))).toBe(false);
    await service('remove');
    expect(existsSync(join(root, 'usr/lib/systemd/system/onvif-camera.service'))).toBe(true);
    expect(calls()).toContain('systemctl disable --now onvif-camera.service');
  });

  test('of a service that does not start fails with the end of its log', async () => {
    writeFileSync(join(tools, 'systemctl restart.fails'), 'Job failed.\n');
    writeFileSync(join(tools, 'journalctl.says'), 'onvif-camera: Port 8080 is taken.\n');
    await expect(service('install')).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/does not start: Job failed\.\nonvif-camera: Port 8080 is taken\./),
    });
    // Else it writes "-- No entries --" where there is no log.
    expect(calls().at(-1)).toMatch(/^journalctl --quiet /);
  });
});

describe('remove', () => {
  test('stops it, takes the unit away, keeps users and settings and says where they are', async () => {
    await service('install');
    const { code, said } = await service('remove');
    expect(code).toBe(0);
    expect(calls()).toContain('systemctl disable --now onvif-camera.service');
    expect(existsSync(join(root, 'etc/systemd/system/onvif-camera.service'))).toBe(false);
    expect(existsSync(join(root, 'etc/onvif-camera.yaml'))).toBe(true);
    expect(said).toMatch(/stay in \/var\/lib\/onvif-camera, the settings in \/etc\/onvif-camera\.yaml/);
    expect((await service('remove')).said).toContain('there is no service');
  });

  test('leaves the unit that another camera is started by', async () => {
    await service('install', {}, 'garden');
    mkdirSync(join(root, 'etc/systemd/system/multi-user.target.wants'));
    const other = join(root, 'etc/systemd/system/multi-user.target.wants/onvif-camera@door.service');
    writeFileSync(other, '');
    await service('remove', {}, 'garden');
    expect(existsSync(join(root, 'etc/systemd/system/onvif-camera@.service'))).toBe(true);
    rmSync(other);
    await service('remove', {}, 'garden');
    expect(existsSync(join(root, 'etc/systemd/system/onvif-camera@.service'))).toBe(false);
  });
});

describe('status', () => {
  const shown = (state: string) =>
    `LoadState=${state === 'none' ? 'not-found' : 'loaded'}\nActiveState=${state === 'active' ? 'active' : 'failed'}\nSubState=${state === 'active' ? 'running' : 'failed'}\nActiveEnterTimestamp=Mon 2026-11-30 05:22:16 UTC\nUnitFileState=enabled\nStatusText=Idle, nobody = watching\nNRestarts=3\nMainPID=42\n`;

  test('tells what it says of itself, to people and to programs', async () => {
    writeFileSync(join(tools, 'systemctl show.says'), shown('active'));
    const { code, said } = await service('status');
    expect(code).toBe(0);
    expect(said).toContain('onvif-camera.service  active (running) since Mon 2026-11-30 05:22:16 UTC\n  Idle, nobody = watching\n');
    expect(JSON.parse((await service('status', { json: true }, 'garden')).said)).toMatchObject({
      ...{ unit: 'onvif-camera@garden.service', active: true, atBoot: true, restarts: 3, pid: 42, says: 'Idle, nobody = watching' },
      ...{ settings: '/etc/onvif-camera/garden.yaml', dataDir: '/var/lib/onvif-camera-garden' },
    });
  });

  test.each([
    ['failed', 'failed (failed)'],
    ['none', 'there is no service onvif-camera.service'],
  ])('of one that is %s ends with 1', async (state, words) => {
    writeFileSync(join(tools, 'systemctl show.says'), shown(state));
    const { code, said } = await service('status');
    expect(code).toBe(1);
    expect(said).toContain(words);
  });

  test('of a camera that is no service says how to make it one', async () => {
    writeFileSync(join(tools, 'systemctl show.says'), shown('none'));
    expect((await service('status', {}, 'garden')).said).toMatch(/: sudo .* service install --camera garden\n$/);
  });
});

test('logs are those of the unit', async () => {
  writeFileSync(join(tools, 'journalctl.says'), 'a line\n');
  expect(await service('logs', { lines: '7' }, 'garden')).toEqual({ code: 0, said: 'a line\n' });
  expect(calls()).toEqual(['journalctl --unit onvif-camera@garden.service --lines 7 --no-pager']);
  await expect(service('logs', { lines: 'many' })).rejects.toMatchObject({ code: 'USAGE' });
});
