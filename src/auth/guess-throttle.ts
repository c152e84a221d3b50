import type { Cancel, Clock } from '../core/clock.ts';

/** The pace to which a throttle slows failures down. */
export interface ThrottlePolicy {
  /** Failures within {@link FREE_WINDOW} that cost nothing: a person mistypes, a program tries an old password. */
  readonly freeFailures: number;
  /** Milliseconds between two attempts after the last free failure; doubles with each further one. */
  readonly firstSpacing: number;
  /** Most milliseconds between two attempts: the pace that a guesser is left with. */
  readonly longestSpacing: number;
  /** Most attempts of one key that may wait, each with an open connection. */
  readonly places: number;
}

/** Milliseconds within which the free failures are counted. */
export const FREE_WINDOW = 60_000;

/** Most keys that are remembered, about 4 MB. */
const CAPACITY = 10_000;

/** Most parties that failed under one key and are told apart: the latest. */
const MOST_PARTIES = 32;

/** Most failures of one party that are counted: more make no difference. */
const MOST_COUNTED = 1_000_000;

/** Milliseconds from its last failure until a key is forgotten. */
const MEMORY = 10 * 60_000;

/**
 * The answer to an attempt. `granted`: check the credentials. `rejected`: too many attempts are waiting; answer 429. `aborted`: the
 * signal fired first.
 */
export type Turn = 'granted' | 'rejected' | 'aborted';

/** A party that wants a turn. */
export interface Party {
  /** What failures are counted by: a user name at an address. */
  readonly id: string;
  /** How often credentials on its connection were wrong, or were not looked at because too many waited. */
  readonly troubles: number;
}

interface Waiting extends Party {
  end(turn: Turn): void;
}

/** What is remembered of a key that failed. Times are monotonic, milliseconds. */
interface Penalty {
  failures: number;
  windowStart: number;
  lastFailure: number;
  /** No attempt before this. */
  nextAt: number;
  /** Failures by party. */
  readonly wrong: Map<string, number>;
  /** Failures of parties that showed the right credentials after them, to be counted again with the next one. */
  readonly forgiven: Map<string, { readonly failures: number; readonly at: number }>;
  /** In order of arrival. */
  readonly waiting: Set<Waiting>;
  turns: number;
  cancelTimer: Cancel | undefined;
}

/**
 * Spaces out the attempts after too many failures, key by key: an address, a network, a user name. Beyond the free failures they
 * are taken one at a time, at growing distance.
 *
 * Attempts are not served in order of arrival, for a guesser would fill the line. The turn goes to the party with the fewest
 * failures, and of several to the newest and to the one before it, by turns. A guesser who makes many attempts at a time
 * makes the next one when one of them is answered; an attempt that comes in between is newer than all but that one, and so has its
 * turn within three. When all places are taken, an attempt takes the place of the one with the most failures, and of several
 * the one that has waited longest, unless it has more itself.
 */
export class GuessThrottle {
  readonly #clock: Clock;
  readonly #policy: ThrottlePolicy;
  /** The one that failed longest ago first. */
  readonly #penalties = new Map<string, Penalty>();

  constructor(clock: Clock, policy: ThrottlePolicy) {
    this.#clock = clock;
    this.#policy = policy;
  }

  /**
   * Returns when an attempt may be made: at once, leaving nothing behind, for a key that need not wait.
   *
   * @param client its `signal` fires when the client has gone; read only where attempts may have to wait
   */
  turn(key: string, party: Party, client: { readonly signal?: AbortSignal | undefined }): Turn | Promise<Turn> {
    const penalty = this.#find(key);
    if (!penalty || (this.#spacing(penalty) === 0 && penalty.waiting.size === 0)) return 'granted';
    const { signal } = client;
    if (signal?.aborted) return 'aborted';
    const now = this.#clock.monotonic();
    if (penalty.waiting.size === 0 && now >= penalty.nextAt) {
      penalty.nextAt = now + this.#spacing(penalty);
      return 'granted';
    }
    return penalty.waiting.size < this.#policy.places || rejectWorst(penalty, party) ? this.#wait(penalty, party, signal) : 'rejected';
  }

  /** Notes that the credentials of an attempt were wrong. */
  failed(key: string, id: string): void {
    const now = this.#clock.monotonic();
    const penalty = this.#find(key) ?? newPenalty(now);
    if (penalty.failures < this.#policy.freeFailures && now - penalty.windowStart >= FREE_WINDOW) {
      penalty.failures = 0;
      penalty.windowStart = now;
      penalty.wrong.clear();
      penalty.forgiven.clear();
    }
    const forgiven = penalty.forgiven.get(id);
    penalty.forgiven.delete(id);
    const count = 1 + (forgiven && now - forgiven.at < FREE_WINDOW ? forgiven.failures : 0);
    penalty.failures = Math.min(penalty.failures + count, MOST_COUNTED);
    putLast(penalty.wrong, id, Math.min((penalty.wrong.get(id) ?? 0) + count, MOST_COUNTED));
    penalty.lastFailure = now;
    penalty.nextAt = Math.max(penalty.nextAt, now + this.#spacing(penalty));
    this.#remember(key, penalty);
  }

  /**
   * Notes that the credentials of an attempt were right: the party's failures make nobody wait any more. With its next one they all
   * count again, so that no success buys guesses; those of others go on counting, so that logging in with one account buys none at
   * another.
   */
  succeeded(key: string, id: string): void {
    const penalty = this.#find(key);
    if (!penalty || this.#spacing(penalty) === 0) return;
    const failures = penalty.wrong.get(id);
    if (failures === undefined) return;
    const now = this.#clock.monotonic();
    penalty.wrong.delete(id);
    putLast(penalty.forgiven, id, { failures, at: now });
    penalty.failures = Math.max(penalty.failures - failures, this.#policy.freeFailures - 1);
    if (this.#spacing(penalty) > 0) return;
    penalty.windowStart = now;
    penalty.nextAt = now;
    this.#arm(penalty);
  }

  /** Returns the failures of a party under a key, as far as they are remembered. */
  failuresOf(key: string, id: string): number {
    return this.#find(key)?.wrong.get(id) ?? 0;
  }

  /** Returns the milliseconds between two attempts. */
  #spacing({ failures }: Penalty): number {
    const { freeFailures, firstSpacing, longestSpacing } = this.#policy;
    return failures < freeFailures ? 0 : Math.min(firstSpacing * 2 ** (failures - freeFailures), longestSpacing);
  }

  #find(key: string): Penalty | undefined {
    if (this.#penalties.size === 0) return undefined;
    const penalty = this.#penalties.get(key);
    if (!penalty || this.#clock.monotonic() - penalty.lastFailure < MEMORY) return penalty;
    this.#penalties.delete(key);
    return undefined;
  }

  /** Keeps a penalty. One that is dropped while attempts wait serves them to the end; only new ones start afresh. */
  #remember(key: string, penalty: Penalty): void {
    this.#penalties.delete(key);
    for (const [oldest, { lastFailure }] of this.#penalties) {
      if (this.#penalties.size < CAPACITY && penalty.lastFailure - lastFailure < MEMORY) break;
      this.#penalties.delete(oldest);
    }
    this.#penalties.set(key, penalty);
  }

  #wait(penalty: Penalty, { id, troubles }: Party, signal: AbortSignal | undefined): Promise<Turn> {
    return new Promise((resolve) => {
      const abort = () => {
        waiting.end('aborted');
        if (penalty.waiting.size === 0) this.#disarm(penalty);
      };
      const waiting: Waiting = {
        id,
        troubles,
        end(turn) {
          penalty.waiting.delete(waiting);
          signal?.removeEventListener('abort', abort);
          resolve(turn);
        },
      };
      signal?.addEventListener('abort', abort);
      penalty.waiting.add(waiting);
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

  /** Grants the next turn. The timer, not this call, serves the one after: by then the result of this attempt is known. */
  #grantNext(penalty: Penalty): void {
    const now = this.#clock.monotonic();
    if (now >= penalty.nextAt) {
      penalty.nextAt = now + this.#spacing(penalty);
      penalty.turns++;
      next(penalty)?.end('granted');
    }
    this.#arm(penalty);
  }
}

const newPenalty = (now: number): Penalty => ({
  failures: 0,
  windowStart: now,
  lastFailure: now,
  nextAt: now,
  wrong: new Map(),
  forgiven: new Map(),
  waiting: new Set(),
  turns: 0,
  cancelTimer: undefined,
});

/** Sets an entry, as the latest of {@link MOST_PARTIES}. */
function putLast<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  const [oldest] = map.keys();
  if (oldest !== undefined && map.size >= MOST_PARTIES) map.delete(oldest);
  map.set(key, value);
}

const failuresOf = ({ wrong }: Penalty, party: Party): number => party.troubles + (wrong.get(party.id) ?? 0);

/** Returns the attempt whose turn it is. */
function next(penalty: Penalty): Waiting | undefined {
  let fewest = Number.POSITIVE_INFINITY;
  let newest: Waiting | undefined;
  let before: Waiting | undefined;
  for (const each of penalty.waiting) {
    const failures = failuresOf(penalty, each);
    if (failures > fewest) continue;
    before = failures === fewest ? newest : undefined;
    newest = each;
    fewest = failures;
  }
  return penalty.turns % 2 === 0 ? (before ?? newest) : newest;
}

/** Rejects the waiting attempt with the most failures. Returns false where the one that comes has more than any of them. */
function rejectWorst(penalty: Penalty, party: Party): boolean {
  let most = failuresOf(penalty, party) - 1;
  let worst: Waiting | undefined;
  for (const each of penalty.waiting) {
    const failures = failuresOf(penalty, each);
    if (failures <= most) continue;
    worst = each;
    most = failures;
  }
  worst?.end('rejected');
  return worst !== undefined;
}
