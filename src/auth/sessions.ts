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
  readonly #listeners = new Set<() => void>();

  constructor(options: { users: UserStore; clock: Clock }) {
    this.#users = options.users;
    this.#clock = options.clock;
    this.#users.onChange(() => this.#endOutdated());
  }

  /** Begins a session for a user who proved the password. Returns its id: 43 characters of base64url. */
  create(user: User): string {
    if (this.#sessions.size >= CAPACITY) this.#end(this.#sessions.keys().next().value!);
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
    const user = this.#userOf(session);
    if (!user) {
      this.#end(key);
      return undefined;
    }
    session.usedAt = this.#clock.monotonic();
    // Behind all others.
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    return user;
  }

  /** Tells whether a session still runs, as often as it is asked; that is no use of the session. */
  watch(id: string): () => boolean {
    const key = keyOf(id);
    return () => {
      const session = this.#sessions.get(key);
      return session !== undefined && this.#userOf(session) !== undefined;
    };
  }

  /** Calls back at once when a session is destroyed or has to make room, and when a user changes; of its idle time nobody hears. */
  onEnd(listener: () => void): void {
    this.#listeners.add(listener);
  }

  destroy(id: string): void {
    if (ID.test(id)) this.#end(keyOf(id));
  }

  #userOf(session: Session): User | undefined {
    return this.#clock.monotonic() - session.usedAt < IDLE_LIFETIME ? this.#users.current(session) : undefined;
  }

  #end(key: string): void {
    if (this.#sessions.delete(key)) for (const listener of this.#listeners) listener();
  }

  #endOutdated(): void {
    for (const [key, session] of this.#sessions) {
      if (!this.#users.current(session)) this.#end(key);
    }
  }
}

const keyOf = (id: string): string => createHash('sha256').update(id, 'latin1').digest('base64');
