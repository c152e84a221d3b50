import type { BackoffPolicy } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, type ErrorCode, messageOf } from '../core/errors.ts';
import { type Failure, KeepAlive, type LifeEnd } from '../core/keep-alive.ts';
import type { Logger } from '../core/log.ts';
import { RateLimiter } from '../core/rate-limiter.ts';
import type { AccessUnit, CodedPicture } from '../frames/access-unit.ts';
import { Frame, type Picture } from '../frames/frame.ts';
import { readSps } from '../frames/h264-sps.ts';
import { JpegSplitter, MAX_PICTURE_BYTES, type SplitterCounters } from '../frames/jpeg-splitter.ts';
import type { Sensed } from '../frames/sensed.ts';
import type { Size } from '../frames/size.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import { RisingTimes, StreamTimes } from '../frames/stream-times.ts';
import { countBuffer } from '../platform/memory.ts';
import { FLV_TIMESTAMP_MODULUS } from '../protocols/flv/demuxer.ts';
import { LOOK_INTERVAL_MS, PaceWatch } from './pace-watch.ts';
import type { Capture, Source } from './source.ts';

/** What a supervisor watches over, and who is told of what comes. */
export interface SupervisorOptions {
  /** Most pictures per second to pass on; asked before each capture. */
  readonly fps: () => number;
  /** Finds the source; called before each capture. */
  readonly resolve: () => Promise<Source>;
  /** Whether somebody waits for pictures, so that a failed capture is tried again soon. */
  readonly watched: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called with each JPEG that is passed on. */
  readonly onFrame: (frame: Frame) => void;
  /** Called with each unit of H.264. */
  readonly onUnit?: ((unit: AccessUnit) => void) | undefined;
  /** Called with each change of the camera's state. */
  readonly onReport: (report: CameraStatus) => void;
  /** Called with what the source knows of the scene by itself. */
  readonly onSensed?: ((sensed: Sensed) => void) | undefined;
  /** 0 to 1, for the spread of retries; default `Math.random`. */
  readonly random?: () => number;
}

/** First retry soon, since a capture that just died usually comes back; 30 s keeps a machine without a camera quiet. */
const RETRY: BackoffPolicy = { firstMs: 300, maxMs: 30_000 };
/** While somebody waits: from the repaired camera to the picture within 5 s, of which a Pi needs 2 to start it. */
const RETRY_WATCHED: BackoffPolicy = { firstMs: 300, maxMs: 2000 };
/** Seldom, even if watched, for what hardly changes while the program runs, and costs a start of the capture program to look at. */
const RETRY_SETTLED: BackoffPolicy = { firstMs: 30_000, maxMs: 30_000 };
const SETTLED: ReadonlySet<ErrorCode> = new Set([
  'OPTION_UNKNOWN',
  'OPTION_INVALID',
  'SETTING_UNSUPPORTED',
  'LEGACY_STACK',
  'PLATFORM_UNSUPPORTED',
] as const);
/** Shortest rest after a failure, milliseconds, however often somebody asks for another try. */
const SHORTEST_REST_MS = 1000;
/** Most notices that are kept: more than anybody reads. */
const MAX_NOTICES = 20;
/** Factor up to which a capture may be too fast and is not thinned out: that would cost more pictures than it saves. */
const RATE_TOLERANCE = 1.05;

/**
 * Keeps one capture alive while it is wanted: starts it, watches for pictures (not for the program's end: a lost sensor
 * leaves rpicam-vid running for ever), restarts it with backoff. There is never a second capture: a new one starts only
 * when the one before is gone.
 */
export class CameraSupervisor {
  /** What became of the captures and their pictures, added up over restarts: captures started, and pictures passed on. */
  readonly counters: SplitterCounters & { starts: number; frames: number } = {
    starts: 0,
    frames: 0,
    pictures: 0,
    droppedPictures: 0,
    droppedBytes: 0,
  };

  readonly #life: KeepAlive;
  /** Ends the capture under way, if there is one. */
  #finish: ((reason: LifeEnd) => void) | undefined;
  /** What the log was last told about failures since the last picture. */
  #said = '';
  /** Keeps the times of the pictures that are passed on rising, over restarts. */
  readonly #times = new RisingTimes();
  /** The newest error since the last picture that says more than that a program ended. */
  #telling: AppError | undefined;
  #report: CameraStatus = { state: 'idle', error: undefined, notices: [], source: undefined };

  constructor(private readonly options: SupervisorOptions) {
    const { clock, random } = options;
    this.#life = new KeepAlive({
      live: (wanted) => this.#capture(wanted),
      given: () => this.counters.frames,
      retry: ({ code }) => (SETTLED.has(code) ? RETRY_SETTLED : options.watched() ? RETRY_WATCHED : RETRY),
      shortestRest: SHORTEST_REST_MS,
      onFailure: (failure) => this.#failed(failure),
      onWanted: () => this.#forget(),
      onUnwanted: (resting) => {
        if (resting) this.#set({ state: 'idle', error: undefined });
      },
      clock,
      random,
    });
  }

  /** The state of the camera, the error behind it, and what the user should know. */
  get report(): CameraStatus {
    return this.#report;
  }

  /** Captures from here on. Returns at once; frames and reports follow. If they are wanted already, a long pause after failures ends. */
  start(): void {
    if (this.#life.isWanted) {
      if ((this.#life.restLeft ?? 0) > RETRY_WATCHED.maxMs) this.retry();
      return;
    }
    this.#set({ state: 'starting', error: undefined });
    this.#life.start();
  }

  /** Captures no more. Resolves when no capture is left. */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  /**
   * Ends the capture under way and starts the next one at once, as after a change of settings; viewers stay.
   * @param otherSource whether the next one has other pictures, so that nothing is live until the first of them
   */
  restart(otherSource = false): void {
    if (otherSource && this.#finish) this.#set({ state: 'starting', error: undefined });
    this.#finish?.('restart');
    if (this.#life.restLeft !== undefined) this.retry();
  }

  /**
   * Ends the pause after a failure, at the earliest {@link SHORTEST_REST_MS} after it. During a try it is the next pause that
   * will be so short: what was mended meanwhile may have come too late for this one.
   */
  retry(): void {
    if (this.#report.state !== 'live') this.#life.retry();
  }

  #failed({ error, count, state, delay }: Failure): void {
    const shown = withReason(this.#telling, error);
    if (error.code !== 'CAPTURE_ENDED') this.#telling = error;
    this.#set({ state, error: shown });
    const text = `camera ${state}: ${shown.message} ${shown.hint}`;
    const { log } = this.options;
    if (text !== this.#said) log.warn(text, { code: shown.code, retryInSeconds: Math.round(delay / 100) / 10 });
    else log.debug(text, { attempt: count });
    this.#said = text;
  }

  /** Forgets what was wrong: with a picture it is over. */
  #forget(): void {
    this.#said = '';
    this.#telling = undefined;
  }

  /** Runs one capture from start to end. Resolves when nothing of it is left, with the reason why it ended. */
  async #capture(wanted: AbortSignal): Promise<LifeEnd> {
    let source: Source;
    try {
      source = await this.options.resolve();
    } catch (error) {
      return error instanceof AppError ? error : new AppError('CAPTURE_ENDED', messageOf(error), { cause: error });
    }
    if (wanted.aborted) return 'stopped';
    this.#set({ source: source.description, notices: [] });
    return this.#run(source, wanted);
  }

  #run(source: Source, wanted: AbortSignal): Promise<LifeEnd> {
    const { clock, log } = this.options;
    const fps = this.options.fps();
    const watch = new PaceWatch(1000 / (source.captureFps ?? fps), clock.monotonic());
    return new Promise((resolve) => {
      let capture: Capture | undefined;
      let over = false;
      const finish = (reason: LifeEnd, frozen = false) => {
        if (over) return;
        over = true;
        this.#finish = undefined;
        stopLooking();
        wanted.removeEventListener('abort', onAbort);
        void (capture?.stop(frozen) ?? Promise.resolve()).then(() => resolve(reason));
      };
      this.#finish = finish;
      const onAbort = () => finish('stopped');
      const live = this.#lifeTeller(source, watch);
      const take = this.#pictureTaker(source, fps, live);
      const takeUnit = this.#unitTaker(live);
      const onPicture = (picture: Picture) => {
        if (!over) take(picture);
      };
      const stopLooking = clock.every(LOOK_INTERVAL_MS, () => this.#look(source, watch, finish));
      wanted.addEventListener('abort', onAbort, { once: true });
      const splitter = new JpegSplitter(onPicture, MAX_PICTURE_BYTES, this.counters);
      this.counters.starts++;
      const sensed = (what: Sensed) => {
        if (!over) this.options.onSensed?.(what);
      };
      sensed({ kind: 'begin' });
      try {
        capture = source.start({
          bytes: (chunk) => splitter.push(chunk),
          picture: onPicture,
          unit: (picture, ownTime) => {
            if (!over) takeUnit(picture, ownTime);
          },
          notice: (error) => {
            if (!over) this.#note(error);
          },
          sensed,
          again: (reason) => {
            if (over) return;
            log.warn(`${reason.message} ${reason.hint}`, { code: reason.code });
            finish('restart');
          },
          ended: (error) => finish(error),
        });
      } catch (error) {
        finish(new AppError('CAPTURE_ENDED', messageOf(error), { cause: error }));
      }
    });
  }

  /** Returns the function that is told of each picture of a capture about to begin, and logs with the first that the camera is live. */
  #lifeTeller(source: Source, watch: PaceWatch): (now: number, size: () => Size | undefined) => void {
    const { clock, log } = this.options;
    const began = clock.monotonic();
    return (now, size) => {
      if (!watch.picture(now)) return;
      const { width, height } = size() ?? {};
      log.info(`camera live: ${source.description}`, { width, height, afterMs: Math.round(now - began) });
    };
  }

  /** Returns the function that takes each JPEG of a capture about to begin. */
  #pictureTaker(source: Source, fps: number, live: (now: number, size: () => Size) => void): (picture: Picture) => void {
    const { clock, onFrame } = this.options;
    const limiter = source.captureFps !== undefined && source.captureFps <= fps * RATE_TOLERANCE ? undefined : new RateLimiter(fps);
    return (picture) => {
      const now = clock.monotonic();
      live(now, () => picture);
      if (!limiter || limiter.pass(now)) {
        this.#passing();
        onFrame(new Frame(picture, this.counters.frames, clock.now(), this.#times.next(now)));
      }
      countBuffer(picture.buffer.length);
    };
  }

  /** Returns the function that takes each unit of H.264 of a capture about to begin. None can be left out: the next ones need it. */
  #unitTaker(live: (now: number, size: () => Size | undefined) => void): (picture: CodedPicture, ownTime?: number) => void {
    const { clock, onUnit } = this.options;
    const times = new StreamTimes(FLV_TIMESTAMP_MODULUS);
    return (picture, ownTime) => {
      const now = clock.monotonic();
      live(now, () => readSps(picture.parameterSets.sps));
      const monotonic = this.#times.next(ownTime === undefined ? now : times.at(ownTime, now));
      this.#passing();
      onUnit?.({ ...picture, sequence: this.counters.frames, capturedAt: clock.now() - (now - monotonic), monotonic });
      countBuffer(picture.size);
    };
  }

  /** Notes that a picture is about to be passed on. */
  #passing(): void {
    this.counters.frames++;
    if (this.#said !== '') this.#forget();
    if (this.#report.state !== 'live') this.#set({ state: 'live', error: undefined });
  }

  /** Looks whether pictures still come, and reports or ends a capture that gives none. */
  #look(source: Source, watch: PaceWatch, finish: (reason: AppError, frozen: boolean) => void): void {
    const pace = watch.look(this.options.clock.monotonic());
    if (pace === 'good' || (pace === 'hiccup' && this.#report.state !== 'live')) return;
    const error =
      this.#report.notices.find((notice) => notice.code === 'SENSOR_LOST') ??
      (pace === 'none'
        ? new AppError('NO_FRAMES', `${source.description} sent no picture within ${Math.round(watch.startTimeout / 1000)} s.`)
        : new AppError('CAPTURE_ENDED', `${source.description} sends no more pictures.`, { hint: 'It is restarted.' }));
    if (pace === 'hiccup') this.#set({ state: 'stalled', error });
    else finish(error, true);
  }

  #note(error: AppError): void {
    if (this.#report.notices.some(({ message }) => message === error.message)) return;
    this.options.log.warn(`${error.message} ${error.hint}`, { code: error.code });
    this.#set({ notices: [...this.#report.notices, error].slice(-MAX_NOTICES) });
  }

  #set(change: Partial<CameraStatus>): void {
    this.#report = { ...this.#report, ...change };
    this.options.onReport(this.#report);
  }
}

/** Returns the error; one that only says that a program ended gets what is known of the tries before it. */
function withReason(telling: AppError | undefined, error: AppError): AppError {
  if (telling === undefined || error.code !== 'CAPTURE_ENDED') return error;
  return new AppError(telling.code, `${telling.message} After that: ${error.message}`, { hint: telling.hint, cause: error });
}
