import { describe, expect, jest, test } from '@jest/globals';
import { generatePassword, type User, UserStore } from '../../../src/auth/users.ts';
import { AppError } from '../../../src/core/errors.ts';

const ADMIN: User = { name: 'admin', password: 'secret', level: 'Administrator' };
const GUEST: User = { name: 'guest', password: 'pass:wörd', level: 'User' };

describe('UserStore', () => {
  test('finds and lists', () => {
    const users = new UserStore([ADMIN, GUEST]);
    expect(users.find('guest')).toEqual(GUEST);
    expect(users.find('Guest')).toBeUndefined();
    expect(users.find('__proto__')).toBeUndefined();
    expect(users.list()).toEqual([ADMIN, GUEST]);
  });

  test('verifies passwords', () => {
    const users = new UserStore([ADMIN, GUEST]);
    expect(users.verifyPassword('admin', 'secret')).toEqual(ADMIN);
    expect(users.verifyPassword('guest', 'pass:wörd')).toEqual(GUEST);
    for (const password of ['', 'Secret', 'secret ', 'secre', 'pass:wörd']) expect(users.verifyPassword('admin', password)).toBeUndefined();
    expect(users.verifyPassword('nobody', 'secret')).toBeUndefined();
    expect(users.verifyPassword('nobody', '')).toBeUndefined();
    expect(users.verifyPassword('admin', '\ud800')).toBeUndefined();
  });

  test('it does not matter whether accents are part of their letters', () => {
    const zoe: User = { name: 'Zoë', password: 'pässwörd', level: 'User' };
    for (const kept of ['NFC', 'NFD'] as const) {
      const user = { ...zoe, name: zoe.name.normalize(kept), password: zoe.password.normalize(kept) };
      const users = new UserStore([ADMIN, user]);
      for (const typed of ['NFC', 'NFD'] as const) {
        expect(users.find(zoe.name.normalize(typed))).toEqual(user);
        expect(users.verifyPassword(zoe.name.normalize(typed), zoe.password.normalize(typed))).toEqual(user);
      }
      expect(users.verifyPassword(zoe.name, 'password')).toBeUndefined();
      expect(users.list()[1]).toEqual(user);
    }
    expect(() => new UserStore([ADMIN, zoe, { ...zoe, name: zoe.name.normalize('NFD') }])).toThrow(/two users/);
  });

  test('keeps its own copy', () => {
    const mine = { ...ADMIN };
    const users = new UserStore([mine]);
    mine.password = 'other';
    expect(users.verifyPassword('admin', 'secret')).toBeDefined();
    expect(() => Object.assign(users.find('admin')!, { level: 'User' })).toThrow(TypeError);
  });

  test('replaces everything and tells the listeners, until they go', () => {
    const users = new UserStore([ADMIN]);
    const listener = jest.fn();
    const stop = users.onChange(listener);
    const changed = { ...ADMIN, password: 'new' };
    users.replace([changed, GUEST]);
    expect(users.verifyPassword('admin', 'secret')).toBeUndefined();
    expect(users.verifyPassword('admin', 'new')).toEqual(changed);
    expect(users.verifyPassword('guest', 'pass:wörd')).toEqual(GUEST);
    expect(listener.mock.calls).toEqual([[[changed, GUEST]]]);
    stop();
    users.replace([ADMIN]);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test.each<[string, User[], RegExp]>([
    ['nobody', [], /Administrator/],
    ['no Administrator', [GUEST, { ...GUEST, name: 'op', level: 'Operator' }], /Administrator/],
    ['a name twice', [ADMIN, { ...GUEST, name: 'admin' }], /two users named "admin"/],
    ['an empty name', [ADMIN, { ...GUEST, name: '' }], /name/],
    ['a name of 65 characters', [ADMIN, { ...GUEST, name: 'x'.repeat(65) }], /name/],
    ['a colon', [ADMIN, { ...GUEST, name: 'a:b' }], /colon/],
    ['a line feed', [ADMIN, { ...GUEST, name: 'a\nb' }], /printable/],
    ['an invisible character', [ADMIN, { ...GUEST, name: 'admin\u200b' }], /printable/],
    ['half a surrogate pair', [ADMIN, { ...GUEST, name: 'a\ud83d' }], /printable/],
    ['an empty password', [ADMIN, { ...GUEST, password: '' }], /password of "guest"/],
    ['a password of 129 characters', [ADMIN, { ...GUEST, password: 'x'.repeat(129) }], /password of "guest"/],
    ['a control character in a password', [ADMIN, { ...GUEST, password: 'a\u0000b' }], /password of "guest"/],
    ['an unknown level', [ADMIN, JSON.parse('{"name":"x","password":"y","level":"Anonymous"}') as User], /level of "x"/],
  ])('refuses %s and keeps the old list', (_, list, message) => {
    const users = new UserStore([ADMIN]);
    const listener = jest.fn();
    users.onChange(listener);
    expect(() => users.replace(list)).toThrow(AppError);
    expect(() => users.replace(list)).toThrow(message);
    expect(() => new UserStore(list)).toThrow(message);
    expect(users.list()).toEqual([ADMIN]);
    expect(listener).not.toHaveBeenCalled();
  });

  test('a refusal does not tell the password', () => {
    const secret = 'x'.repeat(129);
    expect(() => new UserStore([{ ...ADMIN, password: secret }])).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining(secret) }),
    );
  });

  test('takes the longest name and password, in any script', () => {
    const list: User[] = [
      { name: '\u{1f3a5}'.repeat(64), password: 'ü'.repeat(128), level: 'Administrator' },
      { ...GUEST, name: 'Zoë Müller-李' },
    ];
    const users = new UserStore(list);
    expect(users.list()).toEqual(list);
  });
});

describe('generatePassword', () => {
  test('has three groups of four characters that nobody mixes up', () => {
    const passwords = Array.from({ length: 500 }, generatePassword);
    for (const password of passwords) expect(password).toMatch(/^[a-km-np-z2-9]{4}(-[a-km-np-z2-9]{4}){2}$/);
    expect(new Set(passwords).size).toBe(500);
  });

  test('uses all of its 32 characters: 60 bits', () => {
    const seen = new Set(Array.from({ length: 500 }, generatePassword).join('').replaceAll('-', ''));
    expect(seen.size).toBe(32);
  });
});
