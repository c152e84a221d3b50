import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { User } from '../../../src/auth/users.ts';
import { StateStore } from '../../../src/config/state.ts';
import { loadUsers } from '../../../src/device/users.ts';
import { makeDevice } from '../../support/onvif-device.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const FROM_ENVIRONMENT = 'from the environment';
const GUEST: User = { name: 'guest', password: 'open sesame', level: 'User' };
const BOSS: User = { name: 'boss', password: 'of all', level: 'Administrator' };
const STORED: User = { name: 'admin', password: 'stored', level: 'Administrator' };

let dir: string;
/** As a start with this password in the environment finds it. */
const start = (password?: string) => loadUsers(new StateStore(dir), password);
const file = () => readFileSync(join(dir, 'state.json'), 'utf8');
const stored = () => new StateStore(dir).state.users;

beforeEach(() => {
  dir = makeTempDir();
});

describe('without a password in the environment', () => {
  test('the first start makes one for admin, and no other does', () => {
    const { users, newPassword } = start();
    expect(users.list()).toEqual([{ ...STORED, password: newPassword }]);
    expect(start()).toMatchObject({ newPassword: undefined });
    expect(start().users.list()).toEqual(users.list());
  });

  test('changes are kept', () => {
    start().users.replace([STORED, GUEST]);
    expect(start().users.list()).toEqual([STORED, GUEST]);
  });

  test('where the only administrator was that of the environment, admin gets a new password', () => {
    start(FROM_ENVIRONMENT).users.replace([{ ...STORED, password: FROM_ENVIRONMENT }, GUEST]);
    const { users, newPassword } = start();
    expect(newPassword).toMatch(/^\w{4}-\w{4}-\w{4}$/);
    expect(users.list()).toEqual([{ ...STORED, password: newPassword }, GUEST]);
  });
});

describe('with a password in the environment', () => {
  test('it counts and is not stored, whatever clients change', async () => {
    const { users } = start(FROM_ENVIRONMENT);
    expect(users.verifyPassword('admin', FROM_ENVIRONMENT)).toBeDefined();
    const { call } = makeDevice({ users });
    await call('CreateUsers', {
      User: [GUEST, BOSS].map(({ name, password, level }) => ({ Username: name, Password: password, UserLevel: level })),
    });
    expect(stored()).toEqual([GUEST, BOSS]);
    await call('SetUser', { User: { Username: 'guest', UserLevel: 'Operator' } });
    await call('SetUser', { User: { Username: 'admin', Password: FROM_ENVIRONMENT, UserLevel: 'Administrator' } });
    await call('DeleteUsers', { Username: 'boss' });
    expect(stored()).toEqual([{ ...GUEST, level: 'Operator' }]);
    expect(file()).not.toContain(FROM_ENVIRONMENT);
  });

  test('what is stored of admin stays as it was, and counts again without it', async () => {
    start().users.replace([STORED]);
    const { users } = start(FROM_ENVIRONMENT);
    users.replace([...users.list(), GUEST]);
    expect(stored()).toEqual([STORED, GUEST]);
    expect(start().users.list()).toEqual([STORED, GUEST]);
  });

  test.each([
    ['another password', 'SetUser', { User: { Username: 'admin', Password: 'mine now', UserLevel: 'Administrator' } }],
    ['another level', 'SetUser', { User: { Username: 'admin', UserLevel: 'User' } }],
    ['an end', 'DeleteUsers', { Username: 'admin' }],
  ])('a client cannot give admin %s, and is told where it is set', async (_, operation, request) => {
    start().users.replace([STORED, BOSS]);
    const { users } = start(FROM_ENVIRONMENT);
    const before = [users.list(), file()];
    const { fault, call } = makeDevice({ users });
    expect(await fault(operation, request)).toBe('Sender/InvalidArgVal/FixedUser');
    await expect(call(operation, request)).rejects.toThrow(/ONVIF_CAMERA_PASSWORD.*Change it there/);
    expect([users.list(), file()]).toEqual(before);
  });
});
