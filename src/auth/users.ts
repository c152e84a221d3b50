import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Cancel } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';

/** The levels of ONVIF (tt:UserLevel) that a person can have. */
export type AccessLevel = 'Administrator' | 'Operator' | 'User';

/** Somebody who may log in. */
export interface User {
  readonly name: string;
  /** In clear, see {@link UserStore}. */
  readonly password: string;
  readonly level: AccessLevel;
}

/** The levels, from the one that may do most to the one that may do least. */
export const ACCESS_LEVELS: readonly AccessLevel[] = ['Administrator', 'Operator', 'User'];
/** Most users that there may be. */
export const MAX_USERS = 32;
/** Longest name, characters (Unicode code points). */
export const MAX_NAME_LENGTH = 64;
/** Longest password, characters (Unicode code points). */
export const MAX_PASSWORD_LENGTH = 128;
/** Shortest password that is not called weak, characters. */
export const MIN_PASSWORD_LENGTH = 8;

/** Matches a name: no control, format or separator characters and no half of a surrogate pair. Basic ends the name at a colon. */
const NAME = new RegExp(String.raw`^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}:]{1,${MAX_NAME_LENGTH}}$`, 'u');

/** Matches a password: RFC 7617 forbids control characters, and half a surrogate pair has no UTF-8. */
const PASSWORD = new RegExp(String.raw`^[^\p{Cc}\p{Cs}]{1,${MAX_PASSWORD_LENGTH}}$`, 'u');

interface Entry {
  readonly user: User;
  /** SHA-256 of the {@link composed} password: all have one length, as a comparison in constant time needs. */
  readonly hash: Buffer;
}

/**
 * Keeps the people who may log in, the same for the page, HTTP, ONVIF and RTSP.
 *
 * Passwords are kept in clear, in memory and where the application stores them: WS-UsernameToken hashes the password with
 * a nonce of the client's choice, and RFC 7616 needs it per realm and algorithm, so that no one-way form serves all. The
 * file that holds them must be readable by the program alone.
 */
export class UserStore {
  /** The users by their {@link composed} names. */
  #entries: ReadonlyMap<string, Entry>;
  readonly #listeners = new Set<(users: readonly User[]) => void>();
  /** The hash that an unknown user's password is compared with; nothing hashes to it. */
  readonly #decoy = randomBytes(32);

  /**
   * @param keep writes a changed list before it counts; where it throws, the old list stays
   * @param fixed name of the user who is set elsewhere, so that `keep` takes no change of him; undefined: there is none
   * @throws AppError if the list breaks a rule of {@link replace}
   */
  constructor(
    users: readonly User[],
    private readonly keep: (users: readonly User[]) => void = () => {},
    private readonly fixed?: string,
  ) {
    this.#entries = toEntries(users);
  }

  /** Returns the user of a name; undefined: there is none. */
  find(name: string): User | undefined {
    return this.#entries.get(composed(name))?.user;
  }

  /** Returns whether the user is set elsewhere, and cannot be changed here. */
  isFixed({ name }: Pick<User, 'name'>): boolean {
    return name === this.fixed;
  }

  /** Returns a user who once proved the password, as he is in force; undefined when he is gone, or has another password. */
  current({ name, password }: Pick<User, 'name' | 'password'>): User | undefined {
    const user = this.find(name);
    return user?.password === password ? user : undefined;
  }

  /** Returns all users. */
  list(): User[] {
    return listOf(this.#entries);
  }

  /** Returns the user whose password this is; undefined: nobody's. An unknown name costs as much time as a wrong password. */
  verifyPassword(name: string, password: string): User | undefined {
    const entry = this.#entries.get(composed(name));
    const right = timingSafeEqual(sha256(composed(password)), entry?.hash ?? this.#decoy);
    return right ? entry?.user : undefined;
  }

  /**
   * Puts a new list in place of the old one, all of it or nothing. Names are unique, 1 to 64 printable characters without
   * a colon; passwords 1 to 128 characters; one Administrator at least.
   *
   * @throws AppError naming the rule that is broken, and whatever keeping the list throws; nothing has changed then
   */
  replace(users: readonly User[]): void {
    const entries = toEntries(users);
    this.keep(listOf(entries));
    this.#entries = entries;
    const list = this.list();
    for (const listener of [...this.#listeners]) listener(list);
  }

  /** Calls `listener` with the new list after each {@link replace}, until the returned function is called. */
  onChange(listener: (users: readonly User[]) => void): Cancel {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/**
 * Returns the text with each accent as part of its letter (Unicode's NFC): keyboards and systems differ in that, and nobody sees it.
 */
export const composed = (text: string): string => text.normalize('NFC');

const sha256 = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest();

const listOf = (entries: ReadonlyMap<string, Entry>): User[] => [...entries.values()].map((entry) => entry.user);

function toEntries(users: readonly User[]): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const { name, password, level } of users) {
    if (!NAME.test(name)) throw refusal(`A user name must have 1 to ${MAX_NAME_LENGTH} printable characters and no colon.`);
    if (entries.has(composed(name))) throw refusal(`There are two users named "${name}".`);
    if (!PASSWORD.test(password))
      throw refusal(`The password of "${name}" must have 1 to ${MAX_PASSWORD_LENGTH} characters and no control characters.`);
    if (!ACCESS_LEVELS.includes(level)) throw refusal(`The level of "${name}" must be ${ACCESS_LEVELS.join(', ')}.`);
    entries.set(composed(name), { user: Object.freeze({ name, password, level }), hash: sha256(composed(password)) });
  }
  if (!users.some((user) => user.level === 'Administrator')) throw refusal('At least one user must be an Administrator.');
  return entries;
}

const refusal = (message: string): AppError => new AppError('CONFIG_INVALID', message, { hint: 'Correct the user and try again.' });

/** Lower-case letters and digits without the look-alikes 0 and o, 1 and l: 32 characters, 5 bits each. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const GROUPS = 3;
const GROUP_LENGTH = 4;

/** Returns a new password that is easy to read off a terminal and type, like `kqpm-7tzr-w4nd`: 12 random characters, 60 bits. */
export function generatePassword(): string {
  const character = () => ALPHABET[randomInt(ALPHABET.length)]!;
  const group = () => Array.from({ length: GROUP_LENGTH }, character).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}
