import { type BackoffPolicy, backoffDelay } from './backoff.ts';
import type { Cancel, Clock } from './clock.ts';
import type { AppError } from './errors.ts';
import { pause } from './pause.ts';

/** Why a life ended: an error, `restart` when that was asked for, or `stopped` when it was not wanted any more. */
export type LifeEnd = AppError | 'restart' | 'stopped';

/** A life that ended by itself. */
export interface Failure {
  readonly error: AppError;
  /** Failures in a row, this one included. */
  readonly count: number;
  /**
   * `stalled`: it has worked since it was wanted, and is soon tried again; `failed`: it has never worked, fails again and again, or
   * cannot work before somebody changes something.
   */
  readonly state: 'stalled' | 'failed';
  /** Milliseconds until the next try. */
  readonly delay: number;
}

/** What is kept alive, and who hears of it. */
export interface KeepAliveOptions {
  /** Lives once. Resolves when nothing of that life is left, with the reason why it ended; never rejects. */
  readonly live: (wanted: AbortSignal) => Promise<LifeEnd>;
  /** Returns how much all lives have given so far (pictures, access units): one that gave something worked. */
  readonly given: () => number;
  /** How soon to try again after an error. */
  readonly retry: (error: AppError) => BackoffPolicy;
  /** Shortest rest after a failure that {@link KeepAlive.retry} leaves, milliseconds. */
  readonly shortestRest: number;
  /** Called with each failure, before the rest that follows it. */
  readonly onFailure: (failure: Failure) => void;
  /** Called when it begins to be wanted, before the first life. */
  readonly onWanted?: () => void;
  /** Called when it is not wanted any more and nothing of it is left. @param resting false: it is wanted again already */
  readonly onUnwanted: (resting: boolean) => void;
  readonly clock: Clock;
  /** 0 to 1, for the spread of retries; default `Math.random`. */
  readonly random?: (() => number) | undefined;
}

/** Length of a healthy life, milliseconds: a failure after it counts as the first. */
const HEALTHY_MS = 10_000;
/** Failures in a row with which "stalled" becomes "failed". */
const STALLS_UNTIL_FAILED = 4;

/**
 * Keeps one thing alive while it is wanted (a capture, an encoder): starts it again, with backoff, when it ended by itself.
 * There are never two lives: the next one begins only when nothing of the one before is left.
 */
export class KeepAlive {
  #wanted: AbortController | undefined;
  #running: Promise<void> | undefined;
  /** The rest after a failure, if there is one; times are monotonic, milliseconds. */
  #rest: { readonly since: number; readonly until: number; readonly endAfter: (ms: number) => void } | undefined;
  /** Whether the next rest is to be the shortest. */
  #soon = false;

  constructor(private readonly options: KeepAliveOptions) {}

  /** Whether it is wanted. */
  get isWanted(): boolean {
    return this.#wanted !== undefined;
  }

  /** Milliseconds that a rest after a failure still lasts; undefined where there is none. */
  get restLeft(): number | undefined {
    return this.#rest && this.#rest.until - this.options.clock.monotonic();
  }

  /** Declares it wanted. Returns at once; nothing happens where it is wanted already. */
  start(): void {
    this.#wanted ??= new AbortController();
    this.#running ??= this.#run();
  }

  /** Declares it unwanted. Resolves when nothing of it is left. */
  async stop(): Promise<void> {
    this.#wanted?.abort();
    this.#wanted = undefined;
    await this.#running;
  }

  /**
   * Ends the rest after a failure, at the earliest {@link KeepAliveOptions.shortestRest} after it. During a life it is the next
   * rest that will be so short: what was mended meanwhile may have come too late for this one.
   */
  retry(): void {
    const rest = this.#rest;
    if (!rest) {
      this.#soon = true;
      return;
    }
    const now = this.options.clock.monotonic();
    const left = rest.since + this.options.shortestRest - now;
    if (left < rest.until - now) rest.endAfter(Math.max(0, left));
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      this.options.onWanted?.();
      await this.#liveOn(this.#wanted.signal);
      // It may be wanted again since the last life was being ended.
      this.options.onUnwanted(!this.#wanted);
    }
    this.#running = undefined;
  }

  async #liveOn(wanted: AbortSignal): Promise<void> {
    const { clock, live, given, retry, shortestRest, onFailure, random } = this.options;
    let count = 0;
    let worked = false;
    this.#soon = false;
    while (!wanted.aborted) {
      const began = clock.monotonic();
      const before = given();
      const error = await live(wanted);
      if (wanted.aborted || error === 'stopped') return;
      if (error === 'restart') {
        count = 0;
        continue;
      }
      const gave = given() > before;
      worked ||= gave;
      count = gave && clock.monotonic() - began >= HEALTHY_MS ? 1 : count + 1;
      const usual = backoffDelay(retry(error), count, random);
      const delay = this.#soon ? Math.min(usual, shortestRest) : usual;
      this.#soon = false;
      onFailure({ error, count, state: worked && count < STALLS_UNTIL_FAILED && !error.permanent ? 'stalled' : 'failed', delay });
      await this.#pause(delay, wanted);
    }
  }

  async #pause(delay: number, wanted: AbortSignal): Promise<void> {
    const { clock } = this.options;
    const over = new AbortController();
    const since = clock.monotonic();
    const end = () => over.abort();
    let cancel: Cancel | undefined;
    const endAfter = (ms: number) => {
      if (ms === 0) end();
      else cancel ??= clock.after(ms, end);
    };
    this.#rest = { since, until: since + delay, endAfter };
    wanted.addEventListener('abort', end, { once: true });
    if (wanted.aborted) end();
    await pause(clock, delay, over.signal);
    cancel?.();
    wanted.removeEventListener('abort', end);
    this.#rest = undefined;
  }
}
