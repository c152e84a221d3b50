import { ACCESS_LEVELS, type AccessLevel, composed, type User, type UserStore } from '../../auth/users.ts';
import { AppError } from '../../core/errors.ts';
import { invalidArgument, SoapFault } from '../../protocols/soap/fault.ts';
import { children, required, text, texts } from '../args.ts';
import { reasonOf } from '../refusal.ts';
import type { Operation, SoapObject } from '../service.ts';
import type { DeviceLimits, DeviceServiceOptions } from './options.ts';
import { attempt, invalidValue } from './refusals.ts';

/** Operations on the users who may log in (Core Specification, chapter "User handling"). Each does all of its work or nothing. */
export function userOperations(options: DeviceServiceOptions): Operation[] {
  const { limits, users } = options;

  /** Makes a handler that puts the list `next` returns in the place of the present one. */
  const change = (next: (request: SoapObject, now: readonly User[]) => readonly User[]) => async (request: SoapObject) => {
    const list = next(request, users.list());
    await attempt(async () => replace(users, list));
    return {};
  };

  return [
    {
      name: 'GetUsers',
      access: 'READ_SYSTEM_SECRET',
      handle: () => ({ User: users.list().map(({ name, level }) => ({ Username: name, UserLevel: level })) }),
    },
    { name: 'CreateUsers', access: 'WRITE_SYSTEM', handle: change((request, now) => withNew(usersIn(request), now, limits)) },
    { name: 'DeleteUsers', access: 'WRITE_SYSTEM', handle: change(without) },
    { name: 'SetUser', access: 'WRITE_SYSTEM', handle: change((request, now) => withChanged(usersIn(request), now, limits)) },
  ];
}

/** Keeps a list. The store checks what is left: which characters names and passwords may have, and which users are fixed. */
function replace(users: UserStore, list: readonly User[]): void {
  try {
    users.replace(list);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'CONFIG_INVALID') throw invalidValue(reasonOf(error));
    throw error.code === 'USER_FIXED' ? invalidArgument('FixedUser', reasonOf(error)) : error;
  }
}

function withNew(added: readonly SoapObject[], now: readonly User[], limits: DeviceLimits): User[] {
  const list = [...now];
  for (const each of added) {
    const name = required(each, 'Username');
    if (name === '') throw prohibited('UsernameTooShort', 'A user name must have a character at least.');
    if (length(name) > limits.userNameLength)
      throw prohibited('UsernameTooLong', `A user name may have ${limits.userNameLength} characters.`);
    if (list.some((user) => composed(user.name) === composed(name)))
      throw prohibited('UsernameClash', `There is a user "${name}" already.`);
    list.push({ name, password: checkedPassword(text(each, 'Password') ?? '', limits, 'Password'), level: levelIn(each) });
    // Not only at the end: each is compared with all before it.
    if (list.length > limits.maxUsers)
      throw new SoapFault('Receiver', ['Action', 'TooManyUsers'], `There may be ${limits.maxUsers} users.`);
  }
  return list;
}

/** A user without Password keeps the present one. */
function withChanged(changed: readonly SoapObject[], now: readonly User[], limits: DeviceLimits): User[] {
  const list = byName(now);
  for (const each of changed) {
    const before = known(list, required(each, 'Username'));
    const given = text(each, 'Password');
    const password = given === undefined ? before.password : checkedPassword(given, limits, 'PasswordTooWeak');
    list.set(composed(before.name), { name: before.name, password, level: levelIn(each) });
  }
  return keepingAdministrator([...list.values()]);
}

function without(request: SoapObject, now: readonly User[]): User[] {
  const names = texts(request, 'Username');
  if (names.length === 0) throw missing('Username');
  const list = byName(now);
  const gone = new Set(names.map((name) => known(list, name).name));
  return keepingAdministrator(now.filter((user) => !gone.has(user.name)));
}

function usersIn(request: SoapObject): readonly SoapObject[] {
  const users = children(request, 'User');
  if (users.length === 0) throw missing('User');
  return users;
}

/** The users by {@link composed} name, as the user store compares them. */
const byName = (list: readonly User[]): Map<string, User> => new Map(list.map((user) => [composed(user.name), user]));

function known(list: ReadonlyMap<string, User>, name: string): User {
  const user = list.get(composed(name));
  if (!user) throw invalidArgument('UsernameMissing', `There is no user "${name}".`);
  return user;
}

function keepingAdministrator(list: User[]): User[] {
  if (list.some((user) => user.level === 'Administrator')) return list;
  throw invalidArgument('FixedUser', 'One Administrator must stay, or nobody could change anything any more.');
}

function levelIn(user: SoapObject): AccessLevel {
  const asked = required(user, 'UserLevel');
  const level = ACCESS_LEVELS.find((each) => each === asked);
  if (level !== undefined) return level;
  if (asked === 'Anonymous') throw prohibited('AnonymousNotAllowed', 'A user cannot be Anonymous.');
  throw invalidValue(`UserLevel must be one of ${ACCESS_LEVELS.join(', ')}.`);
}

/** Returns a password that is neither empty nor too long; throws otherwise. @param weak subcode for an empty one: operations differ */
function checkedPassword(password: string, limits: DeviceLimits, weak: 'Password' | 'PasswordTooWeak'): string {
  if (password === '') throw prohibited(weak, 'A user needs a password.');
  if (length(password) > limits.passwordLength)
    throw prohibited('PasswordTooLong', `A password may have ${limits.passwordLength} characters.`);
  return password;
}

/** Length in code points, as the user store counts it. */
const length = (value: string): number => [...value].length;

const prohibited = (subcode: string, reason: string): SoapFault => new SoapFault('Sender', ['OperationProhibited', subcode], reason);

const missing = (name: string): SoapFault => new SoapFault('Sender', ['InvalidArgs'], `${name} is missing.`);
