import { statSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import type { State, StateStore } from '../config/state.ts';
import type { Clock } from '../core/clock.ts';
import { type AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { EncoderChoice } from '../encode/ffmpeg/probe.ts';
import { findProgram } from '../platform/programs.ts';

export interface EncoderTrialOptions {
  readonly config: Pick<Config['h264'], 'encoder' | 'ffmpegPath'>;
  /** Keeps which encoder works. */
  readonly state: StateStore;
  /** What the user is told where nothing works, instead of that there is no H.264; undefined: just that. */
  readonly lack?: () => AppError | undefined;
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What encodes by what the trial finds. */
export interface EncoderUser {
  /** It encodes at this moment. */
  readonly isLive: boolean;
  /** Takes what works; called again where that turns out to be something else. */
  use(choice: EncoderChoice): Promise<void>;
  /** Nothing works any more. */
  lose(): Promise<void>;
}

/** Clients give up after 3 s, and our own answer takes a while on a small Pi. */
const PATIENCE_MS = 2000;

/**
 * Which H.264 encoders work on this machine. Trying them takes a second, on a small Pi several, and recorders that come back
 * after a power failure do not wait: until the trial of this start is over, that of an earlier one is believed, if ffmpeg is
 * still the same.
 */
export class EncoderTrial {
  readonly #users: EncoderUser[] = [];
  readonly #stopped = new AbortController();
  #trial: Promise<void> | undefined;
  #trying = true;
  /** What an earlier start found holds for now. */
  #believed = false;

  constructor(private readonly options: EncoderTrialOptions) {}

  /** It is not known yet; where ffmpeg is, an encoder nearly always is. */
  get trying(): boolean {
    return this.#trying;
  }

  /** To be called before {@link start}. */
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

  /** Resolves when the trial of this start is over. */
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
    this.#trial = this.#try(ffmpeg)
      .catch((error: unknown) => this.options.log.error(`H.264 cannot be had: ${messageOf(error)}`))
      .finally(() => {
        this.#trying = false;
      });
  }

  /** Ends the trial; nobody is told of anything from now on. */
  stop(): void {
    this.#stopped.abort();
  }

  async #try(ffmpeg: string | undefined): Promise<void> {
    const { config, searchPath, log } = this.options;
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
    const { message, hint, code } = this.options.lack?.() ?? found.error;
    log.info(`${message} ${hint}`, { code });
    this.#keep(undefined);
    this.#trying = false;
    await Promise.all(this.#users.map((user) => user.lose()));
  }

  async #use(choice: EncoderChoice): Promise<void> {
    await Promise.all(this.#users.map((user) => user.use(choice)));
  }

  /** Writes only what is new: it is asked at each start, and memory cards wear out. */
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

/** Tells one ffmpeg from another. Undefined: there is none. */
function fileAt(ffmpeg: string): ProgramFile | undefined {
  const stat = statSync(ffmpeg, { throwIfNoEntry: false });
  return stat && { ffmpeg, modified: stat.mtimeMs, size: stat.size };
}

const sameFile = (one: ProgramFile, other: ProgramFile): boolean =>
  one.ffmpeg === other.ffmpeg && one.modified === other.modified && one.size === other.size;
