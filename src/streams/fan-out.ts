import type { Cancel, Clock } from '../core/clock.ts';
import { first } from '../core/first.ts';
import type { Frame } from '../frames/frame.ts';
import type { CameraStatus } from '../frames/stream-state.ts';

/** The camera, or what stands for it, as the hub commands it. */
export interface Demand {
  /** Turns it on: somebody came. Called again when somebody comes to a camera that is on and has failed. */
  start(): void;
  /** Turns it off: nobody has wanted pictures for the idle time-out. */
  stop(): void;
  /** Has a failed camera tried again at once. */
  retry(): void;
}

/** A picture in any encoding. */
export type Taken = Pick<Frame, 'sequence' | 'monotonic'>;

/** Returns the rate that a lease asks for: pictures per second at most; undefined: all. */
export type Rate = () => number | undefined;

/** What gives the pictures, and how long it outlives its viewers. */
export interface FanOutOptions {
  /** What is turned on and off. */
  readonly demand: Demand;
  /** Seconds between the last viewer's leaving and the camera's stop; `always` never stops it. */
  readonly idleTimeout: number | 'always';
  readonly clock: Clock;
}

/** Time for which a viewer that left is expected back, milliseconds: one that was refused asks again every 5 s or so. */
const RECENT_MS = 15_000;
/** Rates are averaged over this many pictures. */
const RATE_WINDOW = 16;

const ALL: Rate = () => undefined;

/**
 * Fans pictures out. Holds the latest one, counts those that want pictures (leases), and turns what gives them on for the first
 * lease and off a while after the last.
 */
export class FanOut<T extends Taken> {
  #latest: T | undefined;
  #stateSince: number;
  #status: CameraStatus = { state: 'idle', error: undefined, notices: [], source: undefined };
  readonly #listeners = new Set<(picture: T) => void>();
  readonly #statusListeners = new Set<(status: CameraStatus) => void>();
  readonly #leases = new Set<{ readonly rate: Rate }>();
  /** When the last lease ended, monotonic milliseconds. */
  #leftAt = Number.NEGATIVE_INFINITY;
  #cancelIdle: Cancel | undefined;
  #on = false;
  readonly #times: number[] = [];

  constructor(protected readonly options: FanOutOptions) {
    this.#stateSince = options.clock.monotonic();
  }

  /** Turns the camera on for good where it is never to be off. */
  start(): void {
    if (this.options.idleTimeout !== 'always' || this.#on) return;
    this.#on = true;
    this.options.demand.start();
  }

  /** How many leases are held. */
  get holders(): number {
    return this.#leases.size;
  }

  /** Whether somebody wants pictures now, or did a moment ago. */
  get watched(): boolean {
    return this.#leases.size > 0 || this.options.clock.monotonic() - this.#leftAt < RECENT_MS;
  }

  /** Tries a failed camera again now rather than later; turns it on. */
  retry(): void {
    this.lease()();
    this.options.demand.retry();
  }

  /** The newest picture of the running capture; undefined while the camera is off. */
  get latest(): T | undefined {
    return this.#latest;
  }

  /** The state that the camera is in. */
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

  /** Time from the last picture but one to the last, milliseconds; undefined: there are none. */
  protected get interval(): number | undefined {
    const [before, last] = this.#times.slice(-2);
    return before === undefined || last === undefined ? undefined : last - before;
  }

  /** The highest rate that a lease asks for, pictures per second; undefined: all pictures; 0: nobody wants any. */
  get wantedRate(): number | undefined {
    const rates = [...this.#leases].map(({ rate }) => rate());
    return rates.reduce((most, rate) => (most === undefined || rate === undefined ? undefined : Math.max(most, rate)), 0);
  }

  /** Takes a new picture and gives it to all listeners. */
  publish(picture: T): void {
    this.#latest = picture;
    this.#times.push(picture.monotonic);
    if (this.#times.length > RATE_WINDOW) this.#times.shift();
    for (const listener of this.#listeners) listener(picture);
  }

  /** Forgets the latest picture: no more come for now although the camera goes on, and an old one is not to be taken for a current one. */
  pause(): void {
    this.#latest = undefined;
    this.#times.length = 0;
  }

  /** Takes a change of the camera's state and tells it to all that watch it. */
  setStatus(status: CameraStatus): void {
    if (status.state !== this.#status.state) this.#stateSince = this.options.clock.monotonic();
    this.#status = status;
    if (status.state === 'idle' || status.state === 'starting') this.#times.length = 0;
    // A camera that is off has no current picture, and an old one is not to be taken for one.
    if (status.state === 'idle') this.pause();
    for (const listener of this.#statusListeners) listener(status);
  }

  /**
   * Wants pictures: turns the camera on.
   *
   * @param rate asked for while the lease is held
   * @returns what gives the lease up; calling it again does nothing
   */
  lease(rate: Rate = ALL): () => void {
    const lease = { rate };
    this.#leases.add(lease);
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
    // A viewer that comes to a camera that failed while nobody watched does not wait for its next try.
    if (!this.#on || (this.#leases.size === 1 && this.#status.state === 'failed')) {
      this.#on = true;
      this.options.demand.start();
    }
    return () => {
      if (!this.#leases.delete(lease)) return;
      this.#leftAt = this.options.clock.monotonic();
      if (this.#leases.size === 0) this.#rest();
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

  /**
   * Calls the listener with every picture, until the returned function is called. Does not turn the camera on: that takes a
   * {@link lease}.
   */
  subscribe(listener: (picture: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Calls the listener on every change of the camera's state, until the returned function is called. */
  watch(listener: (status: CameraStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /**
   * Waits for the next picture. Keeps the camera on meanwhile. Resolves with undefined when there is none within `timeoutMs`, or
   * when `signal` fires.
   *
   * @param mayCome asked after every change of the camera's state: whether waiting helps
   */
  next(timeoutMs: number, signal: AbortSignal, mayCome: () => boolean = this.#mayCome): Promise<T | undefined> {
    return first<T>({ timeoutMs, signal, clock: this.options.clock }, (done) => {
      const release = this.lease();
      const stopPictures = this.subscribe(done);
      const giveUp = () => {
        if (!mayCome()) done(undefined);
      };
      const stopStatus = this.watch(giveUp);
      giveUp();
      return () => {
        stopPictures();
        stopStatus();
        release();
      };
    });
  }

  /** Whether pictures may come without somebody changing something first. */
  readonly #mayCome = (): boolean => !(this.#status.state === 'failed' && this.#status.error?.permanent === true);
}
