import type { Clock } from '../core/clock.ts';
import { addressKey } from './address-key.ts';

/** Most addresses that are remembered, some 100 bytes each. A home has a few dozen devices. */
const CAPACITY = 256;

/** Milliseconds from its last login until an address is forgotten: a viewer of one evening is known the next. */
const MEMORY = 36 * 3_600_000;

/** Milliseconds within which a further login from an address is not noted anew. */
const FRESH = 60_000;

/**
 * Remembers from where people have logged in lately. Where there can be no more connections, those of these addresses come before
 * those of addresses from where nobody has shown a password yet.
 *
 * An IPv6 /64 counts as one address, see {@link addressKey}. Only somebody with a password can put one in.
 */
export class KnownAddresses {
  /** Time of the last login by address, monotonic milliseconds; the oldest first. */
  readonly #logins = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** Notes that somebody at this address has logged in. */
  add(address: string): void {
    const key = addressKey(address);
    const now = this.clock.monotonic();
    const before = this.#logins.get(key);
    if (before !== undefined && now - before < FRESH) return;
    this.#logins.delete(key);
    if (this.#logins.size >= CAPACITY) this.#logins.delete(this.#logins.keys().next().value!);
    this.#logins.set(key, now);
  }

  /** Returns whether somebody has logged in from an address lately. @param address or its {@link addressKey} */
  has(address: string): boolean {
    const key = addressKey(address);
    const login = this.#logins.get(key);
    if (login === undefined) return false;
    if (this.clock.monotonic() - login < MEMORY) return true;
    this.#logins.delete(key);
    return false;
  }
}
