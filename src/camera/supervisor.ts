import { type BackoffPolicy, backoffDelay } from '../core/backoff.ts';
import { bufferGarbage } from '../core/buffer-garbage.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { AppError, type ErrorCode, messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { pause } from '../core/pause.ts';
import { RateLimiter } from '../core/rate-limiter.ts';
import { Frame, type Picture } from '../frames/frame.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import type { Capture, Source } from './source.ts';
import { JpegSplitter, MAX_PICTURE_BYTES, type SplitterCounters } from './splitter.ts';

export interface SupervisorOptions {
  /** Pictures per second to pass on at most; asked before each capture. */
  readonly fps: () => number;
  /** Finds the source; called before each capture. */
  readonly resolve: () => Promise<Source>;
  /** Whether somebody waits for pictures, so that a failed capture is tried again soon. */
  readonly watched: () => boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onFrame: (frame: Frame) => void;
  readonly onReport: (report: CameraStatus) => void;
  readonly random?: () => number;
}

/** First retry soon, since a capture that just died usually comes back; 30 s keeps a machine without a camera quiet. */
const RETRY: BackoffPolicy = { firstMs: 300, maxMs: 30_000 };
/** While somebody waits: from the repaired camera to the picture within 5 s, of which a Pi needs 2 to start it. */
const RETRY_WATCHED: BackoffPolicy = { firstMs: 300, maxMs: 2000 };
/** What hardly changes while the program runs, and costs a start of the capture program to look at: no hurry, even if watched. */
const SETTLED: ReadonlySet<ErrorCode> = new Set([
  'OPTION_UNKNOWN',
  'OPTION_INVALID',
  'SETTING_UNSUPPORTED',
  'LEGACY_STACK',
  'PLATFORM_UNSUPPORTED',
] as const);
/** Shortest rest after a failure, milliseconds, however often somebody asks for another try. */
const SHORTEST_REST_MS = 1000;
/** A capture that ran this long was healthy: the next failure counts as the first. */
const HEALTHY_MS = 10_000;
/** This many failures in a row after pictures had come, and "stalled" becomes "failed". */
const STALLS_UNTIL_FAILED = 4;
/** Time to the first picture: a Pi Zero needs about 4 s, a slow webcam 5 s; plus ten pictures at the capture rate. */
const START_TIMEOUT_MS = 12_000;
/** Without a picture for this long a running capture counts as stalled; or for five intervals, if that is longer. */
const STALL_MS = 3000;
/** A second picture missing after this long, and the capture is told as stalled, milliseconds: a busy machine is late by less. */
const HICCUP_MS = 1000;
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
  /** The pause after a failure, if there is one. */
  #rest: { readonly since: number; readonly until: number; readonly endAfter: (ms: number) => void } | undefined;
  /** The next pause after a failure is to be short. */
  #again = false;
  #report: CameraStatus = { state: 'idle', error: undefined, notices: [], source: undefined };

  constructor(private readonly options: SupervisorOptions) {}

  get report(): CameraStatus {
    return this.#report;
  }

  /** Wants pictures. Returns at once; frames and reports follow. If they are wanted already, a long pause after failures ends. */
  start(): void {
    if (this.#wanted) {
      if (this.#rest && this.#rest.until - this.options.clock.monotonic() > RETRY_WATCHED.maxMs) this.retry();
      return;
    }
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

  /**
   * Ends the capture under way and starts the next one at once, as after a change of settings; viewers stay.
   * @param otherSource the next one has other pictures: until the first of them nothing is live
   */
  restart(otherSource = false): void {
    if (otherSource && this.#finish) this.#set({ state: 'starting', error: undefined });
    this.#finish?.(RESTARTED);
    if (this.#rest) this.retry();
  }

  /**
   * Ends the pause after a failure, at the earliest {@link SHORTEST_REST_MS} after it. During a try it is the next pause that
   * will be so short: what was mended meanwhile may have come too late for this one.
   */
  retry(): void {
    const rest = this.#rest;
    if (!rest) {
      this.#again = this.#report.state !== 'live';
      return;
    }
    const { clock } = this.options;
    const left = rest.since + SHORTEST_REST_MS - clock.monotonic();
    if (left < rest.until - clock.monotonic()) rest.endAfter(Math.max(0, left));
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
    let said = '';
    this.#again = false;
    /** The newest error since the last picture that says more than that a program ended. */
    let telling: AppError | undefined;
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
        said = '';
        telling = undefined;
        failures = clock.monotonic() - began >= HEALTHY_MS ? 1 : failures + 1;
      } else failures++;
      const state = hadFrames && failures < STALLS_UNTIL_FAILED && !error.permanent ? 'stalled' : 'failed';
      const hurry = this.options.watched() && !SETTLED.has(error.code);
      const usual = backoffDelay(hurry ? RETRY_WATCHED : RETRY, failures, this.options.random);
      const delay = this.#again ? Math.min(usual, SHORTEST_REST_MS) : usual;
      this.#again = false;
      const shown = withReason(telling, error);
      if (error.code !== 'CAPTURE_ENDED') telling = error;
      this.#set({ state, error: shown });
      const text = `camera ${state}: ${shown.message} ${shown.hint}`;
      if (text !== said) log.warn(text, { code: shown.code, retryInSeconds: Math.round(delay / 100) / 10 });
      else log.debug(text, { attempt: failures });
      said = text;
      await this.#pause(delay, wanted);
    }
  }

  async #pause(delay: number, wanted: AbortSignal): Promise<void> {
    const { clock } = this.options;
    const over = new AbortController();
    const since = clock.monotonic();
    const end = () => over.abort();
    let cancel: Cancel | undefined;
    this.#rest = { since, until: since + delay, endAfter: (ms) => (cancel ??= clock.after(ms, end)) };
    wanted.addEventListener('abort', end, { once: true });
    if (wanted.aborted) end();
    await pause(clock, delay, over.signal);
    cancel?.();
    wanted.removeEventListener('abort', end);
    this.#rest = undefined;
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
    const silent = `${source.description} sends no more pictures.`;
    let lastFrame: number | undefined;
    /** Between the last two pictures, milliseconds: a webcam is slower in the dark than it was asked to be. */
    let gap = interval;
    let looked = began;
    let late = false;

    return new Promise((resolve) => {
      let capture: Capture | undefined;
      let over = false;
      const finish = (reason: AppError, frozen = false) => {
        if (over) return;
        over = true;
        this.#finish = undefined;
        stopWatchdog();
        wanted.removeEventListener('abort', onAbort);
        void (capture?.stop(frozen) ?? Promise.resolve()).then(() => resolve(reason));
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
        else gap = now - lastFrame;
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
        // We were held up ourselves (a suspended machine, a stopped process): what came meanwhile is not read yet.
        // Once in a row, or nothing would ever be noticed on a machine that is always late.
        late = !late && now - looked > 2 * WATCHDOG_INTERVAL_MS;
        looked = now;
        if (late) return;
        const explained = this.#report.notices.find((notice) => notice.code === 'SENSOR_LOST');
        if (lastFrame === undefined) {
          if (now - began > startTimeout) {
            const message = `${source.description} sent no picture within ${Math.round(startTimeout / 1000)} s.`;
            finish(explained ?? new AppError('NO_FRAMES', message), true);
          }
          return;
        }
        const silence = now - lastFrame;
        const error = explained ?? new AppError('CAPTURE_ENDED', silent, { hint: 'It is restarted.' });
        if (silence > stallTimeout) finish(error, true);
        else if (silence > Math.max(HICCUP_MS, 2 * interval, 2 * gap) && this.#report.state === 'live') {
          this.#set({ state: 'stalled', error });
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
          ended: (error) => finish(error),
        });
      } catch (error) {
        finish(new AppError('CAPTURE_ENDED', messageOf(error), { cause: error }));
      }
    });
  }

  #set(change: Partial<CameraStatus>): void {
    this.#report = { ...this.#report, ...change };
    this.options.onReport(this.#report);
  }
}

/** An error that says nothing but that a program ended, with what is known of the tries before it. */
function withReason(telling: AppError | undefined, error: AppError): AppError {
  if (telling === undefined || error.code !== 'CAPTURE_ENDED') return error;
  return new AppError(telling.code, `${telling.message} After that: ${error.message}`, { hint: telling.hint, cause: error });
}

/** The end of a capture that was asked for; nobody gets to see these. */
const STOPPED = new AppError('CAPTURE_ENDED', 'Stopped.');
const RESTARTED = new AppError('CAPTURE_ENDED', 'Restarted.');
