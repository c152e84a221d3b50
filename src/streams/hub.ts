import type { Cancel, Clock } from '../core/clock.ts';
import type { Frame } from '../frames/frame.ts';
import type { CameraStatus } from '../frames/stream-state.ts';

/** The camera as the hub commands it. */
export interface Demand {
  /** Somebody came. Called again when that happens to a camera that is on and failed. */
  start(): void;
  stop(): void;
  /** Somebody asks that a failed camera be tried again now. */
  retry(): void;
}

/** Called for every new frame, in the same turn in which it arrives; must not block. */
export type FrameListener = (frame: Frame) => void;

export interface HubOptions {
  readonly demand: Demand;
  /** Seconds between the last viewer's leaving and the camera's stop; `always` never stops it. */
  readonly idleTimeout: number | 'always';
  readonly clock: Clock;
}

/** Time for which a viewer who left is expected back, milliseconds: one that was refused asks again every 5 s or so. */
const RECENT_MS = 15_000;
/** Rates are averaged over this many frames. */
const RATE_WINDOW = 16;
/** A picture older than this is not current: the camera may have stopped a moment ago without anybody knowing yet. */
const CURRENT_MS = 1500;
/** The next picture is waited for as long as this many take, and in any case no longer than this: some clients wait 3 s in all. */
const NEXT_FRAMES = 3;
const NEXT_MS = 2000;

/**
 * The one place that fans pictures out. Holds the latest frame, counts who wants pictures (leases) and turns the camera
 * on for the first and off a while after the last.
 */
export class Hub {
  #latest: Frame | undefined;
  #stateSince: number;
  #status: CameraStatus = { state: 'idle', error: undefined, notices: [], source: undefined };
  readonly #listeners = new Set<FrameListener>();
  readonly #statusListeners = new Set<(status: CameraStatus) => void>();
  #leases = 0;
  /** When the last lease ended, monotonic milliseconds. */
  #leftAt = Number.NEGATIVE_INFINITY;
  #cancelIdle: Cancel | undefined;
  #on = false;
  readonly #times: number[] = [];

  constructor(private readonly options: HubOptions) {
    this.#stateSince = options.clock.monotonic();
  }

  /** Turns the camera on for good where it is never to be off. */
  start(): void {
    if (this.options.idleTimeout !== 'always' || this.#on) return;
    this.#on = true;
    this.options.demand.start();
  }

  /** Whether somebody wants pictures now, or did a moment ago. */
  get watched(): boolean {
    return this.#leases > 0 || this.options.clock.monotonic() - this.#leftAt < RECENT_MS;
  }

  /** Tries a failed camera again now rather than later; turns it on. */
  retry(): void {
    this.lease()();
    this.options.demand.retry();
  }

  /** The newest frame of the running capture; undefined while the camera is off. */
  get latest(): Frame | undefined {
    return this.#latest;
  }

  get status(): CameraStatus {
    return this.#status;
  }

  /** When the camera came into the state that it is in, monotonic milliseconds. */
  get stateSince(): number {
    return this.#stateSince;
  }

  /** Measured pictures per second, 0 while none come. */
  get fps(): number {
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    if (this.#status.state !== 'live' || first === undefined || last === undefined || last === first) return 0;
    return ((this.#times.length - 1) * 1000) / (last - first);
  }

  /** A slow camera's picture is current for longer: milliseconds. */
  #currentFor(): number {
    const [before, last] = this.#times.slice(-2);
    return before === undefined || last === undefined ? CURRENT_MS : Math.max(CURRENT_MS, 1.5 * (last - before));
  }

  publish(frame: Frame): void {
    this.#latest = frame;
    this.#times.push(frame.monotonic);
    if (this.#times.length > RATE_WINDOW) this.#times.shift();
    for (const listener of this.#listeners) listener(frame);
  }

  setStatus(status: CameraStatus): void {
    if (status.state !== this.#status.state) this.#stateSince = this.options.clock.monotonic();
    this.#status = status;
    if (status.state === 'idle' || status.state === 'starting') this.#times.length = 0;
    // A camera that is off has no current picture, and an old one is not to be taken for one.
    if (status.state === 'idle') this.#latest = undefined;
    for (const listener of this.#statusListeners) listener(status);
  }

  /** Wants the camera on. Returns the function that gives that up; calling it again does nothing. */
  lease(): () => void {
    this.#leases++;
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
    // Who comes to a camera that failed while nobody watched does not wait for its next try.
    if (!this.#on || (this.#leases === 1 && this.#status.state === 'failed')) {
      this.#on = true;
      this.options.demand.start();
    }
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#leases--;
      this.#leftAt = this.options.clock.monotonic();
      if (this.#leases === 0) this.#rest();
    };
  }

  #rest(): void {
    const seconds = this.options.idleTimeout;
    if (seconds === 'always') return;
    const stop = () => {
      this.#cancelIdle = undefined;
      this.#on = false;
      this.options.demand.stop();
    };
    if (seconds === 0) stop();
    else this.#cancelIdle = this.options.clock.after(seconds * 1000, stop);
  }

  /** Gets every frame from now on. Does not turn the camera on: that takes a {@link lease}. */
  subscribe(listener: FrameListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls the listener on every change of the camera's state. */
  watch(listener: (status: CameraStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /**
   * The frame that comes after one that somebody has, in the time of a few frames. Keeps the camera on meanwhile.
   * Resolves with undefined when none comes in that time or can be expected, when `signal` fires, and where the latest is
   * another one already.
   *
   * @param sequence of the frame that he has
   */
  async following(sequence: number, signal: AbortSignal): Promise<Frame | undefined> {
    const mayCome = () => this.#status.state === 'live';
    if (this.#latest?.sequence !== sequence || !mayCome()) return undefined;
    const withinMs = this.fps > 0 ? Math.min(NEXT_MS, (NEXT_FRAMES * 1000) / this.fps) : NEXT_MS;
    return this.#next(withinMs, signal, mayCome);
  }

  /**
   * A current picture: the latest one while the camera is live, else the first to come. Turns the camera on.
   * Resolves with undefined when there is none within `timeoutMs`, when waiting cannot help, or when `signal` fires.
   */
  current(timeoutMs: number, signal: AbortSignal): Promise<Frame | undefined> {
    const release = this.lease();
    const latest = this.#latest;
    if (this.#status.state === 'live' && latest && this.options.clock.monotonic() - latest.monotonic <= this.#currentFor()) {
      release();
      return Promise.resolve(latest);
    }
    const mayCome = () => !(this.#status.state === 'failed' && this.#status.error?.permanent === true);
    const next = this.#next(timeoutMs, signal, mayCome);
    release();
    return next;
  }

  /** The next frame to come. @param mayCome asked after every change of the camera's state: whether waiting helps */
  #next(timeoutMs: number, signal: AbortSignal, mayCome: () => boolean): Promise<Frame | undefined> {
    const release = this.lease();
    return new Promise((resolve) => {
      const done = (frame: Frame | undefined) => {
        cancelTimer();
        stopFrames();
        stopStatus();
        signal.removeEventListener('abort', onAbort);
        release();
        resolve(frame);
      };
      const onAbort = () => done(undefined);
      const cancelTimer = this.options.clock.after(timeoutMs, () => done(undefined));
      const stopFrames = this.subscribe(done);
      const stopStatus = this.watch(() => {
        if (!mayCome()) done(undefined);
      });
      signal.addEventListener('abort', onAbort, { once: true });
      if (!mayCome() || signal.aborted) done(undefined);
    });
  }
}
