import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../../src/core/errors.ts';
import type { SoapObject } from '../../../../src/onvif/service.ts';
import { makeDevice } from '../../../support/onvif-device.ts';

const user = (change: SoapObject = {}): SoapObject => ({ Username: 'eva', Password: 'a secret', UserLevel: 'Operator', ...change });

const ADMIN = { name: 'admin', password: 'admin-secret', level: 'Administrator' };
const GUEST = { name: 'guest', password: 'guest-secret', level: 'User' };

test('GetUsers gives names and levels, and no password', async () => {
  expect(await makeDevice().call('GetUsers')).toEqual({
    User: [
      { Username: 'admin', UserLevel: 'Administrator' },
      { Username: 'guest', UserLevel: 'User' },
    ],
  });
});

describe('CreateUsers', () => {
  test('adds one or several', async () => {
    const { call, users } = makeDevice();
    expect(await call('CreateUsers', { User: [user(), user({ Username: 'Zoë', UserLevel: 'Administrator' })] })).toEqual({});
    expect(users.list()).toEqual([
      ADMIN,
      GUEST,
      { name: 'eva', password: 'a secret', level: 'Operator' },
      { name: 'Zoë', password: 'a secret', level: 'Administrator' },
    ]);
  });

  test.each<[string, SoapObject, string]>([
    ['a name that is taken', user({ Username: 'guest' }), 'Sender/OperationProhibited/UsernameClash'],
    ['an empty name', user({ Username: '' }), 'Sender/OperationProhibited/UsernameTooShort'],
    ['a long name', user({ Username: 'x'.repeat(65) }), 'Sender/OperationProhibited/UsernameTooLong'],
    ['a name with a colon', user({ Username: 'a:b' }), 'Sender/InvalidArgVal'],
    ['a long password', user({ Password: 'x'.repeat(129) }), 'Sender/OperationProhibited/PasswordTooLong'],
    ['an empty password', user({ Password: '' }), 'Sender/OperationProhibited/Password'],
    ['no password', { Username: 'eva', UserLevel: 'User' }, 'Sender/OperationProhibited/Password'],
    ['a password with a line break', user({ Password: 'a\nb' }), 'Sender/InvalidArgVal'],
    ['an anonymous user', user({ UserLevel: 'Anonymous' }), 'Sender/OperationProhibited/AnonymousNotAllowed'],
    ['an extended level', user({ UserLevel: 'Extended' }), 'Sender/InvalidArgVal'],
    ['an unknown level', user({ UserLevel: 'administrator' }), 'Sender/InvalidArgVal'],
    ['no level', { Username: 'eva', Password: 'x' }, 'Sender/InvalidArgs'],
    ['no name', { Password: 'x', UserLevel: 'User' }, 'Sender/InvalidArgs'],
    ['a user without content', {}, 'Sender/InvalidArgs'],
  ])('refuses %s, and the good ones beside it', async (_, bad, expected) => {
    const { fault, users } = makeDevice();
    expect(await fault('CreateUsers', { User: [user({ Username: 'good' }), bad] })).toBe(expected);
    expect(users.list()).toEqual([ADMIN, GUEST]);
  });

  test('refuses the same name twice, and nobody at all', async () => {
    const { fault, users } = makeDevice();
    expect(await fault('CreateUsers', { User: [user(), user()] })).toBe('Sender/OperationProhibited/UsernameClash');
    expect(await fault('CreateUsers')).toBe('Sender/InvalidArgs');
    expect(users.list()).toHaveLength(2);
  });

  test('counts characters, as the limits do', async () => {
    const { call, users } = makeDevice();
    await call('CreateUsers', { User: user({ Username: '😀'.repeat(64), Password: '😀'.repeat(128) }) });
    expect(users.list()).toHaveLength(3);
  });

  test('ends at the limit', async () => {
    const { call, fault, users } = makeDevice();
    const User = ['a', 'b', 'c'].map((Username) => user({ Username }));
    expect(await fault('CreateUsers', { User })).toBe('Receiver/Action/TooManyUsers');
    await call('CreateUsers', { User: User.slice(1) });
    expect(users.list()).toHaveLength(4);
  });

  test('says when it cannot be kept', async () => {
    const { fault, users } = makeDevice();
    users.onChange(() => {
      throw new AppError('DATA_DIR', 'The disk is full.');
    });
    expect(await fault('CreateUsers', { User: user() })).toBe('Receiver/Action');
  });
});

describe('DeleteUsers', () => {
  test('removes one or several', async () => {
    const { call, users } = makeDevice();
    await call('CreateUsers', { User: user() });
    expect(await call('DeleteUsers', { Username: ['eva', 'guest'] })).toEqual({});
    expect(users.list()).toEqual([ADMIN]);
  });

  test.each<[string, unknown, string]>([
    ['an unknown user', ['guest', 'nobody'], 'Sender/InvalidArgVal/UsernameMissing'],
    ['the last administrator', ['guest', 'admin'], 'Sender/InvalidArgVal/FixedUser'],
    ['nobody', [], 'Sender/InvalidArgs'],
    ['an object of the language', ['__proto__'], 'Sender/InvalidArgVal/UsernameMissing'],
  ])('refuses %s, and removes nobody', async (_, Username, expected) => {
    const { fault, users } = makeDevice();
    expect(await fault('DeleteUsers', { Username })).toBe(expected);
    expect(users.list()).toEqual([ADMIN, GUEST]);
  });

  test('lets an administrator go while another one stays', async () => {
    const { call, users } = makeDevice();
    await call('CreateUsers', { User: user({ UserLevel: 'Administrator' }) });
    await call('DeleteUsers', { Username: 'admin' });
    expect(users.list().map((each) => each.name)).toEqual(['guest', 'eva']);
  });
});

describe('SetUser', () => {
  test('changes password and level; a password that is not given stays', async () => {
    const { call, users } = makeDevice();
    await call('SetUser', {
      User: [
        { Username: 'guest', UserLevel: 'Operator' },
        { Username: 'admin', Password: 'new', UserLevel: 'Administrator' },
      ],
    });
    expect(users.list()).toEqual([
      { ...ADMIN, password: 'new' },
      { ...GUEST, level: 'Operator' },
    ]);
  });

  test('and DeleteUsers know a name however its accents are written; CreateUsers, that it is taken', async () => {
    const { call, fault, users } = makeDevice();
    await call('CreateUsers', { User: user({ Username: 'Zo\u00eb' }) });
    const decomposed = 'Zoe\u0308';
    expect(await fault('CreateUsers', { User: user({ Username: decomposed }) })).toBe('Sender/OperationProhibited/UsernameClash');
    await call('SetUser', { User: { Username: decomposed, UserLevel: 'User' } });
    expect(users.list().at(-1)).toEqual({ name: 'Zo\u00eb', password: 'a secret', level: 'User' });
    await call('DeleteUsers', { Username: decomposed });
    expect(users.list()).toEqual([ADMIN, GUEST]);
  });

  test('can hand the administration over in one go', async () => {
    const { call, users } = makeDevice();
    await call('SetUser', {
      User: [
        { Username: 'admin', UserLevel: 'User' },
        { Username: 'guest', UserLevel: 'Administrator' },
      ],
    });
    expect(users.list().map((each) => each.level)).toEqual(['User', 'Administrator']);
  });

  test.each<[string, SoapObject, string]>([
    ['an unknown user', user(), 'Sender/InvalidArgVal/UsernameMissing'],
    ['the last administrator as less', user({ Username: 'admin' }), 'Sender/InvalidArgVal/FixedUser'],
    ['a long password', user({ Username: 'admin', Password: 'x'.repeat(129) }), 'Sender/OperationProhibited/PasswordTooLong'],
    ['an empty password', user({ Username: 'admin', Password: '' }), 'Sender/OperationProhibited/PasswordTooWeak'],
    ['an anonymous user', user({ Username: 'admin', UserLevel: 'Anonymous' }), 'Sender/OperationProhibited/AnonymousNotAllowed'],
    ['no level', { Username: 'admin', Password: 'x' }, 'Sender/InvalidArgs'],
  ])('refuses %s, and changes nobody', async (_, bad, expected) => {
    const { fault, users } = makeDevice();
    expect(await fault('SetUser', { User: [{ Username: 'guest', Password: 'new', UserLevel: 'User' }, bad] })).toBe(expected);
    expect(users.list()).toEqual([ADMIN, GUEST]);
  });
});
