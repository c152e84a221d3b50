import type { Clock } from '../core/clock.ts';
import { addressKey } from './address-key.ts';

/** Addresses remembered, some 100 bytes each. A home has a few dozen devices. */
const CAPACITY = 256;

/** Milliseconds after its last login when an address is forgotten: who watches in the evening is known the next one. */
const MEMORY = 36 * 3_600_000;

/** A login that came this many milliseconds after the one before from its address is not noted anew. */
const FRESH = 60_000;

/**
 * Where people have logged in from lately. When there is not room for all, the connections of these addresses come before
 * those of addresses from where nobody has shown a password yet.
 *
 * An IPv6 /64 counts as one address, see {@link addressKey}. Only who knows a password can put one in.
 */
export class KnownAddresses {
  /** Time of the last login by address, monotonic milliseconds; the oldest first. */
  readonly #logins = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** Somebody at this address has logged in. */
  add(address: string): void {
    const key = addressKey(address);
    const now = this.clock.monotonic();
    const before = this.#logins.get(key);
    if (before !== undefined && now - before < FRESH) return;
    this.#logins.delete(key);
    if (this.#logins.size >= CAPACITY) this.#logins.delete(this.#logins.keys().next().value!);
    this.#logins.set(key, now);
  }

  /** @param address or its {@link addressKey} */
  has(address: string): boolean {
    const key = addressKey(address);
    const login = this.#logins.get(key);
    if (login === undefined) return false;
    if (this.clock.monotonic() - login < MEMORY) return true;
    this.#logins.delete(key);
    return false;
  }
}
