import type { Clock } from '../core/clock.ts';

/** How much may be used up: pieces or bytes, as the caller counts them. */
export interface Limit {
  /** Most at once. */
  readonly burst: number;
  /** Per second in the long run. */
  readonly rate: number;
}

/** The limits of a {@link SenderLimiter}. */
export interface SenderLimits {
  /** For each sender, by its address. */
  readonly perSender: Limit;
  /** For all senders together: addresses can be forged, and there is no end of them. */
  readonly total: Limit;
}

/** Senders remembered, the latest; more than a large network has recorders. */
const MAX_SENDERS = 512;

/** A token bucket. */
class Bucket {
  #tokens: number;
  #at: number;

  constructor(
    private readonly limit: Limit,
    now: number,
  ) {
    this.#tokens = limit.burst;
    this.#at = now;
  }

  take(now: number, cost: number): boolean {
    this.#tokens = Math.min(this.limit.burst, this.#tokens + ((now - this.#at) / 1000) * this.limit.rate);
    this.#at = now;
    if (this.#tokens < cost) return false;
    this.#tokens -= cost;
    return true;
  }
}

/**
 * Bounds what is done for strangers: each sender has a limit of its own, so that a loud one does not silence the others, and all
 * together have one, as addresses can be forged.
 */
export class SenderLimiter {
  readonly #total: Bucket;
  /** In the order of their last question. */
  readonly #senders = new Map<string, Bucket>();

  constructor(
    private readonly limits: SenderLimits,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {
    this.#total = new Bucket(limits.total, clock.monotonic());
  }

  /** Whether something that costs `cost` may be done for `sender` now; if so, it is taken off the limits. */
  take(sender: string, cost = 1): boolean {
    const now = this.clock.monotonic();
    const bucket = this.#senders.get(sender) ?? new Bucket(this.limits.perSender, now);
    this.#senders.delete(sender);
    this.#senders.set(sender, bucket);
    if (this.#senders.size > MAX_SENDERS) this.#senders.delete(this.#senders.keys().next().value as string);
    return bucket.take(now, cost) && this.#total.take(now, cost);
  }
}
