import type { Cancel, Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { Recent } from './recent.ts';
import { EVERYBODY, ReplayCache, type UserTokens } from './replay-cache.ts';
import { type TimeRange, TimeRanges } from './time-ranges.ts';

/**
 * Milliseconds of Created that are noted on disk ahead of the tokens used, so that there is no more than one write in this time: SD
 * cards wear out. After a power cut a client waits no longer than this and what its clock is slow; not at all where a time server
 * sets the camera's clock.
 */
const AHEAD = 15 * 60_000;
/** The same for times before: clients come with clocks that are slow by a little more or less. */
const BEHIND = 60_000;

/** How often the clock is looked at, milliseconds: once a time server has set it, it is known when this run began. */
const CLOCK_CHECK_MS = 10_000;

/** How far a clock that nobody set may differ from itself, milliseconds; no program is started in less. */
const SAME_CLOCK = 100;

/** Most users whose marks are kept; see {@link ReplayCache}. */
const MAX_USERS = 256;

/** The record on disk of one user. */
export interface UserRecord {
  readonly name: string;
  /** How far tokens were ahead of the camera's clock at most, milliseconds. */
  readonly lead: number;
  /** After an orderly stop: see {@link UserTokens}. While the program runs: the spans in which Created of all used tokens lies. */
  readonly ranges: readonly TimeRange[];
  /** See {@link UserTokens}; empty while the program runs. */
  readonly seen: UserTokens['seen'];
}

/** The record on disk. */
export interface UsedTokensRecord {
  /** Whether it was written at the end of a run. A run that ends without that leaves the record of its beginning, which says no. */
  readonly orderly: boolean;
  /** The run of the machine in which it was written; undefined where that cannot be told. */
  readonly bootId?: string | undefined;
  /** When that run began by the clock as it was then, milliseconds since the Unix epoch. */
  readonly bootedAt: number;
  /** Whether the clock was right when tokens were used, as far as one can know: a time server had set it, and then nobody else does. */
  readonly clockWasRight?: boolean | undefined;
  readonly users: readonly UserRecord[];
}

/** The store of the record. */
export interface UsedTokensStore {
  /** Returns the record; undefined: there is none, as no token was ever used. */
  read(): UsedTokensRecord | 'damaged' | undefined;
  /** Writes the record. Resolves when a power cut cannot undo that any more; rejects if it could not be written. */
  write(record: UsedTokensRecord): Promise<void>;
}

/** The run of the machine. */
export interface Boot {
  /** Name that differs from run to run; undefined where there is none. */
  readonly id: string | undefined;
  /** Returns the milliseconds since it began, by a clock that nobody sets. */
  elapsed(): number;
  /** Returns whether a time server has set the clock since it began. */
  isClockSet(): boolean;
}

/** The use of a token. `taken`: it is the first. `replayed`: the token was used before. `forgotten`: nobody knows. */
export type TokenUse = 'taken' | 'replayed' | 'forgotten';

/** The memory of which tokens have been used. */
export interface TokenMemory {
  /** See {@link ReplayCache.take}. A promise of `taken` where it has to be noted on disk first; it does not reject. */
  take(user: string, digest: string, created: number): TokenUse | Promise<'taken'>;
}

/** What the memory goes by, and where it is kept. */
export interface UsedTokensOptions {
  readonly clock: Clock;
  /** How far Created may differ from the clock, milliseconds. */
  readonly window: number;
  /** Most tokens that are remembered; default as in {@link ReplayCache}. */
  readonly capacity?: number;
  /** Where the record is kept. */
  readonly store: UsedTokensStore;
  readonly boot: Boot;
  readonly log: Logger;
}

class Mark {
  lead = 0;
  readonly used = new TimeRanges();
}

/**
 * Remembers which tokens have been used, through restarts and power cuts, without a write for each.
 *
 * An orderly stop leaves all that is known on disk, and the next start takes it from there: nobody notices the restart. While
 * the program runs, only spans of time are on disk, in which Created of all tokens lies that were accepted; before one outside
 * is accepted the span is made longer, a minute at a time. After a power cut or a crash every token within them is refused, as
 * it may have been used. Created alone decides, so that no clock that is wrong at the start lets an old token in, and none that is
 * right keeps a new one out for long.
 *
 * After a crash the machine's clock is still the same one, so that only tokens up to the start are refused, or as much later
 * as the fastest clock among that user's clients was ahead. After a power cut it may have gone back; once a time server has set
 * it, as it had before, the same holds.
 */
export class UsedTokens implements TokenMemory {
  readonly #options: UsedTokensOptions;
  readonly #cache: ReplayCache;
  readonly #marks = new Recent(MAX_USERS, () => new Mark());
  #phase: 'new' | 'open' | 'closed' = 'new';
  /** Whether there is a record on disk. */
  #onDisk = false;
  /** When the machine's run began by the clock as it was set when that was last looked at. */
  #lastBootedAt = 0;
  /** Whether a time server had set the clock when that was last looked at. */
  #wasClockSet = false;
  /** Whether the record on disk is out of date about the clock. */
  #hasClockChanged = false;
  #cancelClockCheck: Cancel = () => {};
  /** When this run began, monotonic, milliseconds. */
  #openedAt = 0;
  /** The records that a power cut left, for as long as nothing but the times in them is known. */
  #doubtful: readonly UserRecord[] = [];
  /** Writes that have not come to an end. */
  #writing: Promise<void> | undefined;
  #hasExplained = false;

  constructor(options: UsedTokensOptions) {
    this.#options = options;
    this.#cache = new ReplayCache(options);
  }

  /** Takes over what the last run left. To be called before anything is taken. Never rejects. */
  async open(): Promise<void> {
    if (this.#phase !== 'new') return;
    this.#phase = 'open';
    this.#lastBootedAt = this.#bootedAt();
    this.#wasClockSet = this.#options.boot.isClockSet();
    this.#openedAt = this.#options.clock.monotonic();
    this.#cancelClockCheck = this.#options.clock.every(CLOCK_CHECK_MS, () => this.#followClock());
    const { clock, window, store, log } = this.#options;
    const record = store.read();
    if (record === undefined) return;
    this.#onDisk = true;
    if (record === 'damaged') {
      log.warn(`What was kept of used ONVIF logins is damaged; those with a password digest are refused for ${window / 1000} s.`);
      this.#restore({ name: EVERYBODY, ranges: [[0, clock.now() + window]], seen: [] });
    } else for (const user of record.users) this.#restore(record.orderly ? user : this.#afterCrash(user, record));
    if (this.#wasClockSet) this.#resolveDoubts();
    // The list of the stop is void once anything is used: what a crash would leave must be on disk before.
    if (record === 'damaged' || record.orderly) await this.#write(false);
  }

  /** Takes a token once; see {@link TokenMemory.take}. */
  take(user: string, digest: string, created: number): TokenUse | Promise<'taken'> {
    if (this.#phase !== 'open') return 'forgotten';
    let use = this.#cache.take(user, digest, created);
    if (use === 'forgotten' && this.#doubtful.length > 0) {
      this.#followClock();
      use = this.#cache.take(user, digest, created);
    }
    if (use === 'forgotten') this.#explainOnce(user, created);
    if (use !== 'taken') return use;
    if (this.#mark(user, created)) void this.#write(false);
    return this.#writing?.then(() => 'taken' as const) ?? use;
  }

  /** Leaves what is known to the next run; nothing is accepted after that. Never rejects. */
  async close(): Promise<void> {
    const wasOpen = this.#phase === 'open';
    this.#phase = 'closed';
    this.#cancelClockCheck();
    if (wasOpen && (this.#onDisk || this.#writing !== undefined)) await this.#write(true);
  }

  /** Returns what can be relied on of a user's tokens after a run that did not end in order. */
  #afterCrash({ name, lead, ranges }: UserRecord, { bootId, bootedAt, clockWasRight }: UsedTokensRecord): Omit<UserRecord, 'lead'> {
    const sameRun = bootId !== undefined && bootId === this.#options.boot.id;
    const sameClock = sameRun && Math.abs(bootedAt - this.#bootedAt()) < SAME_CLOCK;
    if (!sameRun && clockWasRight) this.#doubtful = [...this.#doubtful, { name, lead, ranges, seen: [] }];
    const used = sameClock ? new TimeRanges(ranges).until(this.#options.clock.now() + lead).list : ranges;
    return { name, ranges: used, seen: [] };
  }

  /** Ends the doubts, since a right clock tells when this run began: what is in doubt was used before that. */
  #resolveDoubts(): void {
    const { clock } = this.#options;
    const began = clock.now() - (clock.monotonic() - this.#openedAt);
    for (const { name, lead, ranges } of this.#doubtful) {
      const used = new TimeRanges(ranges).until(began + lead);
      this.#cache.doubt(name, used);
    }
    this.#doubtful = [];
  }

  #restore({ name, ranges, seen }: Omit<UserRecord, 'lead'>): void {
    const isDoubtful = this.#doubtful.some((each) => each.name === name);
    this.#cache.restore({ name, seen, forgotten: isDoubtful ? [] : ranges });
    if (isDoubtful) this.#cache.doubt(name, new TimeRanges(ranges));
    const mark = this.#marks.of(name);
    for (const [from, to] of ranges) mark.used.add(from, to);
    for (const [, created] of seen) mark.used.add(created - BEHIND, created + AHEAD);
    const last = seen.reduce((latest, [, created]) => Math.max(latest, created), ranges.at(-1)?.[1] ?? 0);
    mark.lead = Math.max(0, last - this.#options.clock.now());
  }

  /** Notes that a token is used. Returns whether that has to be on disk first. */
  #mark(user: string, created: number): boolean {
    this.#followClock();
    const mark = this.#marks.of(user);
    const lead = created - this.#options.clock.now();
    if (!this.#hasClockChanged && mark.used.has(created) && lead <= mark.lead) return false;
    this.#hasClockChanged = false;
    mark.used.add(created - BEHIND, created + AHEAD);
    // Doubled each time, so that it is seldom written.
    if (lead > mark.lead) mark.lead = 1000 * 2 ** Math.max(0, Math.ceil(Math.log2(lead / 1000)));
    return true;
  }

  /** Takes note of the clock having been set. Where it was set back, tokens of before are ahead of it by as much more. */
  #followClock(): void {
    const forward = this.#bootedAt() - this.#lastBootedAt;
    const wasClockSet = this.#wasClockSet;
    this.#wasClockSet = this.#options.boot.isClockSet();
    if (this.#wasClockSet && !wasClockSet) this.#resolveDoubts();
    this.#hasClockChanged ||= this.#wasClockSet !== wasClockSet;
    if (Math.abs(forward) < SAME_CLOCK) return;
    this.#hasClockChanged = true;
    this.#lastBootedAt += forward;
    if (forward < 0) for (const [, mark] of this.#marks) mark.lead -= forward;
  }

  #record(orderly: boolean): UsedTokensRecord {
    const users = orderly
      ? this.#cache.list().map(({ name, seen, forgotten }) => ({ name, lead: 0, ranges: forgotten, seen }))
      : [...this.#marks].map(([name, { lead, used }]) => ({ name, lead, ranges: used.list, seen: [] }));
    return {
      orderly,
      bootId: this.#options.boot.id,
      bootedAt: this.#lastBootedAt,
      clockWasRight: this.#wasClockSet,
      users,
    };
  }

  /** Writes the record, one after the other. A disk that takes nothing keeps nobody out: a full one is easier to bring about than a power cut. */
  #write(orderly: boolean): Promise<void> {
    const writing = (this.#writing ?? Promise.resolve())
      .then(() => {
        this.#onDisk = true;
        return this.#options.store.write(this.#record(orderly));
      })
      .catch((error: unknown) => {
        const hint = error instanceof AppError ? ` ${error.hint}` : '';
        this.#options.log.error(`${messageOf(error)}. After a power cut or a restart a copied ONVIF login could work again.${hint}`);
      })
      .finally(() => {
        if (this.#writing === writing) this.#writing = undefined;
      });
    this.#writing = writing;
    return writing;
  }

  #explainOnce(user: string, created: number): void {
    if (this.#hasExplained) return;
    this.#hasExplained = true;
    const why = 'it may have been used before the camera stopped without warning, or before its clock was set back';
    const next =
      "A client whose clock is right gets in once a time server (NTP) has set the camera's clock, or within a quarter of an hour; " +
      'one whose clock is slow that much later. Set its clock.';
    this.#options.log.warn(`An ONVIF login of "${user}", created at ${new Date(created).toISOString()}, was refused: ${why}. ${next}`);
  }

  #bootedAt(): number {
    const { clock, boot } = this.#options;
    return clock.now() - boot.elapsed();
  }
}
