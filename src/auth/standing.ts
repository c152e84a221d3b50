import { addressKey } from './address-key.ts';
import type { User, UserStore } from './users.ts';

/** Most users that are remembered, the latest: a household has a few. */
const MOST_USERS = 64;
/** Most addresses of each that are remembered, likewise. */
const MOST_ADDRESSES = 64;

type Proof = Pick<User, 'name' | 'password'>;

interface Connection {
  wrong: number;
  turnedAway: number;
  proof: Proof | undefined;
}

/** The way that an attempt to log in came. */
export interface Origin {
  /** IP address of the peer. */
  readonly address: string;
  /** Name of the user in the credentials. */
  readonly name: string;
  readonly connection: object;
  /** Whether the connection carries the requests of several clients; default false. */
  readonly shared?: boolean;
}

/** Remembers who has logged in before, by connection and by address. It is in memory alone, and ends with the password. */
export class Standing {
  readonly #connections = new WeakMap<object, Connection>();
  /** The addresses by user name, the latest user last. */
  readonly #users = new Map<string, { readonly proof: Proof; readonly addresses: Set<string> }>();

  constructor(private readonly users: Pick<UserStore, 'current'>) {}

  /** Returns whether the same user logged in on this connection, and nobody failed on it. */
  ofConnection({ connection, shared, name }: Origin): boolean {
    const known = shared ? undefined : this.#connections.get(connection);
    return known?.proof !== undefined && known.wrong === 0 && known.proof.name === name && this.users.current(known.proof) !== undefined;
  }

  /** Returns whether the user has logged in from this address. @param key see {@link addressKey} */
  ofAddress(key: string, name: string): boolean {
    const known = this.#users.get(name);
    return known?.addresses.has(key) === true && this.users.current(known.proof) !== undefined;
  }

  /** Returns how often credentials on the connection were wrong, or not looked at; 0 where it carries several clients. */
  troublesOn({ connection, shared }: Origin): number {
    const known = shared ? undefined : this.#connections.get(connection);
    return known ? known.wrong + known.turnedAway : 0;
  }

  /** Notes that credentials were wrong. */
  failed(origin: Origin): void {
    if (!origin.shared) this.#connectionOf(origin).wrong++;
  }

  /** Notes that credentials were not looked at. */
  turnedAway(origin: Origin): void {
    if (!origin.shared) this.#connectionOf(origin).turnedAway++;
  }

  /** Notes that a user has logged in. */
  succeeded(origin: Origin, user: User): void {
    const { shared, address, name } = origin;
    if (!shared) this.#connectionOf(origin).proof = user;
    const addresses = this.#addressesOf(name, user);
    const key = addressKey(address);
    addresses.delete(key);
    addresses.add(key);
    if (addresses.size > MOST_ADDRESSES) addresses.delete(first(addresses)!);
  }

  #connectionOf({ connection }: Origin): Connection {
    const known = this.#connections.get(connection);
    if (known) return known;
    const made = { wrong: 0, turnedAway: 0, proof: undefined };
    this.#connections.set(connection, made);
    return made;
  }

  #addressesOf(name: string, user: User): Set<string> {
    const known = this.#users.get(name);
    this.#users.delete(name);
    const entry = known && known.proof.password === user.password ? known : { proof: user, addresses: new Set<string>() };
    this.#users.set(name, entry);
    if (this.#users.size > MOST_USERS) this.#users.delete(first(this.#users.keys())!);
    return entry.addresses;
  }
}

const first = <T>(items: Iterable<T>): T | undefined => {
  for (const item of items) return item;
  return undefined;
};
