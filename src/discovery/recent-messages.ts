import type { Clock } from '../core/clock.ts';

/** How long a message is remembered, milliseconds: repetitions of one (SOAP-over-UDP) come within two seconds. */
const MEMORY_MS = 5000;
/** Messages remembered at most, the latest. */
const MAX_MESSAGES = 512;

/** Tells repetitions of a message from new ones. Not for ever: some programs have one MessageID for every search. */
export class RecentMessages {
  readonly #seen = new Map<string, number>();

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  /** Remembers a message. @returns whether it is new */
  add(key: string): boolean {
    const now = this.clock.monotonic();
    const seen = this.#seen.get(key);
    if (seen !== undefined && now - seen < MEMORY_MS) return false;
    this.#seen.delete(key);
    this.#seen.set(key, now);
    if (this.#seen.size > MAX_MESSAGES) this.#seen.delete(this.#seen.keys().next().value as string);
    return true;
  }
}
