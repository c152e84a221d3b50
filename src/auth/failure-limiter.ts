import type { Cancel, Clock } from '../core/clock.ts';
import { addressKey } from './address-key.ts';

/** Failures that cost nothing: a person mistypes, a program tries the password it had. */
const FREE_FAILURES = 5;

/** Milliseconds within which the free failures are counted. */
const FREE_WINDOW = 60_000;

/** Milliseconds between two attempts after the last free failure; doubles with each further one. */
const FIRST_SPACING = 250;

/** Milliseconds between two attempts at most: guessing is hopeless, and waiting still bearable for the person next to the guesser. */
const LONGEST_SPACING = 2000;

/** Failures beyond which the spacing does not grow. */
const MOST_FAILURES = FREE_FAILURES + Math.log2(LONGEST_SPACING / FIRST_SPACING);

/** Attempts of one address that may wait, each with an open connection. */
const MOST_WAITING = 16;

/** Addresses remembered, about 4 MB. */
const CAPACITY = 10_000;

/** Milliseconds after its last failure when an address is forgotten. */
const MEMORY = 10 * 60_000;

/**
 * `granted`: check the credentials now. `rejected`: too many attempts of this address are waiting; answer 429.
 * `aborted`: the signal fired first.
 */
export type Turn = 'granted' | 'rejected' | 'aborted';

/** What is remembered of an address that failed. Times are of the monotonic clock, milliseconds. */
interface Penalty {
  failures: number;
  windowStart: number;
  lastFailure: number;
  /** No attempt before this. */
  nextAt: number;
  /** Grants the attempts that wait, first come first. */
  readonly waiting: Set<() => void>;
  cancelTimer: Cancel | undefined;
}

/**
 * Slows the guessing of passwords, address by address, and locks nobody out. After five failures within a minute the
 * attempts of that address are taken one at a time, at growing distance. One with the right credentials waits like the
 * others, for nobody knows yet that they are right.
 *
 * Ask for a {@link turn} right before checking credentials and report the result in the same turn of the event loop, with
 * {@link failed} or {@link succeeded}; stale nonces and missing credentials are neither.
 */
export class FailureLimiter {
  readonly #clock: Clock;
  /** The one that failed longest ago first. */
  readonly #penalties = new Map<string, Penalty>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When an attempt may be made. Answers at once, and leaves nothing behind, for an address that need not wait. */
  turn(address: string, signal?: AbortSignal): Turn | Promise<Turn> {
    const penalty = this.#find(address);
    if (!penalty || (spacingOf(penalty) === 0 && penalty.waiting.size === 0)) return 'granted';
    if (signal?.aborted) return 'aborted';
    const now = this.#clock.monotonic();
    if (penalty.waiting.size === 0 && now >= penalty.nextAt) {
      penalty.nextAt = now + spacingOf(penalty);
      return 'granted';
    }
    return penalty.waiting.size < MOST_WAITING ? this.#wait(penalty, signal) : 'rejected';
  }

  /** The credentials of an attempt were wrong. */
  failed(address: string): void {
    const now = this.#clock.monotonic();
    const penalty = this.#find(address) ?? newPenalty(now);
    if (penalty.failures < FREE_FAILURES && now - penalty.windowStart >= FREE_WINDOW) {
      penalty.failures = 0;
      penalty.windowStart = now;
    }
    penalty.failures = Math.min(penalty.failures + 1, MOST_FAILURES);
    penalty.lastFailure = now;
    penalty.nextAt = Math.max(penalty.nextAt, now + spacingOf(penalty));
    this.#remember(addressKey(address), penalty);
  }

  /**
   * The credentials of an attempt were right: the address need not wait any longer. Its next failure makes it wait again at
   * once, so that logging in with one account buys no free guesses at another.
   */
  succeeded(address: string): void {
    const penalty = this.#find(address);
    if (!penalty || spacingOf(penalty) === 0) return;
    penalty.failures = FREE_FAILURES - 1;
    penalty.windowStart = this.#clock.monotonic();
    penalty.nextAt = penalty.windowStart;
    this.#arm(penalty);
  }

  #find(address: string): Penalty | undefined {
    if (this.#penalties.size === 0) return undefined;
    const key = addressKey(address);
    const penalty = this.#penalties.get(key);
    if (!penalty || this.#clock.monotonic() - penalty.lastFailure < MEMORY) return penalty;
    this.#penalties.delete(key);
    return undefined;
  }

  /** A penalty that goes while attempts wait serves them to the end; only new ones start afresh. */
  #remember(key: string, penalty: Penalty): void {
    this.#penalties.delete(key);
    for (const [oldest, { lastFailure }] of this.#penalties) {
      if (this.#penalties.size < CAPACITY && penalty.lastFailure - lastFailure < MEMORY) break;
      this.#penalties.delete(oldest);
    }
    this.#penalties.set(key, penalty);
  }

  #wait(penalty: Penalty, signal: AbortSignal | undefined): Promise<Turn> {
    return new Promise((resolve) => {
      const end = (turn: Turn) => {
        penalty.waiting.delete(grant);
        signal?.removeEventListener('abort', abort);
        resolve(turn);
      };
      const grant = () => end('granted');
      const abort = () => {
        end('aborted');
        if (penalty.waiting.size === 0) this.#disarm(penalty);
      };
      signal?.addEventListener('abort', abort);
      penalty.waiting.add(grant);
      if (!penalty.cancelTimer) this.#arm(penalty);
    });
  }

  #arm(penalty: Penalty): void {
    this.#disarm(penalty);
    if (penalty.waiting.size === 0) return;
    const wait = Math.max(0, penalty.nextAt - this.#clock.monotonic());
    penalty.cancelTimer = this.#clock.after(wait, () => this.#grantNext(penalty));
  }

  #disarm(penalty: Penalty): void {
    penalty.cancelTimer?.();
    penalty.cancelTimer = undefined;
  }

  /** The timer, not this call, serves the one after: by then the result of this attempt is known. */
  #grantNext(penalty: Penalty): void {
    const now = this.#clock.monotonic();
    if (now >= penalty.nextAt) {
      penalty.nextAt = now + spacingOf(penalty);
      const [grant] = penalty.waiting;
      grant?.();
    }
    this.#arm(penalty);
  }
}

const newPenalty = (now: number): Penalty => ({
  failures: 0,
  windowStart: now,
  lastFailure: now,
  nextAt: now,
  waiting: new Set(),
  cancelTimer: undefined,
});

/** Milliseconds between two attempts. */
function spacingOf({ failures }: Penalty): number {
  return failures < FREE_FAILURES ? 0 : Math.min(FIRST_SPACING * 2 ** (failures - FREE_FAILURES), LONGEST_SPACING);
}
