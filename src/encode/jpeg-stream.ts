import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { type Failure, KeepAlive, type LifeEnd } from '../core/keep-alive.ts';
import type { Logger } from '../core/log.ts';
import { RateLimiter } from '../core/rate-limiter.ts';
import type { AccessUnit } from '../frames/access-unit.ts';
import type { Frame } from '../frames/frame.ts';
import { findProgram } from '../platform/programs.ts';
import { FfmpegDecoder } from './ffmpeg/decoder.ts';
import type { FrameModeOption } from './ffmpeg/decoder-arguments.ts';
import { RETRY } from './retry.ts';

/** A feed of H.264 units, as a hub of the streams is one. */
export interface UnitFeed {
  /** Calls the listener with each unit, until the returned function is called. */
  subscribe(listener: (unit: AccessUnit) => void): () => void;
  /** The units from the last key frame on; empty while there is none. */
  readonly group: readonly AccessUnit[];
}

/** What a stream is made of. */
export interface JpegStreamOptions {
  readonly feed: UnitFeed;
  /** Path of ffmpeg, or empty: it is looked up in `searchPath`. */
  readonly ffmpegPath: string;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** JPEG quality, 1 to 100; asked at each key frame, and a new one is taken there. */
  readonly quality: () => number;
  /** Most pictures per second that are wanted; undefined: all. Asked for every unit. */
  readonly rate: () => number | undefined;
  /** Called with each JPEG. */
  readonly onFrame: (frame: Frame) => void;
  /** Called when {@link JpegStream.error} has become another one. */
  readonly onError: () => void;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 to 1, for the spread of retries; default `Math.random`. */
  readonly random?: () => number;
}

/** What became of the pictures, added up over restarts. */
export interface DecoderCounters {
  /** Decoders started. */
  starts: number;
  /** Units handed to a decoder. */
  units: number;
  /** Units left out because the decoder was too slow for them. */
  skipped: number;
  /** JPEGs that came out. */
  frames: number;
}

/** Shortest rest after a failure, milliseconds, however often somebody comes. */
const SHORTEST_REST_MS = 1000;
const MISSING =
  'This camera gives H.264 (camera.encoding: h264), and pictures for browsers, MJPEG and snapshots are made of it by ffmpeg, which is not installed.';
const MISSING_HINT =
  'Install it: `sudo apt install ffmpeg` (the small stream, /sub, comes at the next start), or set `camera.encoding: mjpeg`. H.264 by RTSP plays without it.';

/**
 * Makes JPEGs of the H.264 that a camera gives, with one decoder while they are wanted. The decoder begins with the running group
 * of pictures, so that the first JPEG comes at once; is started again when it dies; and leaves pictures out rather than be late.
 */
export class JpegStream {
  /** What became of the pictures, added up over restarts. */
  readonly counters: DecoderCounters = { starts: 0, units: 0, skipped: 0, frames: 0 };
  readonly #life: KeepAlive;
  #error: AppError | undefined;
  #frameMode: FrameModeOption = 'fps_mode';

  constructor(private readonly options: JpegStreamOptions) {
    const { clock, random } = options;
    this.#life = new KeepAlive({
      live: (wanted) => this.#decode(wanted),
      given: () => this.counters.frames,
      retry: () => RETRY,
      shortestRest: SHORTEST_REST_MS,
      onFailure: (failure) => this.#failed(failure),
      onUnwanted: () => this.#setError(undefined),
      clock,
      random,
    });
  }

  /** Why there can be no pictures: ffmpeg is missing, which is looked up at each call. Undefined: it is there. */
  get missing(): AppError | undefined {
    return this.#ffmpeg === undefined ? new AppError('H264_UNAVAILABLE', MISSING, { hint: MISSING_HINT }) : undefined;
  }

  /** Why there are no pictures although they are wanted; undefined: there are, or nobody wants them. */
  get error(): AppError | undefined {
    return this.#error;
  }

  /** Whether pictures are wanted. */
  get isWanted(): boolean {
    return this.#life.isWanted;
  }

  /** Makes pictures from here on. Returns at once. After a failure the next try comes soon. */
  start(): void {
    if (this.#life.isWanted && this.#life.restLeft !== undefined) this.#life.retry();
    this.#life.start();
  }

  /** Makes no more pictures. Resolves when nothing of the decoder is left. */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  get #ffmpeg(): string | undefined {
    const { ffmpegPath, searchPath } = this.options;
    return findProgram(ffmpegPath || 'ffmpeg', searchPath);
  }

  /** Runs one decoder, from the first unit to its end. Resolves when nothing of it is left, with the reason why it ended. */
  #decode(wanted: AbortSignal): Promise<LifeEnd> {
    const { feed, quality, rate } = this.options;
    const ffmpeg = this.#ffmpeg;
    if (ffmpeg === undefined) return Promise.resolve(this.missing!);
    return new Promise((resolve) => {
      let decoder: FfmpegDecoder | undefined;
      let over = false;
      const finish = (reason: LifeEnd) => {
        if (over) return;
        over = true;
        unsubscribe();
        wanted.removeEventListener('abort', onAbort);
        void (decoder?.stop() ?? Promise.resolve()).then(() => resolve(reason));
      };
      const onAbort = () => finish('stopped');
      wanted.addEventListener('abort', onAbort, { once: true });
      const begun = { quality: quality(), sps: undefined as Buffer | undefined };
      const pace = new Pace(rate);
      const take = (unit: AccessUnit, isNewest: boolean) => {
        if (over || (!decoder && !unit.keyframe)) return;
        begun.sps ??= unit.parameterSets.sps;
        // Other sizes, and another quality: the next decoder begins with this unit.
        if (unit.keyframe && (begun.quality !== quality() || !begun.sps.equals(unit.parameterSets.sps))) return finish('restart');
        decoder ??= this.#start(ffmpeg, begun.quality, finish);
        if (decoder.decode(unit, () => isNewest && pace.isDue(unit.monotonic))) this.counters.units++;
        else this.counters.skipped++;
      };
      const unsubscribe = feed.subscribe((unit) => take(unit, true));
      if (wanted.aborted) return onAbort();
      const { group } = feed;
      for (const [at, unit] of group.entries()) take(unit, at === group.length - 1);
    });
  }

  #start(ffmpeg: string, quality: number, finish: (reason: LifeEnd) => void): FfmpegDecoder {
    const { searchPath, clock, log, onFrame } = this.options;
    const began = clock.monotonic();
    let live = false;
    this.counters.starts++;
    const decoder = new FfmpegDecoder(
      { ffmpeg, quality, frameMode: this.#frameMode, searchPath, clock, log },
      {
        frame: (frame) => {
          if (!live) log.debug('JPEG live: decoded from the H.264', { afterMs: Math.round(clock.monotonic() - began) });
          live = true;
          this.counters.frames++;
          this.#setError(undefined);
          onFrame(frame);
        },
        ended: (error) => {
          const isOld = !live && this.#frameMode === 'fps_mode' && decoder.isOptionUnknown;
          if (isOld) this.#frameMode = 'vsync';
          finish(isOld ? 'restart' : error);
        },
      },
    );
    return decoder;
  }

  #failed({ error, count, state, delay }: Failure): void {
    const news = this.#error?.code !== error.code;
    this.#setError(error);
    const text = `JPEG ${state}: ${error.message} ${error.hint}`;
    if (news) this.options.log.warn(text, { code: error.code, retryInSeconds: Math.round(delay / 100) / 10 });
    else this.options.log.debug(text, { attempt: count });
  }

  #setError(error: AppError | undefined): void {
    if (error === this.#error) return;
    this.#error = error;
    this.options.onError();
  }
}

/** Tells which pictures are due at a rate that may change with each. */
class Pace {
  #rate: number | undefined;
  #limiter: RateLimiter | undefined;

  constructor(private readonly rate: () => number | undefined) {}

  isDue(time: number): boolean {
    const rate = this.rate();
    if (rate !== this.#rate) {
      this.#rate = rate;
      this.#limiter = rate === undefined ? undefined : new RateLimiter(rate);
    }
    return this.#limiter?.pass(time) ?? true;
  }
}
