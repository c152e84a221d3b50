import { describe, expect, test } from '@jest/globals';
import { levelOfName, withChangedUser, withoutUser, withUser } from '../../../src/auth/user-changes.ts';
import { ACCESS_LEVELS, MAX_USERS, type User } from '../../../src/auth/users.ts';
import { COMMANDS } from '../../../src/cli/commands/index.ts';
import { AppError } from '../../../src/core/errors.ts';

const ADMIN: User = { name: 'admin', password: 'long enough', level: 'Administrator' };
const MAX: User = { name: 'Zoë', password: 'long enough too', level: 'User' };
const LIST = [ADMIN, MAX];
const STRICT = { weak: false };

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'done';
}

describe('changes of the users', () => {
  test('are made on a copy', () => {
    expect(withUser(LIST, { ...MAX, name: 'eve' }, STRICT)).toEqual([ADMIN, MAX, { ...MAX, name: 'eve' }]);
    expect(withChangedUser(LIST, 'Zoë', { level: 'Operator' }, STRICT)).toEqual([ADMIN, { ...MAX, level: 'Operator' }]);
    expect(withChangedUser(LIST, 'admin', { password: 'another one' }, STRICT)).toEqual([{ ...ADMIN, password: 'another one' }, MAX]);
    expect(withoutUser(LIST, 'Zoë')).toEqual([ADMIN]);
    expect(LIST).toEqual([ADMIN, MAX]);
  });

  test('a name is the same however its accents are written', () => {
    expect(withoutUser(LIST, 'Zoe\u0308')).toEqual([ADMIN]);
    expect(codeOf(() => withUser(LIST, { ...MAX, name: 'Zoe\u0308' }, STRICT))).toBe('USER_EXISTS');
  });

  test.each<[string, () => unknown]>([
    ['USER_EXISTS', () => withUser(LIST, MAX, STRICT)],
    ['USER_UNKNOWN', () => withoutUser(LIST, 'zoë')],
    ['USER_UNKNOWN', () => withChangedUser(LIST, 'nobody', { level: 'User' }, STRICT)],
    ['LAST_ADMINISTRATOR', () => withoutUser(LIST, 'admin')],
    ['LAST_ADMINISTRATOR', () => withChangedUser(LIST, 'admin', { level: 'Operator' }, STRICT)],
    ['PASSWORD_WEAK', () => withUser(LIST, { ...MAX, name: 'eve', password: '1234567' }, STRICT)],
    ['PASSWORD_WEAK', () => withChangedUser(LIST, 'Zoë', { password: '😀😀😀😀😀😀😀' }, STRICT)],
    ['done', () => withChangedUser(LIST, 'Zoë', { password: '12345678' }, STRICT)],
    ['done', () => withChangedUser(LIST, 'Zoë', { password: '1' }, { weak: true })],
    ['done', () => withChangedUser([{ ...ADMIN, password: 'old' }, MAX], 'admin', { level: 'Administrator' }, STRICT)],
    [
      'TOO_MANY_USERS',
      () =>
        withUser(
          Array.from({ length: MAX_USERS }, (_, k) => ({ ...ADMIN, name: `u${k}` })),
          MAX,
          STRICT,
        ),
    ],
  ])('%s', (code, act) => {
    expect(codeOf(act)).toBe(code);
  });

  test('levels are known whatever the case, and those of the command line are all of them', () => {
    expect(['administrator', 'OPERATOR', 'User', 'Anonymous', ''].map(levelOfName)).toEqual([...ACCESS_LEVELS, undefined, undefined]);
    const user = COMMANDS.find(({ name }) => name === 'user');
    const add = user && 'commands' in user ? user.commands.find(({ name }) => name === 'add') : undefined;
    expect(add?.flags.find(({ name }) => name === 'level')?.kind).toEqual(ACCESS_LEVELS);
  });
});
