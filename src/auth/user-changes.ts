import { AppError } from '../core/errors.ts';
import { ACCESS_LEVELS, type AccessLevel, composed, MAX_USERS, MIN_PASSWORD_LENGTH, type User } from './users.ts';

type Named = Pick<User, 'name'>;

/** How strict a password is judged. `weak`: whether one of fewer than {@link MIN_PASSWORD_LENGTH} characters is taken. */
export interface Strictness {
  readonly weak: boolean;
}

/**
 * Returns the list with another user.
 * @throws AppError USER_EXISTS, TOO_MANY_USERS, PASSWORD_WEAK
 */
export function withUser(list: readonly User[], user: User, strictness: Strictness): User[] {
  checkNew(list, user.name);
  checkStrength(user.password, strictness);
  return [...list, user];
}

/** Checks that there can be a further user of this name. @throws AppError USER_EXISTS, TOO_MANY_USERS */
export function checkNew(list: readonly Named[], name: string): void {
  if (find(list, name)) throw new AppError('USER_EXISTS', `There is a user "${name}" already.`);
  if (list.length >= MAX_USERS) throw new AppError('TOO_MANY_USERS', `There are ${MAX_USERS} users, which is as many as there may be.`);
}

/**
 * Returns the list in which a user has another password or another level; what is left out stays.
 * @throws AppError USER_UNKNOWN, PASSWORD_WEAK, LAST_ADMINISTRATOR
 */
export function withChangedUser(
  list: readonly User[],
  name: string,
  { password, level }: { readonly password?: string | undefined; readonly level?: AccessLevel | undefined },
  strictness: Strictness,
): User[] {
  const before = knownUser(list, name);
  if (password !== undefined) checkStrength(password, strictness);
  const after = { name: before.name, password: password ?? before.password, level: level ?? before.level };
  return withAdministrator(
    list.map((user) => (user === before ? after : user)),
    before.name,
  );
}

/** Returns the list without a user. @throws AppError USER_UNKNOWN, LAST_ADMINISTRATOR */
export function withoutUser(list: readonly User[], name: string): User[] {
  const gone = knownUser(list, name);
  return withAdministrator(
    list.filter((user) => user !== gone),
    gone.name,
  );
}

/** Returns the user of this name. @throws AppError USER_UNKNOWN */
export function knownUser<T extends Named>(list: readonly T[], name: string): T {
  const user = find(list, name);
  if (!user) throw new AppError('USER_UNKNOWN', `There is no user "${name}".`);
  return user;
}

/** Returns the level as ONVIF names it, whatever the case of its letters; undefined if it is none. */
export const levelOfName = (text: string): AccessLevel | undefined =>
  ACCESS_LEVELS.find((level) => level.toLowerCase() === text.toLowerCase());

/** Checks that a password is long enough. @throws AppError PASSWORD_WEAK */
export function checkStrength(password: string, { weak }: Strictness): void {
  const length = [...password].length;
  if (!weak && length < MIN_PASSWORD_LENGTH)
    throw new AppError(
      'PASSWORD_WEAK',
      `A password of ${length} character${length === 1 ? '' : 's'} is easy to guess; ${MIN_PASSWORD_LENGTH} are wanted.`,
    );
}

const find = <T extends Named>(list: readonly T[], name: string): T | undefined =>
  list.find((user) => composed(user.name) === composed(name));

function withAdministrator(list: User[], name: string): User[] {
  if (list.some(({ level }) => level === 'Administrator')) return list;
  throw new AppError('LAST_ADMINISTRATOR', `"${name}" is the last Administrator: without one nobody could change anything any more.`);
}
