import { type BackoffPolicy, backoffDelay } from '../core/backoff.ts';
import { bufferGarbage } from '../core/buffer-garbage.ts';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { pause } from '../core/pause.ts';
import { RateLimiter } from '../core/rate-limiter.ts';
import { Frame, type Picture } from '../frames/frame.ts';
import type { Capture, Source } from './source.ts';
import { JpegSplitter, MAX_PICTURE_BYTES, type SplitterCounters } from './splitter.ts';

export type CameraState = 'idle' | 'starting' | 'live' | 'stalled' | 'failed';

export interface CameraReport {
  readonly state: CameraState;
  /** Why it is stalled or failed. */
  readonly error: AppError | undefined;
  /** What the user should know although pictures come. */
  readonly notices: readonly AppError[];
  /** Description of the source, once it is known. */
  readonly source: string | undefined;
}

export interface SupervisorOptions {
  /** Pictures per second to pass on at most; asked before each capture. */
  readonly fps: () => number;
  /** Finds the source; called before each capture. */
  readonly resolve: () => Promise<Source>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onFrame: (frame: Frame) => void;
  readonly onReport: (report: CameraReport) => void;
  readonly random?: () => number;
}

/** First retry soon, since a capture that just died usually comes back; 30 s keeps a machine without a camera quiet. */
const RETRY: BackoffPolicy = { firstMs: 300, maxMs: 30_000 };
/** A capture that ran this long was healthy: the next failure counts as the first. */
const HEALTHY_MS = 10_000;
/** This many failures in a row after pictures had come, and "stalled" becomes "failed". */
const STALLS_UNTIL_FAILED = 4;
/** Time to the first picture: a Pi Zero needs about 4 s, a slow webcam 5 s; plus ten pictures at the capture rate. */
const START_TIMEOUT_MS = 12_000;
/** Without a picture for this long a running capture counts as stalled; or for five intervals, if that is longer. */
const STALL_MS = 3000;
const WATCHDOG_INTERVAL_MS = 500;
/** More than anybody reads. */
const MAX_NOTICES = 20;
/** Capture that is thinned out to a rate this close costs more pictures than it saves. */
const RATE_TOLERANCE = 1.05;

/**
 * Keeps one capture alive while it is wanted: starts it, watches for pictures (not for the program's end: a lost sensor
 * leaves rpicam-vid running for ever), restarts it with backoff. There is never a second capture: a new one starts only
 * when the one before is gone.
 */
export class CameraSupervisor {
  readonly counters: SplitterCounters & { starts: number; frames: number } = {
    starts: 0,
    frames: 0,
    pictures: 0,
    droppedPictures: 0,
    droppedBytes: 0,
  };

  #wanted: AbortController | undefined;
  #running: Promise<void> | undefined;
  /** Ends the capture under way, if there is one. */
  #finish: ((reason: AppError) => void) | undefined;
  #report: CameraReport = { state: 'idle', error: undefined, notices: [], source: undefined };

  constructor(private readonly options: SupervisorOptions) {}

  get report(): CameraReport {
    return this.#report;
  }

  /** Wants pictures. Returns at once; frames and reports follow. */
  start(): void {
    if (this.#wanted) return;
    this.#wanted = new AbortController();
    this.#set({ state: 'starting', error: undefined });
    this.#running ??= this.#run();
  }

  /** Wants no more pictures. Resolves when no capture is left. */
  async stop(): Promise<void> {
    this.#wanted?.abort();
    this.#wanted = undefined;
    await this.#running;
  }

  /** Ends the capture under way and starts the next one at once, as after a change of settings; viewers stay. */
  restart(): void {
    this.#finish?.(RESTARTED);
  }

  async #run(): Promise<void> {
    while (this.#wanted) {
      await this.#keepAlive(this.#wanted.signal);
      // Wanted again while the last capture was being stopped: go round, otherwise rest.
      if (!this.#wanted) this.#set({ state: 'idle', error: undefined });
    }
    this.#running = undefined;
  }

  async #keepAlive(wanted: AbortSignal): Promise<void> {
    const { clock, log } = this.options;
    let failures = 0;
    let hadFrames = false;
    while (!wanted.aborted) {
      const began = clock.monotonic();
      const framesBefore = this.counters.frames;
      const error = await this.#capture(wanted);
      if (wanted.aborted) return;
      if (error === RESTARTED) {
        failures = 0;
        continue;
      }
      const gotFrames = this.counters.frames > framesBefore;
      if (gotFrames) {
        hadFrames = true;
        failures = clock.monotonic() - began >= HEALTHY_MS ? 1 : failures + 1;
      } else failures++;
      const state = hadFrames && failures < STALLS_UNTIL_FAILED && !error.permanent ? 'stalled' : 'failed';
      const delay = backoffDelay(RETRY, failures, this.options.random);
      const news = this.#report.error?.code !== error.code || this.#report.state !== state;
      this.#set({ state, error });
      const text = `${error.message} ${error.hint}`;
      if (news) log.warn(`camera ${state}: ${text}`, { code: error.code, retryInSeconds: Math.round(delay / 100) / 10 });
      else log.debug(`camera ${state}: ${text}`, { attempt: failures });
      await pause(clock, delay, wanted);
    }
  }

  /** One capture from start to end. Resolves when nothing of it is left, with the reason why it ended by itself. */
  async #capture(wanted: AbortSignal): Promise<AppError> {
    const { clock, log } = this.options;
    let source: Source;
    try {
      source = await this.options.resolve();
    } catch (error) {
      return error instanceof AppError ? error : new AppError('CAPTURE_ENDED', messageOf(error), { cause: error });
    }
    if (wanted.aborted) return STOPPED;
    this.#set({ source: source.description, notices: [] });

    const fps = this.options.fps();
    const limiter = source.captureFps !== undefined && source.captureFps <= fps * RATE_TOLERANCE ? undefined : new RateLimiter(fps);
    const interval = 1000 / (source.captureFps ?? fps);
    const startTimeout = START_TIMEOUT_MS + 10 * interval;
    const stallTimeout = Math.max(STALL_MS, 5 * interval);
    const began = clock.monotonic();
    let lastFrame: number | undefined;

    return new Promise((resolve) => {
      let capture: Capture | undefined;
      let over = false;
      const finish = (reason: AppError) => {
        if (over) return;
        over = true;
        this.#finish = undefined;
        stopWatchdog();
        wanted.removeEventListener('abort', onAbort);
        void (capture?.stop() ?? Promise.resolve()).then(() => resolve(reason));
      };
      this.#finish = finish;
      const onAbort = () => finish(STOPPED);
      const onPicture = (picture: Picture) => {
        if (over) return;
        const now = clock.monotonic();
        if (lastFrame === undefined)
          log.info(`camera live: ${source.description}`, {
            width: picture.width,
            height: picture.height,
            afterMs: Math.round(now - began),
          });
        lastFrame = now;
        if (!limiter || limiter.pass(now)) {
          this.counters.frames++;
          if (this.#report.state !== 'live') this.#set({ state: 'live', error: undefined });
          this.options.onFrame(new Frame(picture, this.counters.frames, clock.now(), now));
        }
        bufferGarbage.count(picture.room.length);
      };
      const splitter = new JpegSplitter(onPicture, MAX_PICTURE_BYTES, this.counters);
      const stopWatchdog = clock.every(WATCHDOG_INTERVAL_MS, () => {
        const now = clock.monotonic();
        const explained = this.#report.notices.find((notice) => notice.code === 'SENSOR_LOST');
        if (lastFrame === undefined) {
          if (now - began > startTimeout)
            finish(
              explained ?? new AppError('NO_FRAMES', `${source.description} sent no picture within ${Math.round(startTimeout / 1000)} s.`),
            );
        } else if (now - lastFrame > stallTimeout) {
          finish(explained ?? new AppError('CAPTURE_ENDED', `${source.description} sends no more pictures.`, { hint: 'It is restarted.' }));
        }
      });
      wanted.addEventListener('abort', onAbort, { once: true });
      this.counters.starts++;
      try {
        capture = source.start({
          bytes: (chunk) => splitter.push(chunk),
          picture: onPicture,
          notice: (error) => {
            if (over) return;
            if (this.#report.notices.some(({ message }) => message === error.message)) return;
            log.warn(`${error.message} ${error.hint}`, { code: error.code });
            this.#set({ notices: [...this.#report.notices, error].slice(-MAX_NOTICES) });
          },
          ended: finish,
        });
      } catch (error) {
        finish(new AppError('CAPTURE_ENDED', messageOf(error), { cause: error }));
      }
    });
  }

  #set(change: Partial<CameraReport>): void {
    this.#report = { ...this.#report, ...change };
    this.options.onReport(this.#report);
  }
}

/** The end of a capture that was asked for; nobody gets to see these. */
const STOPPED = new AppError('CAPTURE_ENDED', 'Stopped.');
const RESTARTED = new AppError('CAPTURE_ENDED', 'Restarted.');
