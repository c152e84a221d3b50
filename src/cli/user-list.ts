import * as z from 'zod/mini';
import { withChangedUser, withoutUser, withUser } from '../auth/user-changes.ts';
import { ACCESS_LEVELS, type AccessLevel, type User, UserStore } from '../auth/users.ts';
import { findRunningServer, type RunFile } from '../config/run-file.ts';
import { readExistingState, StateStore } from '../config/state.ts';
import { lockState } from '../config/state-lock.ts';
import { AppError } from '../core/errors.ts';
import { directoryError } from '../platform/files.ts';
import { becomeOwnerOf } from '../platform/service/become-owner.ts';
import { askServer } from './server-api.ts';

/** Longest wait for another process that has the state: one that starts answers after a second. */
const LOCK_WAIT_MS = 5000;

/** A user without the password. */
export interface KnownUser extends Pick<User, 'name' | 'level'> {
  /** Whether the running camera has the user and the password from its environment; not known where none runs. */
  readonly fixed?: boolean | undefined;
}

/** A change of a user; what is left out stays. */
export interface UserChange {
  readonly password?: string;
  readonly level?: AccessLevel;
}

interface Options {
  /** Whether a password of fewer than 8 characters is taken. */
  readonly weak: boolean;
}

/** The users who may log in, as commands see and change them. All methods reject with AppErrors. */
export interface UserList {
  /** Whether a server runs, which adopts a change at once. */
  readonly running: boolean;
  /** Resolves to all users. */
  list(): Promise<readonly KnownUser[]>;
  /** Adds a user. Rejects where there is one of this name, or the password is too weak. */
  add(user: User, options: Options): Promise<void>;
  /** Changes the password or the level of a user. */
  change(name: string, change: UserChange, options: Options): Promise<void>;
  /** Removes a user. Rejects for the last Administrator. */
  remove(name: string): Promise<void>;
}

/** Resolves to the users of the server that runs with a data directory, else to those in its state. */
export async function openUserList(dataDir: string): Promise<UserList> {
  const server = await findRunningServer(dataDir);
  return server ? new ServedUsers(server) : new StoredUsers(dataDir);
}

const userSchema = z.object({ name: z.string(), level: z.enum(ACCESS_LEVELS), fixed: z.optional(z.boolean()) });
const PATH = '/api/v1/users';

class ServedUsers implements UserList {
  readonly running = true;

  constructor(private readonly server: RunFile) {}

  async list(): Promise<readonly KnownUser[]> {
    return (await askServer(this.server, { path: PATH, answer: z.object({ users: z.array(userSchema) }) })).users;
  }

  async add(user: User, options: Options): Promise<void> {
    await askServer(this.server, { method: 'POST', path: PATH, body: { ...user, ...options }, answer: z.unknown() });
  }

  async change(name: string, change: UserChange, options: Options): Promise<void> {
    await askServer(this.server, { method: 'PATCH', path: pathOf(name), body: { ...change, ...options }, answer: z.unknown() });
  }

  async remove(name: string): Promise<void> {
    await askServer(this.server, { method: 'DELETE', path: pathOf(name), answer: z.unknown() });
  }
}

const pathOf = (name: string) => `${PATH}/${encodeURIComponent(name)}`;

class StoredUsers implements UserList {
  readonly running = false;

  constructor(private readonly dataDir: string) {}

  async list(): Promise<readonly KnownUser[]> {
    return readExistingState(this.dataDir).users;
  }

  add(user: User, options: Options): Promise<void> {
    return this.#write((list) => withUser(list, user, options));
  }

  change(name: string, change: UserChange, options: Options): Promise<void> {
    return this.#write((list) => withChangedUser(list, name, change, options));
  }

  remove(name: string): Promise<void> {
    return this.#write((list) => withoutUser(list, name));
  }

  async #write(change: (list: readonly User[]) => User[]): Promise<void> {
    const { dataDir } = this;
    readExistingState(dataDir);
    try {
      becomeOwnerOf(dataDir);
    } catch (error) {
      throw directoryError(`The data directory ${dataDir} cannot be used`, error);
    }
    const lock = await lockState(dataDir, LOCK_WAIT_MS);
    if (typeof lock !== 'function')
      throw new AppError(
        'ALREADY_RUNNING',
        `Another onvif-camera (process ${lock.pid}) keeps the state in ${dataDir}, and does not answer.`,
        {
          hint: 'It may be starting or stopping: try again in a moment. If that does not help, restart it.',
        },
      );
    try {
      // Read again: it may have changed before it was locked.
      const { users } = readExistingState(dataDir);
      const next = change(users);
      // Checks names and passwords as the server does.
      new UserStore(next);
      new StateStore(dataDir).update({ users: next });
    } finally {
      lock();
    }
  }
}
