import type { Cancel, Clock } from '../core/clock.ts';
import type { EncoderCounters } from '../encode/encoder.ts';
import type { AccessUnitListener, H264Status, H264Stream } from '../encode/h264-stream.ts';
import type { AccessUnit, ParameterSets } from '../frames/access-unit.ts';
import type { UnitHub } from './unit-hub.ts';

/** The camera's units, and what stands in for it. */
export interface NativeH264Options {
  readonly hub: UnitHub;
  /** Returns how often the camera was started. */
  readonly starts: () => number;
  /** Returns what encodes, for people; undefined while it is not known. */
  readonly encoder: () => string | undefined;
  /** Resolves with what gives H.264 where the camera has turned out not to; undefined: nothing does, or the camera does. */
  readonly instead: () => Promise<Pick<H264Stream, 'parameterSets'> | undefined>;
  readonly clock: Clock;
}

/** How long the camera is kept on for a client that has asked what there is and is about to play it, milliseconds. */
const LINGER_MS = 5000;

/**
 * The camera's own H.264 as a stream for any number of viewers. Key frames come when the camera makes them, and cannot be asked
 * for: a late viewer gets the running group.
 */
export class NativeH264 {
  readonly #counts = { units: 0, keyframes: 0, bytes: 0 };
  readonly #lingering = new Set<Cancel>();
  /** What ends the waiting for a first unit. */
  readonly #waiting = new Set<AbortController>();

  constructor(private readonly options: NativeH264Options) {
    options.hub.subscribe((unit) => this.#count(unit));
  }

  /** The camera's state as that of a stream of H.264. */
  get status(): H264Status {
    const { hub, encoder } = this.options;
    const { state, error } = hub.status;
    return { state, error, encoder: state === 'idle' ? undefined : encoder() };
  }

  /** Counters since the start, as an encoder has them. */
  get counters(): EncoderCounters {
    return { ...this.#counts, starts: this.options.starts(), frames: this.#counts.units, skipped: 0 };
  }

  /** The units from the last key frame on; empty while there is none. */
  get group(): readonly AccessUnit[] {
    return this.options.hub.group;
  }

  /** Calls the listener with every unit, until the returned function is called. Turns the camera on. */
  subscribe(listener: AccessUnitListener): () => void {
    const { hub } = this.options;
    // One function may subscribe twice.
    const unsubscribe = hub.subscribe((unit) => listener(unit));
    const release = hub.lease();
    return () => {
      unsubscribe();
      release();
    };
  }

  /**
   * Returns what a session description needs of the stream, see {@link H264Stream.parameterSets}. Turns the camera on, and keeps
   * it on for 5 s after. Undefined when none come within `timeoutMs`, or when `signal` fires.
   */
  async parameterSets(timeoutMs: number, signal: AbortSignal): Promise<ParameterSets | undefined> {
    if (signal.aborted) return undefined;
    const { hub, clock, instead } = this.options;
    const release = hub.lease();
    const until = clock.monotonic() + timeoutMs;
    const sets = hub.parameterSets ?? (await this.#next(timeoutMs, signal))?.parameterSets;
    const other = sets ? undefined : await instead();
    if (other) {
      release();
      return other.parameterSets(Math.max(0, until - clock.monotonic()), signal);
    }
    const cancel = clock.after(LINGER_MS, () => {
      this.#lingering.delete(end);
      release();
    });
    const end = () => {
      cancel();
      release();
    };
    this.#lingering.add(end);
    return sets;
  }

  async #next(timeoutMs: number, signal: AbortSignal): Promise<AccessUnit | undefined> {
    const over = new AbortController();
    this.#waiting.add(over);
    try {
      return await this.options.hub.next(timeoutMs, AbortSignal.any([signal, over.signal]));
    } finally {
      this.#waiting.delete(over);
    }
  }

  /** Does nothing: the camera's program has no way to be asked for a key frame. */
  requestKeyFrame(): void {
    // The next one comes with the next group.
  }

  /** Ends all waiting, and gives up the camera where it is kept on for clients that asked what there is. */
  stop(): void {
    for (const wait of this.#waiting) wait.abort();
    for (const end of this.#lingering) end();
    this.#lingering.clear();
  }

  #count({ keyframe, size }: AccessUnit): void {
    this.#counts.units++;
    if (keyframe) this.#counts.keyframes++;
    this.#counts.bytes += size;
  }
}
