/** Stops a timer. Calling it twice, or after the timer fired, does nothing. */
export type Cancel = () => void;

/** Time as the program sees it; injected so that tests can turn the hands. */
export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. Jumps when the system time is set. */
  now(): number;
  /** Monotonic clock, milliseconds with fractions, origin arbitrary. Never jumps. */
  monotonic(): number;
  /** Calls `fn` once after `ms` milliseconds. The timer does not keep the process alive. */
  after(ms: number, fn: () => void): Cancel;
  /** Calls `fn` every `ms` milliseconds. The timer does not keep the process alive. */
  every(ms: number, fn: () => void): Cancel;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms).unref();
    return () => clearTimeout(timer);
  },
  every(ms, fn) {
    const timer = setInterval(fn, ms).unref();
    return () => clearInterval(timer);
  },
};
