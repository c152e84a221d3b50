import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { User, UserStore } from './users.ts';

/** Most sessions at a time. A person has a few browsers; programs use Basic or Digest. */
const CAPACITY = 256;

/** Milliseconds. */
const DAY = 24 * 3_600_000;
/** Milliseconds without a request after which a session of a browser ends that stays logged in. */
const REMEMBERED_LIFETIME = 30 * DAY;
/** Milliseconds without a request after which any other session ends. */
const IDLE_LIFETIME = 7 * DAY;
/** A session in use is written down anew no more often than this, milliseconds: SD cards wear out. */
const RENEWAL = DAY;
/** New sessions are written down together after this, milliseconds. */
const SAVE_DELAY = 10_000;
/** A write that failed is tried again after this, milliseconds. */
const SAVE_AGAIN = 60_000;

const ID_BYTES = 32;
const ID = /^[\w-]{43}$/;

/** The part of a session that outlives the process. It lets nobody in: that takes the id, which only the browser has. */
export interface StoredSession {
  /** SHA-256 of the id, Base64. */
  readonly hash: string;
  /** Name of the user. */
  readonly name: string;
  /** HMAC-SHA-256 of the password under the id, Base64: together with the id it tells whether the password is still the same. */
  readonly proof: string;
  /** Whether the browser stays logged in when it is closed. */
  readonly remembered: boolean;
  /** When it ends without use, by the wall clock: milliseconds since the Unix epoch. Up to a day early. */
  readonly expires: number;
}

/** A store in which sessions outlive the process. */
export interface SessionStore {
  /** Returns the sessions of earlier processes. */
  read(): readonly StoredSession[];
  /** Replaces what is kept. Throws if that cannot be done. */
  write(sessions: readonly StoredSession[]): void;
}

interface Session extends Omit<StoredSession, 'hash' | 'expires'> {
  /** Password of the user; undefined until a session of an earlier process is used. */
  password: string | undefined;
  /** When it was last used, monotonic, milliseconds; undefined likewise. */
  usedAt: number | undefined;
  expires: number;
  /** Whether it is written down. */
  stored: boolean;
}

/** Whose sessions they are, and where they are kept. */
export interface SessionsOptions {
  readonly users: UserStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where they are kept; undefined: they end with the process. */
  readonly store?: SessionStore | undefined;
}

/**
 * Keeps the logins made with the page's form, each behind a cookie. A session ends when it is not used for long, and earlier when its
 * user vanishes or gets another password. A restart ends none, unless the password was changed with it.
 */
export class Sessions {
  readonly #options: SessionsOptions;
  /** Sessions by the SHA-256 of the id, so that looking one up tells nothing about its neighbours. Least recently used first. */
  readonly #sessions = new Map<string, Session>();
  readonly #listeners = new Set<() => void>();
  #cancelSave: Cancel | undefined;
  #saveFailed = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    for (const { hash, ...session } of options.store?.read().slice(-CAPACITY) ?? [])
      this.#sessions.set(hash, { ...session, password: undefined, usedAt: undefined, stored: true });
    options.users.onChange(() => this.#endOutdated());
  }

  /**
   * Begins a session for a user who proved the password. Returns its id: 43 characters of base64url.
   * @param options.remembered whether the browser shall stay logged in; default false
   */
  create(user: User, { remembered = false }: { readonly remembered?: boolean } = {}): string {
    if (this.#sessions.size >= CAPACITY) this.#end([this.#sessions.keys().next().value!]);
    const id = randomBytes(ID_BYTES).toString('base64url');
    const { name, password } = user;
    const { clock } = this.#options;
    const session = { name, password, proof: proofOf(id, password), remembered, usedAt: clock.monotonic(), stored: false };
    this.#sessions.set(keyOf(id), { ...session, expires: clock.now() + lifetimeOf(session) });
    this.#saveSoon();
    return id;
  }

  /** Returns the user of a running session, as he is in force; undefined: there is no such session. The idle time begins anew. */
  find(id: string): User | undefined {
    if (!ID.test(id)) return undefined;
    const key = keyOf(id);
    const session = this.#sessions.get(key);
    if (!session) return undefined;
    const user = session.usedAt === undefined ? this.#resume(session, id) : this.#userOf(session);
    if (!user) {
      this.#end([key]);
      return undefined;
    }
    session.usedAt = this.#options.clock.monotonic();
    // Behind all others.
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    return user;
  }

  /**
   * Lets a session that is in use live on, once a day.
   * @returns seconds for which the browser is to keep its cookie anew; undefined: the cookie stays as it is
   */
  renew(id: string): number | undefined {
    const session = this.#sessions.get(keyOf(id));
    if (!session) return undefined;
    const expires = this.#options.clock.now() + lifetimeOf(session);
    // Or it was written with a clock that ran ahead.
    if (Math.abs(expires - session.expires) < RENEWAL) return undefined;
    session.expires = expires;
    this.#saveSoon();
    return this.cookieAge(id);
  }

  /** Returns the seconds for which the browser shall keep the cookie of a session; undefined: until the browser closes. */
  cookieAge(id: string): number | undefined {
    return this.#sessions.get(keyOf(id))?.remembered ? REMEMBERED_LIFETIME / 1000 : undefined;
  }

  /** Returns a function that tells whether a session still runs; that is no use of the session. */
  watch(id: string): () => boolean {
    const key = keyOf(id);
    return () => {
      const session = this.#sessions.get(key);
      return session !== undefined && this.#userOf(session) !== undefined;
    };
  }

  /** Calls the listener at once when a session is destroyed or given up for another one, and when a user changes; not when one runs out. */
  onEnd(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Ends a session, as when its user logs out. */
  destroy(id: string): void {
    if (ID.test(id)) this.#endForGood([keyOf(id)]);
  }

  /** Writes down the sessions that are to outlive the process. */
  close(): void {
    if (this.#cancelSave) this.#save();
  }

  #userOf(session: Session): User | undefined {
    const { name, password, usedAt } = session;
    if (password === undefined || usedAt === undefined) return undefined;
    const idle = this.#options.clock.monotonic() - usedAt;
    return idle < lifetimeOf(session) ? this.#options.users.current({ name, password }) : undefined;
  }

  /** Returns the user of a session of an earlier process, where it still holds. */
  #resume(session: Session, id: string): User | undefined {
    const user = this.#options.users.find(session.name);
    if (!user || this.#options.clock.now() >= session.expires || !sameProof(session.proof, proofOf(id, user.password))) return undefined;
    session.password = user.password;
    return user;
  }

  #end(keys: readonly string[]): void {
    const ended = keys.filter((key) => this.#sessions.delete(key));
    if (ended.length === 0) return;
    this.#saveSoon();
    for (const listener of this.#listeners) listener();
  }

  /** Ends sessions that must not come back after a power cut: that is written down at once. */
  #endForGood(keys: readonly string[]): void {
    const stored = keys.some((key) => this.#sessions.get(key)?.stored);
    this.#end(keys);
    if (stored) this.#save();
  }

  #endOutdated(): void {
    const { users } = this.#options;
    // Of those not used since the start, the proof will tell.
    const holds = ({ name, password }: Session) => (password === undefined ? users.find(name) : users.current({ name, password }));
    this.#endForGood([...this.#sessions].flatMap(([key, session]) => (holds(session) ? [] : [key])));
  }

  #saveSoon(delay = SAVE_DELAY): void {
    if (this.#options.store) this.#cancelSave ??= this.#options.clock.after(delay, () => this.#save());
  }

  #save(): void {
    this.#cancelSave?.();
    this.#cancelSave = undefined;
    try {
      this.#options.store?.write([...this.#sessions].map(([hash, session]) => storedOf(hash, session)));
      for (const session of this.#sessions.values()) session.stored = true;
      this.#saveFailed = false;
    } catch (error) {
      const what = 'Who is logged in to the page cannot be kept, and has to log in again after a restart';
      if (!this.#saveFailed) this.#options.log.warn(`${what}: ${messageOf(error)}`);
      this.#saveFailed = true;
      this.#saveSoon(SAVE_AGAIN);
    }
  }
}

const lifetimeOf = ({ remembered }: Pick<Session, 'remembered'>): number => (remembered ? REMEMBERED_LIFETIME : IDLE_LIFETIME);

const storedOf = (hash: string, { name, proof, remembered, expires }: Session): StoredSession => ({
  hash,
  name,
  proof,
  remembered,
  expires,
});

const keyOf = (id: string): string => createHash('sha256').update(id, 'latin1').digest('base64');

const proofOf = (id: string, password: string): string => createHmac('sha256', id).update(password, 'utf8').digest('base64');

function sameProof(stored: string, expected: string): boolean {
  const [a, b] = [Buffer.from(stored), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
