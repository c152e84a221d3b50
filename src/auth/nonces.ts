import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../core/clock.ts';

/** Milliseconds that a nonce is good for: short enough to make a recorded request useless, long enough to be a rare round trip. */
const LIFETIME = 5 * 60_000;

/** How far below the highest count seen one may still come. Clients with parallel connections are a few apart. */
const WINDOW = 128;
const WINDOW_MASK = (1n << BigInt(WINDOW)) - 1n;

/** Most nonces in use that are remembered; each stands for a client that logged in during the last five minutes. */
const CAPACITY = 4096;

const TIME_BYTES = 6;
const RANDOM_BYTES = 8;
const MAC_BYTES = 16;
const BODY_BYTES = TIME_BYTES + RANDOM_BYTES;
const NONCE = new RegExp(`^[0-9a-f]{${2 * (BODY_BYTES + MAC_BYTES)}}$`);

interface Use {
  /** Milliseconds since the process began to issue. */
  readonly issuedAt: number;
  /** The user who logged in with it; undefined: nobody that is known, or somebody has since shown a wrong response. */
  user: string | undefined;
  /** The highest count that was used. */
  highest: number;
  /** Bit n: the count `highest - n` was used. */
  seen: bigint;
}

/**
 * Issues nonces for Digest and checks their counts (RFC 7616 sections 3.3, 3.4 and 5.4). A nonce carries its time of issue
 * and an HMAC under a key of this process, so that asking for challenges leaves nothing behind; only a nonce that somebody
 * logged in with is remembered.
 */
export class Nonces {
  readonly #clock: Clock;
  readonly #key = randomBytes(32);
  readonly #origin: number;
  /** The nonces in use, in the order of first use. */
  readonly #uses = new Map<string, Use>();
  /** Time of issue up to which nonces were forgotten: what is as old and not remembered may have been used. */
  #forgottenUntil = -1;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#origin = clock.monotonic();
  }

  /** Returns a new nonce, 60 hexadecimal digits. @param peer the only one that may use it; empty: anybody may */
  issue(peer = ''): string {
    const body = Buffer.alloc(BODY_BYTES);
    body.writeUIntBE(this.#now(), 0, TIME_BYTES);
    randomBytes(RANDOM_BYTES).copy(body, TIME_BYTES);
    return Buffer.concat([body, this.#mac(body, peer)]).toString('hex');
  }

  /**
   * Takes one count of a nonce. To be called once the response was found right, so that only those who know a password
   * leave something behind.
   *
   * @param by `peer` as in {@link issue}, and the `user` who logs in with it
   * @returns false if the nonce is not from this process, another peer's, expired or forgotten, or the count was used or is
   *   too far behind: the client shall repeat the request with a new nonce (stale)
   */
  use(nonce: string, count: number, { peer = '', user }: { readonly peer?: string | undefined; readonly user?: string } = {}): boolean {
    const issuedAt = this.#issuedAt(nonce, peer);
    if (issuedAt === undefined || this.#expired(issuedAt)) return false;
    const use = this.#uses.get(nonce);
    if (use) return takeCount(use, count);
    if (issuedAt <= this.#forgottenUntil) return false;
    this.#evict();
    this.#uses.set(nonce, { issuedAt, user, highest: count, seen: 1n });
    return true;
  }

  /** Returns whether this user has logged in with the nonce, which nobody else knows then. */
  isProven(nonce: string, user: string): boolean {
    const use = this.#uses.get(nonce);
    return use !== undefined && use.user === user && !this.#expired(use.issuedAt);
  }

  /** Notes that a response with the nonce was wrong: the nonce proves nothing any more. */
  disprove(nonce: string): void {
    const use = this.#uses.get(nonce);
    if (use) use.user = undefined;
  }

  /** Returns whether a nonce is from this process, this peer's and not expired, for clients that send no count. */
  isCurrent(nonce: string, peer = ''): boolean {
    const issuedAt = this.#issuedAt(nonce, peer);
    return issuedAt !== undefined && !this.#expired(issuedAt);
  }

  #issuedAt(nonce: string, peer: string): number | undefined {
    if (!NONCE.test(nonce)) return undefined;
    const bytes = Buffer.from(nonce, 'hex');
    const body = bytes.subarray(0, BODY_BYTES);
    return timingSafeEqual(this.#mac(body, peer), bytes.subarray(BODY_BYTES)) ? body.readUIntBE(0, TIME_BYTES) : undefined;
  }

  #mac(body: Buffer, peer: string): Buffer {
    return createHmac('sha256', this.#key).update(body).update(peer).digest().subarray(0, MAC_BYTES);
  }

  /** Forgets nonces that have expired, and the oldest where there are too many. */
  #evict(): void {
    for (const [nonce, { issuedAt }] of this.#uses) {
      if (this.#uses.size < CAPACITY && !this.#expired(issuedAt)) return;
      this.#uses.delete(nonce);
      this.#forgottenUntil = Math.max(this.#forgottenUntil, issuedAt);
    }
  }

  #expired(issuedAt: number): boolean {
    return this.#now() - issuedAt >= LIFETIME;
  }

  #now(): number {
    return Math.floor(this.#clock.monotonic() - this.#origin);
  }
}

function takeCount(use: Use, count: number): boolean {
  if (count > use.highest) {
    const step = count - use.highest;
    use.seen = step < WINDOW ? ((use.seen << BigInt(step)) | 1n) & WINDOW_MASK : 1n;
    use.highest = count;
    return true;
  }
  const behind = use.highest - count;
  const bit = 1n << BigInt(Math.min(behind, WINDOW));
  if (behind >= WINDOW || (use.seen & bit) !== 0n) return false;
  use.seen |= bit;
  return true;
}
