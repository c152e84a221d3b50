import { type Cancel, type Clock, MAX_DELAY_MS } from '../../src/core/clock.ts';

interface Timer {
  due: number;
  readonly interval: number | undefined;
  readonly fn: () => void;
}

/**
 * A clock whose hands the test turns. The wall clock starts at {@link FakeClock.EPOCH}, the monotonic one at 5000 ms. It refuses what
 * Node.js makes a timer of 1 ms of.
 */
export class FakeClock implements Clock {
  /** 2026-01-02T03:04:05Z, milliseconds. */
  static readonly EPOCH = Date.UTC(2026, 0, 2, 3, 4, 5);
  #monotonic = 5000;
  #wallOffset = FakeClock.EPOCH - 5000;
  /** In the order of creation, which decides between timers due at the same time. */
  readonly #timers = new Set<Timer>();

  /** Timers that are set and have not fired: whoever stops cleanly leaves none. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#monotonic + this.#wallOffset;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  after(ms: number, fn: () => void): Cancel {
    return this.#add({ due: this.#monotonic + delay(ms), interval: undefined, fn });
  }

  every(ms: number, fn: () => void): Cancel {
    const interval = Math.max(1, delay(ms));
    return this.#add({ due: this.#monotonic + interval, interval, fn });
  }

  /** Lets `ms` milliseconds pass: runs the timers due until then in order, each at its time, those that they set included. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    while (this.#fireNext(end));
    this.#monotonic = end;
  }

  /** The same, and lets what awaits promises go on before the first timer and after each. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#monotonic + ms;
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.#fireNext(end));
    this.#monotonic = end;
  }

  /** Lets `ms` milliseconds pass without any timer: they are late then, as after a suspension of the machine. */
  skip(ms: number): void {
    this.#monotonic += ms;
    for (const timer of this.#timers) if (timer.due < this.#monotonic) timer.due = this.#monotonic;
  }

  /** Sets the wall clock forward (or back) as NTP does; the monotonic clock and the timers don't notice. */
  setWallForward(ms: number): void {
    this.#wallOffset += ms;
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  #fireNext(end: number): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (timer.due <= end && (!next || timer.due < next.due)) next = timer;
    if (!next) return false;
    this.#monotonic = next.due;
    if (next.interval === undefined) this.#timers.delete(next);
    else next.due += next.interval;
    next.fn();
    return true;
  }
}

/** Returns a delay that Node.js keeps. @throws RangeError where it would not */
function delay(ms: number): number {
  if (ms >= 0 && ms <= MAX_DELAY_MS) return ms;
  throw new RangeError(`no timer waits ${ms} ms`);
}
