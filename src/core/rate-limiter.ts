/**
 * How early something may pass, as a share of the interval. It is enough for a source at just this rate whose intervals vary by
 * ±40 %, and less than a half, because every second picture of a source at twice the rate is half an interval early.
 */
const EARLY = 0.4;
/** Least time between two that pass, as a share of the interval. */
const CLOSEST = 0.5;

/** Thins out a sequence of moments to a rate: lets one pass per interval and keeps the average rate exact. */
export class RateLimiter {
  readonly #interval: number;
  #last = Number.NEGATIVE_INFINITY;
  #due = Number.NEGATIVE_INFINITY;

  /** @param rate per second, above 0 */
  constructor(rate: number) {
    this.#interval = 1000 / rate;
  }

  /** Returns whether something passes. @param time when it happens, monotonic, milliseconds */
  pass(time: number): boolean {
    const interval = this.#interval;
    if (time < this.#due - EARLY * interval || time < this.#last + CLOSEST * interval) return false;
    // After a pause the schedule starts anew instead of catching up in a burst.
    this.#due = (time > this.#due + interval ? time : this.#due) + interval;
    this.#last = time;
    return true;
  }
}
