import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import type { User, UserStore } from './users.ts';

/** Sessions at a time. A person has a few browsers; programs use Basic or Digest. */
const CAPACITY = 256;

/** Milliseconds without a request after which a session ends. */
const IDLE_LIFETIME = 7 * 24 * 3_600_000;

const ID_BYTES = 32;
const ID = /^[\w-]{43}$/;

interface Session {
  readonly name: string;
  readonly password: string;
  /** Monotonic clock, milliseconds. */
  usedAt: number;
}

/**
 * Log-ins made with the page's form, each behind a cookie. They live in memory and end with the process. A session ends
 * earlier when its user vanishes, or gets another password.
 */
export class Sessions {
  readonly #users: UserStore;
  readonly #clock: Clock;
  /** By the SHA-256 of the id, so that looking one up tells nothing about its neighbours. Least recently used first. */
  readonly #sessions = new Map<string, Session>();

  constructor(options: { users: UserStore; clock: Clock }) {
    this.#users = options.users;
    this.#clock = options.clock;
    this.#users.onChange(() => this.#endOutdated());
  }

  /** Begins a session for a user who proved the password. Returns its id: 43 characters of base64url. */
  create(user: User): string {
    if (this.#sessions.size >= CAPACITY) this.#sessions.delete(this.#sessions.keys().next().value!);
    const id = randomBytes(ID_BYTES).toString('base64url');
    this.#sessions.set(keyOf(id), { name: user.name, password: user.password, usedAt: this.#clock.monotonic() });
    return id;
  }

  /** The user of a running session, as the user is now; the idle time begins anew. */
  find(id: string): User | undefined {
    if (!ID.test(id)) return undefined;
    const key = keyOf(id);
    const session = this.#sessions.get(key);
    if (!session) return undefined;
    this.#sessions.delete(key);
    const now = this.#clock.monotonic();
    if (now - session.usedAt >= IDLE_LIFETIME) return undefined;
    const user = this.#users.current(session);
    if (!user) return undefined;
    session.usedAt = now;
    this.#sessions.set(key, session);
    return user;
  }

  destroy(id: string): void {
    if (ID.test(id)) this.#sessions.delete(keyOf(id));
  }

  #endOutdated(): void {
    for (const [key, session] of this.#sessions) {
      if (!this.#users.current(session)) this.#sessions.delete(key);
    }
  }
}

const keyOf = (id: string): string => createHash('sha256').update(id, 'latin1').digest('base64');
