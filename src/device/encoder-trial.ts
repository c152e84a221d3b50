import { statSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import type { State, StateStore } from '../config/state.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { type AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { EncoderChoice } from '../encode/ffmpeg/probe.ts';
import { findProgram } from '../platform/programs.ts';

/** What the trial is of, and where its outcome is kept. */
export interface EncoderTrialOptions {
  readonly config: Pick<Config['h264'], 'encoder' | 'ffmpegPath'>;
  /** Where it is kept which encoder works. */
  readonly state: StateStore;
  /** Returns what the user is told where nothing works; undefined, or left out: that there is no H.264. */
  readonly lack?: () => AppError | undefined;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A stream that is encoded with what the trial finds. */
export interface EncoderUser {
  /** Whether it encodes at this moment. */
  readonly isLive: boolean;
  /** Takes the encoders that work; called again where other ones turn out to. */
  use(choice: EncoderChoice): Promise<void>;
  /** Gives up: no encoder works. */
  lose(): Promise<void>;
}

/**
 * Longest time that a client is kept waiting, milliseconds: clients give up after 3 s, and the answer itself takes a while on a
 * small Pi.
 */
const PATIENCE_MS = 2000;

/**
 * Pauses before further trials, milliseconds, where one came to no end of its own: it was ended for lack of memory, or took too long
 * on a card that was just started from. The last one counts.
 */
const PAUSES_MS = [30_000, 120_000, 600_000] as const;

/**
 * Finds out which H.264 encoders work on this machine. Trying them takes a second, on a small Pi several, and recorders that come back
 * after a power failure do not wait: until a trial of this start has shown something, that of an earlier one is believed, if ffmpeg
 * is still the same.
 */
export class EncoderTrial {
  readonly #users: EncoderUser[] = [];
  readonly #stopped = new AbortController();
  #trial: Promise<void> | undefined;
  #trying = true;
  /** Whether what an earlier start found holds until a trial shows something. */
  #believed = false;
  /** Cancels the next trial. */
  #cancelNext: Cancel | undefined;

  constructor(private readonly options: EncoderTrialOptions) {}

  /** Whether it is not known yet; where ffmpeg is, an encoder nearly always is. */
  get trying(): boolean {
    return this.#trying;
  }

  /** Adds a stream that is to hear of the outcome. To be called before {@link start}. */
  add(user: EncoderUser): void {
    this.#users.push(user);
  }

  /** Resolves when it is known or believed whether there is H.264, or after {@link PATIENCE_MS}. */
  async known(): Promise<void> {
    if (!this.#trying || this.#believed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(PATIENCE_MS, resolve);
      void this.over.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Resolves when the trial under way is over; at once between two. */
  get over(): Promise<void> {
    return this.#trial ?? Promise.resolve();
  }

  /** Begins with what is remembered, and tries the encoders in the background. */
  async start(): Promise<void> {
    const { config, state, searchPath } = this.options;
    const ffmpeg = config.ffmpegPath || findProgram('ffmpeg', searchPath);
    const file = ffmpeg === undefined ? undefined : fileAt(ffmpeg);
    const kept = state.state.encoder;
    if (file && kept && kept.wanted === config.encoder && sameFile(kept, file)) {
      const { hardware, software } = kept;
      this.#believed = true;
      await this.#use({ ffmpeg: file.ffmpeg, hardware, software });
    }
    this.#begin(ffmpeg, PAUSES_MS);
  }

  /** Begins a trial. @param pauses those before further ones */
  #begin(ffmpeg: string | undefined, pauses: readonly number[]): void {
    this.#trial = this.#try(ffmpeg, pauses)
      .catch((error: unknown) => this.options.log.error(`H.264 cannot be had: ${messageOf(error)}`))
      .finally(() => {
        this.#trying = false;
      });
  }

  /** Ends the trial; nobody is told of its outcome. */
  stop(): void {
    this.#cancelNext?.();
    this.#stopped.abort();
  }

  async #try(ffmpeg: string | undefined, pauses: readonly number[]): Promise<void> {
    const { config, searchPath, clock, log } = this.options;
    const { signal } = this.#stopped;
    const { probeEncoder } = await import('../encode/ffmpeg/probe.ts');
    const found = await probeEncoder({ ffmpeg, wanted: config.encoder, searchPath, log, signal });
    if (signal.aborted) return;
    if ('ok' in found) {
      const file = fileAt(found.ok.ffmpeg);
      const { hardware, software } = found.ok;
      this.#keep(file && { ...file, wanted: config.encoder, hardware, software });
      await this.#use(found.ok);
      return;
    }
    // Beside an encoder at work a small machine may not have had the time for a trial; what is seen counts for more.
    if (this.#users.some(({ isLive }) => isLive)) {
      log.debug(`H.264 is live although its trial failed: ${found.error.message}`);
      return;
    }
    const isUndecided = found.undecided && ffmpeg !== undefined && fileAt(ffmpeg) !== undefined;
    const [pause, ...later] = isUndecided ? pauses : [];
    const retryInSeconds = pause && pause / 1000;
    if (pause !== undefined) this.#cancelNext = clock.after(pause, () => this.#begin(ffmpeg, later));
    if (pause !== undefined && this.#believed) {
      log.info(`The trial of H.264 showed nothing, so what an earlier one found is believed. ${found.error.message}`, { retryInSeconds });
      return;
    }
    const { message, hint, code } = this.options.lack?.() ?? found.error;
    log.info(`${message} ${hint}`, { code, retryInSeconds });
    this.#keep(undefined);
    this.#trying = false;
    await Promise.all(this.#users.map((user) => user.lose()));
  }

  async #use(choice: EncoderChoice): Promise<void> {
    await Promise.all(this.#users.map((user) => user.use(choice)));
  }

  /** Keeps the outcome for the next start. Writes only what is new: memory cards wear out. */
  #keep(encoder: State['encoder']): void {
    const { state, log } = this.options;
    if (JSON.stringify(encoder) === JSON.stringify(state.state.encoder)) return;
    try {
      state.update({ encoder });
    } catch (error) {
      log.warn(`Which H.264 encoder works is not known at the next start before it was tried again: ${messageOf(error)}`);
    }
  }
}

type ProgramFile = Pick<NonNullable<State['encoder']>, 'ffmpeg' | 'modified' | 'size'>;

/** Returns what tells one ffmpeg from another; undefined: there is no such file. */
function fileAt(ffmpeg: string): ProgramFile | undefined {
  const stat = statSync(ffmpeg, { throwIfNoEntry: false });
  return stat && { ffmpeg, modified: stat.mtimeMs, size: stat.size };
}

const sameFile = (one: ProgramFile, other: ProgramFile): boolean =>
  one.ffmpeg === other.ffmpeg && one.modified === other.modified && one.size === other.size;
