/** Stops a timer. Calling it twice, or after the timer fired, does nothing. */
export type Cancel = () => void;

/** The longest that a timer of Node.js can wait, milliseconds, almost 25 days: it takes more for 1 ms, with a warning each time. */
export const MAX_DELAY_MS = 2 ** 31 - 1;

/** Time as the program sees it; injected so that tests can turn the hands. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. Jumps when the system time is set. */
  now(): number;
  /** Monotonic clock, milliseconds with fractions, origin arbitrary. Never jumps. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds, {@link MAX_DELAY_MS} at most. The timer does not keep the process alive. */
  after(ms: number, fn: () => void): Cancel;
  /** Calls `fn` every `ms` milliseconds, {@link MAX_DELAY_MS} at most. The timer does not keep the process alive. */
  every(ms: number, fn: () => void): Cancel;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(ms, MAX_DELAY_MS)).unref();
    return () => clearTimeout(timer);
  },
  every(ms, fn) {
    const timer = setInterval(fn, Math.min(ms, MAX_DELAY_MS)).unref();
    return () => clearInterval(timer);
  },
};
