import { createHash } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { Recent } from './recent.ts';
import { type TimeRange, TimeRanges } from './time-ranges.ts';

/** Milliseconds of Created that are forgotten together. */
const SLOT = 1000;

/** Most tokens, some 150 bytes each. It takes dozens of requests a second for minutes to reach it. */
const CAPACITY = 50_000;

/** Most users. There are 32 at a time; this is for those who come and go. */
const MAX_USERS = 256;

/** Bytes of a hash, half the size of SHA-256: enough that nobody finds two tokens with one hash. */
const HASH_BYTES = 16;

/** The name under which stands what holds for all users; no user can have it. */
export const EVERYBODY = '';

/** What is known of one user's used tokens. */
export interface UserTokens {
  readonly name: string;
  /** Hashes of tokens that were used, with their Created in milliseconds since the Unix epoch; those used first come first. */
  readonly seen: readonly (readonly [hash: string, created: number])[];
  /** Created of tokens that may have been used, and of which nothing more is known. */
  readonly forgotten: readonly TimeRange[];
}

interface Use {
  readonly created: number;
  /** Monotonic, milliseconds. */
  readonly takenAt: number;
}

class Memory {
  /** Uses by the hash of the token; those used first come first. */
  readonly seen = new Map<string, Use>();
  readonly forgotten = new TimeRanges();
  /** See {@link ReplayCache.doubt}. */
  doubted = new TimeRanges();

  isForgotten(created: number): boolean {
    return this.forgotten.has(created) || this.doubted.has(created);
  }

  /** Forgets a token, which was used all the same: nothing of its time is accepted any more. */
  forget(hash: string, { created }: Use): void {
    this.seen.delete(hash);
    const slot = Math.floor(created / SLOT) * SLOT;
    this.forgotten.add(slot, slot + SLOT - 1);
  }
}

/**
 * Remembers which tokens have been used, user by user, so that none works twice. A token is remembered until its time would not be
 * accepted, by the wall clock and by the time that has really passed: setting the clock forward and back makes nothing acceptable
 * again. Of a token that is forgotten, then or because there are too many, the time stays known, and nothing of that time is accepted
 * from that user.
 *
 * When there are too many, the user with the most tokens loses his oldest: one user cannot push out what others used.
 */
export class ReplayCache {
  readonly #clock: Clock;
  readonly #window: number;
  readonly #capacity: number;
  readonly #memories = new Recent(MAX_USERS, () => new Memory());
  #sweptAt: number;

  /**
   * @param options.window how far Created may differ from the wall clock, milliseconds
   * @param options.capacity most tokens
   */
  constructor({ clock, window, capacity = CAPACITY }: { clock: Clock; window: number; capacity?: number }) {
    this.#clock = clock;
    this.#window = window;
    this.#capacity = capacity;
    this.#sweptAt = clock.monotonic();
  }

  /** Number of tokens that are remembered. */
  get size(): number {
    let size = 0;
    for (const [, { seen }] of this.#memories) size += seen.size;
    return size;
  }

  /**
   * Takes a token once.
   *
   * @param user whose token it is
   * @param digest text that tells this token from all others of this user
   * @param created milliseconds since the Unix epoch, within the window
   * @returns `replayed` if it was taken before; `forgotten` if that is not known any more
   */
  take(user: string, digest: string, created: number): 'taken' | 'replayed' | 'forgotten' {
    this.#sweep();
    const memory = this.#memories.of(user);
    const hash = createHash('sha256').update(digest).digest().toString('base64url', 0, HASH_BYTES);
    if (memory.seen.has(hash)) return 'replayed';
    if (memory.isForgotten(created) || this.#memories.peek(EVERYBODY)?.isForgotten(created)) return 'forgotten';
    memory.seen.set(hash, { created, takenAt: this.#clock.monotonic() });
    if (this.size > this.#capacity) this.#dropOldest();
    return 'taken';
  }

  /** Returns all that is known, to be {@link restore}d after a restart. */
  list(): UserTokens[] {
    this.#sweep();
    return [...this.#memories]
      .map(([name, { seen, forgotten, doubted }]) => ({
        name,
        seen: [...seen].map(([hash, { created }]) => [hash, created] as const),
        forgotten: new TimeRanges([...forgotten.list, ...doubted.list]).list,
      }))
      .filter(({ seen, forgotten }) => seen.length > 0 || forgotten.length > 0);
  }

  /** Adds what was known before a restart. How long that took is not known: what was seen is remembered as if it were used at this moment. */
  restore({ name, seen, forgotten }: UserTokens): void {
    const memory = this.#memories.of(name);
    const takenAt = this.#clock.monotonic();
    for (const [hash, created] of seen) memory.seen.set(hash, { created, takenAt });
    for (const [from, to] of forgotten) memory.forgotten.add(from, to);
    while (this.size > this.#capacity) this.#dropOldest();
  }

  /** Has nothing of these times accepted from a user, until this is called with others. */
  doubt(name: string, times: TimeRanges): void {
    this.#memories.of(name).doubted = times;
  }

  /** Forgets the tokens that cannot be acceptable again unless somebody sets the clock back: their times are enough. */
  #sweep(): void {
    const monotonic = this.#clock.monotonic();
    if (monotonic - this.#sweptAt < Math.max(SLOT, this.#window / 20)) return;
    this.#sweptAt = monotonic;
    const oldest = this.#clock.now() - this.#window;
    for (const [, memory] of this.#memories) {
      for (const [hash, use] of memory.seen) {
        // Created up to a window ahead, it stays acceptable for two.
        if (monotonic - use.takenAt < 2 * this.#window) break;
        if (use.created < oldest) memory.forget(hash, use);
      }
    }
  }

  #dropOldest(): void {
    let most: Memory | undefined;
    for (const [, memory] of this.#memories) if (!most || memory.seen.size > most.seen.size) most = memory;
    const [first] = most?.seen ?? [];
    if (first) most?.forget(...first);
  }
}
