import type { Clock } from '../core/clock.ts';

interface Limit {
  /** Most answers at once. */
  readonly burst: number;
  /** Answers per second in the long run. */
  readonly rate: number;
}

/** A search sends up to 9 Probes in a second and a half, and a machine may run several. */
const PER_SENDER: Limit = { burst: 20, rate: 4 };
/** For all senders together; an answer has about 1.5 kB, so this is 60 kB/s at most. */
const TOTAL: Limit = { burst: 100, rate: 40 };
/** Senders remembered, the latest; more than a large network has recorders. */
const MAX_SENDERS = 512;

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

  take(now: number): boolean {
    this.#tokens = Math.min(this.limit.burst, this.#tokens + ((now - this.#at) / 1000) * this.limit.rate);
    this.#at = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** Bounds the answers: addresses of senders can be forged, so whoever answers without end can be aimed at somebody. */
export class AnswerLimiter {
  readonly #total: Bucket;
  /** In the order of their last question. */
  readonly #senders = new Map<string, Bucket>();

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {
    this.#total = new Bucket(TOTAL, clock.monotonic());
  }

  /** Whether `sender` may be answered now. */
  take(sender: string): boolean {
    const now = this.clock.monotonic();
    const bucket = this.#senders.get(sender) ?? new Bucket(PER_SENDER, now);
    this.#senders.delete(sender);
    this.#senders.set(sender, bucket);
    if (this.#senders.size > MAX_SENDERS) this.#senders.delete(this.#senders.keys().next().value as string);
    return bucket.take(now) && this.#total.take(now);
  }
}
