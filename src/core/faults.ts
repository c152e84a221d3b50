import type { Cancel, Clock } from './clock.ts';
import type { Logger } from './log.ts';

/** Time between two lines about a fault that keeps happening, milliseconds. */
const REMINDER_MS = 60 * 60_000;
/** Most different faults that are remembered; further ones are counted as one. */
const MAX_KINDS = 64;

/** What is remembered of one kind of fault. */
interface Kind {
  /** How often it happened since the last line about it. */
  unsaid: number;
  /** When that line was written, monotonic, milliseconds. */
  toldAt: number;
}

/**
 * Takes errors that nobody expected: mistakes in this program. A camera that goes on with one of them in its log is worth
 * more than one that has stopped, so each is told once with its stack, and then once an hour with its number.
 */
export class Faults {
  readonly #kinds = new Map<string, Kind>();
  #count = 0;

  constructor(
    private readonly log: Logger,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {}

  /** Number of faults since the start. */
  get count(): number {
    return this.#count;
  }

  /** Takes an error. Never throws. */
  readonly take = (error: unknown): void => {
    this.#count++;
    const text = describe(error);
    const name = this.#kinds.size < MAX_KINDS || this.#kinds.has(text) ? text : 'others';
    const now = this.clock.monotonic();
    const kind = this.#kinds.get(name);
    if (kind && now - kind.toldAt < REMINDER_MS) {
      kind.unsaid++;
      return;
    }
    this.#kinds.set(name, { unsaid: 0, toldAt: now });
    const again = kind && kind.unsaid > 0 ? { suppressed: kind.unsaid } : {};
    this.log.error(`internal error, please report it; the camera goes on: ${text}`, again);
  };
}

/**
 * Returns a clock whose callbacks cannot end the program: what one throws goes to `onFault`, and a periodic one is called again at its
 * time. All periodic work of the program runs on this clock.
 */
export function guardedClock(clock: Clock, onFault: (error: unknown) => void): Clock {
  const guarded = (fn: () => void) => () => {
    try {
      fn();
    } catch (error) {
      onFault(error);
    }
  };
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after: (ms: number, fn: () => void): Cancel => clock.after(ms, guarded(fn)),
    every: (ms: number, fn: () => void): Cancel => clock.every(ms, guarded(fn)),
  };
}

/** Returns the stack, which tells one fault from another; thrown things that make even that fail are named by their type. */
function describe(error: unknown): string {
  try {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  } catch {
    return typeof error;
  }
}
