import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { findFirstPassword, writeFirstPassword } from '../../../src/config/first-password.ts';
import { defaultDataDir, readState, type State, StateStore } from '../../../src/config/state.ts';
import { AppError } from '../../../src/core/errors.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const ADMIN = { name: 'admin', password: 'pass wörd "\n', level: 'Administrator' } as const;
const GUEST = { name: 'guest', password: 'x', level: 'User' } as const;

let dir: string;
const file = () => join(dir, 'state.json');
const mode = (path: string) => statSync(path).mode & 0o777;

beforeEach(() => {
  dir = join(makeTempDir(), 'new', 'data');
});

describe('StateStore', () => {
  test('makes the directory for this user alone and begins with an identity', () => {
    const { state, putAside } = new StateStore(dir);
    expect(state).toMatchObject({ version: 1, uuid: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/), users: [] });
    expect(putAside).toBeUndefined();
    expect(mode(dir)).toBe(0o700);
    expect(mode(file())).toBe(0o600);
  });

  test('the identity stays, even if nothing is ever changed', () => {
    const { uuid } = new StateStore(dir).state;
    expect(new StateStore(dir).state.uuid).toBe(uuid);
    expect(new StateStore(join(dir, 'another')).state.uuid).not.toBe(uuid);
  });

  test.each([false, true])('the MAC address stays, too, after a reset (hard: %s); one that is none is forgotten', (hard) => {
    const store = new StateStore(dir);
    expect(store.state.mac).toBeUndefined();
    store.update({ mac: '00:11:22:33:44:55' });
    store.reset(hard);
    expect(new StateStore(dir).state).toMatchObject({ uuid: store.state.uuid, mac: '00:11:22:33:44:55' });
    writeFileSync(file(), readFileSync(file(), 'utf8').replace('00:11:22:33:44:55', 'my own'));
    expect(new StateStore(dir).state).toMatchObject({ uuid: store.state.uuid, mac: undefined });
  });

  test('keeps what is changed, and leaves nothing else behind', () => {
    const store = new StateStore(dir);
    const { uuid } = store.state;
    store.update({ users: [ADMIN] });
    expect(store.state).toMatchObject({ version: 1, uuid, users: [ADMIN] });
    expect(new StateStore(dir).state).toEqual(store.state);
    expect(readdirSync(dir)).toEqual(['state.json']);
    expect(mode(file())).toBe(0o600);
  });

  test('takes away what others may do with the file', () => {
    new StateStore(dir);
    chmodSync(file(), 0o644);
    new StateStore(dir);
    expect(mode(file())).toBe(0o600);
  });

  test.each([
    ['nothing', ''],
    ['half of it', '{"version": 1, "uuid": "0b8f'],
    ['no object', 'null'],
    ['a version that never was', JSON.stringify({ version: 0, uuid: '7b0f1f8c-9f0a-4d0e-8d5c-0a1b2c3d4e5f', users: [] })],
    ['more than a megabyte', JSON.stringify({ version: 2, padding: 'x'.repeat(1024 * 1024) })],
    ['no identity', JSON.stringify({ version: 1, uuid: '', users: [] })],
    ['a user without a password', JSON.stringify({ version: 1, uuid: '7b0f1f8c-9f0a-4d0e-8d5c-0a1b2c3d4e5f', users: [{ name: 'x' }] })],
  ])('a file with %s is put aside, kept and reported', (_, damaged) => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(file(), damaged, { mode: 0o644 });
    const store = new StateStore(dir);
    const { putAside } = store;
    expect(putAside).toMatch(/state\.json\.damaged-[-0-9TZ]+$/);
    expect(readFileSync(putAside!, 'utf8')).toBe(damaged);
    expect(mode(putAside!)).toBe(0o600);
    const again = new StateStore(dir);
    expect(again.putAside).toBeUndefined();
    expect(again.state).toEqual(store.state);
    expect(readdirSync(dir)).toHaveLength(2);
  });

  test.each([
    ['is a file', () => dir],
    ['is under a file', () => join(dir, 'data')],
  ])('a directory that %s is a DATA_DIR error', (_, place) => {
    mkdirSync(join(dir, '..'), { recursive: true });
    writeFileSync(dir, 'a file');
    const open = () => new StateStore(place());
    expect(open).toThrow(AppError);
    expect(open).toThrow(expect.objectContaining({ code: 'DATA_DIR', exitCode: 1, message: expect.stringContaining(place()) }));
    expect(readFileSync(dir, 'utf8')).toBe('a file');
  });

  test('a state that cannot be read is an error too, and stays where it is', () => {
    mkdirSync(file(), { recursive: true });
    expect(() => new StateStore(dir)).toThrow(expect.objectContaining({ code: 'DATA_DIR' }));
    expect(readdirSync(dir)).toEqual(['state.json']);
  });

  test('a change that cannot be written changes nothing, and says so', () => {
    const store = new StateStore(dir);
    const before = store.state;
    rmSync(dir, { recursive: true });
    expect(() => store.update({ users: [ADMIN] })).toThrow(expect.objectContaining({ code: 'DATA_DIR' }));
    expect(() => store.reset(true)).toThrow(expect.objectContaining({ code: 'DATA_DIR' }));
    expect(store.state).toBe(before);
    mkdirSync(dir);
    store.update({ profiles: [{ token: 'rec', name: 'Recorder' }] });
    expect(new StateStore(dir).state.users).toEqual([]);
  });

  test('what a newer version wrote is refused and stays as it is', () => {
    const newer = JSON.stringify({ version: 2, uuid: '7b0f1f8c-9f0a-4d0e-8d5c-0a1b2c3d4e5f', people: [] });
    mkdirSync(dir, { recursive: true });
    writeFileSync(file(), newer);
    expect(() => new StateStore(dir)).toThrow(
      expect.objectContaining({ code: 'STATE_TOO_NEW', exitCode: 1, hint: expect.stringContaining('Update onvif-camera') }),
    );
    expect(readFileSync(file(), 'utf8')).toBe(newer);
    expect(readdirSync(dir)).toEqual(['state.json']);
    expect(readState(dir)).toBeUndefined();
  });
});

describe('versions of the state', () => {
  /** What version 0.1.0 of the program wrote: made by hand with it, with two users, a profile, a name and other ports. */
  const REAL = readFileSync(join(import.meta.dirname, '../../fixtures/state/0.1.0.json'), 'utf8');
  /** A format two versions ahead, in which users have got a role, and the camera's name has moved. */
  const AHEAD = {
    version: 3,
    migrations: {
      1: ({ device, ...rest }: Record<string, unknown>) => ({ ...rest, device: { ...(device as object), location: 'moved' } }),
      2: ({ profiles, ...rest }: Record<string, unknown>) => ({
        ...rest,
        profiles: [...(profiles as object[]), { token: 'new', name: 'N' }],
      }),
    },
  };
  const put = (text: string) => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(file(), text, { mode: 0o600 });
  };
  const onDisk = () => JSON.parse(readFileSync(file(), 'utf8'));

  test('one of 0.1.0 is used as it is: identity, users, profiles, ports', () => {
    put(REAL);
    const { state, warnings } = new StateStore(dir);
    expect(state).toMatchObject(JSON.parse(REAL));
    expect(warnings).toEqual([]);
    expect(readdirSync(dir)).toEqual(['state.json']);
    expect(readFileSync(file(), 'utf8')).toBe(REAL);
  });

  test('an older one is brought to the present version step by step, and stays beside it', () => {
    put(REAL);
    const before = JSON.parse(REAL);
    const { state, warnings } = new StateStore(dir, AHEAD);
    expect(warnings).toEqual([]);
    expect(state).toMatchObject({ version: 3, uuid: before.uuid, users: before.users });
    expect(state.device).toMatchObject({ name: 'Garage', location: 'moved', httpPort: 18180, rtspPort: 18554 });
    expect(state.profiles.map(({ token }) => token)).toEqual(['rec', 'new']);
    expect(readFileSync(`${file()}.v1`, 'utf8')).toBe(REAL);
    expect(mode(`${file()}.v1`)).toBe(0o600);
    expect(onDisk()).toMatchObject({ version: 3, device: { location: 'moved' } });
    // The next start has nothing to do.
    rmSync(`${file()}.v1`);
    expect(new StateStore(dir, AHEAD).state).toEqual(state);
    expect(readdirSync(dir)).toEqual(['state.json']);
  });

  test('a step that meets something else than it knows finds the file damaged: kept, and reported', () => {
    put('{"version": 1, "uuid": "75c2c7c0-5838-4d9b-b0ec-f0928c95dc63", "users": []}');
    const { putAside, state } = new StateStore(dir, AHEAD);
    expect(putAside).toMatch(/damaged/);
    expect(state.uuid).not.toBe('75c2c7c0-5838-4d9b-b0ec-f0928c95dc63');
  });

  test('going back: what a newer version wrote is used as far as it is known, and the rest stays', () => {
    const newer = {
      ...JSON.parse(REAL),
      version: 2,
      streams: { sub: { width: 640 } },
      users: [
        { name: 'admin', password: 'a-b-c', level: 'Administrator', note: 'keep me' },
        { name: 'nvr', password: 'recorder-1', level: 'Operator', note: 'goes with the user' },
      ],
    };
    newer.device.contact = 'somebody';
    put(JSON.stringify(newer));
    const store = new StateStore(dir);
    expect(store.warnings).toEqual([expect.stringContaining('newer onvif-camera')]);
    expect(store.state.users.map(({ name, password }) => [name, password])).toEqual([
      ['admin', 'a-b-c'],
      ['nvr', 'recorder-1'],
    ]);
    store.update({
      users: [{ name: 'admin', password: 'new', level: 'Administrator' }, GUEST],
      device: { ...store.state.device, name: 'Door' },
    });
    expect(onDisk()).toMatchObject({
      version: 2,
      streams: { sub: { width: 640 } },
      device: { name: 'Door', contact: 'somebody', httpPort: 18180 },
    });
    expect(onDisk().users).toEqual([{ name: 'admin', password: 'new', level: 'Administrator', note: 'keep me' }, GUEST]);
    // And forward again, and back once more.
    expect(new StateStore(dir, { version: 2, migrations: {} }).warnings).toEqual([]);
    expect(new StateStore(dir).state.users).toHaveLength(2);
    expect(readdirSync(dir)).toEqual(['state.json']);
  });

  test('a setting that was taken back does not come back from the file', () => {
    put(REAL);
    const store = new StateStore(dir);
    const { httpPort: _, ...device } = store.state.device;
    store.update({ device, profiles: [] });
    expect(onDisk()).not.toHaveProperty('device.httpPort');
    expect(onDisk().profiles).toEqual([]);
  });

  test('a reset forgets what is not known as well', () => {
    put(JSON.stringify({ ...JSON.parse(REAL), streams: {} }));
    const store = new StateStore(dir);
    store.reset(true);
    expect(onDisk()).not.toHaveProperty('streams');
    expect(onDisk()).toMatchObject({ uuid: store.state.uuid, users: [] });
  });

  test('a newer one of which nothing can be made says how to go back to the one of before', () => {
    put(JSON.stringify({ version: 2, people: [] }));
    writeFileSync(`${file()}.v1`, REAL);
    expect(() => new StateStore(dir)).toThrow(
      expect.objectContaining({ code: 'STATE_TOO_NEW', hint: expect.stringContaining(`mv ${file()}.v1`) }),
    );
  });
});

describe('the first password', () => {
  const path = () => join(dir, 'first-password.txt');

  test('is in a file of its own for the owner alone, until it is changed', () => {
    const store = new StateStore(dir);
    store.update({ users: [ADMIN] });
    expect(writeFirstPassword(dir, 'admin', 'abcd-efgh-ijkl')).toBe(path());
    expect(mode(path())).toBe(0o600);
    expect(readFileSync(path(), 'utf8')).toContain('abcd-efgh-ijkl');
    store.update({ users: [{ ...ADMIN, password: 'abcd-efgh-ijkl' }, GUEST] });
    expect(findFirstPassword(dir)).toBe(path());
    store.update({ camera: { width: 640 } });
    expect(new StateStore(dir).state.users).toHaveLength(2);
    expect(findFirstPassword(dir)).toBe(path());
    store.update({ users: [{ ...ADMIN, password: 'another one' }] });
    expect(findFirstPassword(dir)).toBeUndefined();
    expect(readdirSync(dir)).toEqual(['state.json']);
  });

  test('goes with the user, also where another program deleted him', () => {
    const store = new StateStore(dir);
    store.update({ users: [{ ...ADMIN, password: 'abcd-efgh-ijkl' }, GUEST] });
    writeFirstPassword(dir, 'admin', 'abcd-efgh-ijkl');
    const kept = JSON.parse(readFileSync(file(), 'utf8'));
    writeFileSync(file(), JSON.stringify({ ...kept, users: [GUEST] }));
    expect(new StateStore(dir).state.users).toEqual([GUEST]);
    expect(findFirstPassword(dir)).toBeUndefined();
  });

  test('a file of the same name that is none of ours is left alone', () => {
    new StateStore(dir);
    writeFileSync(path(), 'my notes\n');
    new StateStore(dir).update({ users: [GUEST] });
    expect(readFileSync(path(), 'utf8')).toBe('my notes\n');
    expect(findFirstPassword(dir)).toBeUndefined();
  });
});

describe('a data directory that others can get at', () => {
  test.each([
    ['a link to a file of somebody', () => symlinkSync('/etc/passwd', file())],
    ['a named pipe', () => execFileSync('mkfifo', [file()])],
    ['a directory', () => mkdirSync(file())],
  ])('with %s in place of the state is refused, and nothing there is changed', (_, put) => {
    mkdirSync(dir, { recursive: true });
    put();
    const before = lstatSync(file());
    const target = statSync('/etc/passwd').mode;
    expect(() => new StateStore(dir)).toThrow(expect.objectContaining({ code: 'DATA_DIR', hint: expect.stringContaining('ls -la') }));
    expect(readState(dir)).toBeUndefined();
    expect([lstatSync(file()).ino, lstatSync(file()).mode, statSync('/etc/passwd').mode]).toEqual([before.ino, before.mode, target]);
    expect(readdirSync(dir)).toEqual(['state.json']);
  });

  test('that everybody can write is refused', () => {
    new StateStore(dir);
    chmodSync(dir, 0o777);
    expect(() => new StateStore(dir)).toThrow(/everybody on this machine can write it/);
  });

  test('that its group can write is warned of', () => {
    expect(new StateStore(dir).warnings).toEqual([]);
    chmodSync(dir, 0o770);
    expect(new StateStore(dir).warnings).toEqual([expect.stringMatching(/chmod g-w/)]);
  });

  test('may be a link itself', () => {
    new StateStore(dir);
    const link = join(makeTempDir(), 'link');
    symlinkSync(dir, link);
    expect(new StateStore(link).state.uuid).toBe(new StateStore(dir).state.uuid);
  });
});

test('a file from before there was RTSP and H.264 is read as it is', () => {
  const old = {
    version: 1,
    uuid: '7b0f1f8c-9f0a-4d0e-8d5c-0a1b2c3d4e5f',
    users: [ADMIN],
    camera: { fps: 5 },
    device: { name: 'Door', location: '', discoverable: true, scopes: [], httpPort: 81 },
    profiles: [{ token: 'rec', name: 'Recorder' }],
  };
  mkdirSync(dir, { recursive: true });
  writeFileSync(file(), JSON.stringify(old));
  const { state, putAside } = new StateStore(dir);
  expect(putAside).toBeUndefined();
  expect(state).toEqual({ ...old, h264: {}, sub: {}, multicast: {} });
});

describe('the factory default', () => {
  const changed = () => {
    const store = new StateStore(dir);
    store.update({
      users: [ADMIN],
      h264: { bitrate: 500 },
      sub: { bitrate: 200 },
      multicast: { mjpeg_encoder: { port: 6000, autoStart: true } },
      device: { ...store.state.device, name: 'Door', httpPort: 81, rtspPort: 554 },
    });
    return store;
  };

  test('soft: forgets all but who may come in, by which ports', () => {
    const store = changed();
    store.reset(false);
    expect(new StateStore(dir).state).toMatchObject({
      users: [ADMIN],
      h264: {},
      sub: {},
      multicast: {},
      device: { httpPort: 81, rtspPort: 554 },
    });
    expect(store.state.device.name).toBeUndefined();
  });

  test('hard: forgets these too', () => {
    const store = changed();
    const { uuid } = store.state;
    store.reset(true);
    const { users, device, multicast, uuid: after } = new StateStore(dir).state;
    expect([users, multicast, after]).toEqual([[], {}, uuid]);
    expect(device).toEqual({ location: '', discoverable: true, scopes: [] });
  });
});

test('the file is as the contract says', () => {
  const store = new StateStore(dir);
  store.update({ users: [ADMIN] });
  const content = JSON.parse(readFileSync(file(), 'utf8')) as State;
  expect(Object.keys(content).slice(0, 3)).toEqual(['version', 'uuid', 'users']);
  expect(content.users).toEqual([ADMIN]);
});

test.each([
  [{ STATE_DIRECTORY: '/var/lib/onvif-camera', XDG_STATE_HOME: '/x' }, '/var/lib/onvif-camera'],
  [{ STATE_DIRECTORY: '/var/lib/a:/var/lib/b' }, '/var/lib/a'],
  [{ STATE_DIRECTORY: '', XDG_STATE_HOME: '/x/state' }, '/x/state/onvif-camera'],
  [{ XDG_STATE_HOME: '' }, '/home/pi/.local/state/onvif-camera'],
  [{}, '/home/pi/.local/state/onvif-camera'],
])('the data directory of %j is %s', (env, expected) => {
  expect(defaultDataDir(env, '/home/pi')).toBe(expected);
});
