import type { Cancel, Clock } from '../core/clock.ts';
import type { EncoderCounters } from '../encode/encoder.ts';
import type { AccessUnitListener, H264Status, H264Stream } from '../encode/h264-stream.ts';
import type { AccessUnit, ParameterSets } from '../frames/access-unit.ts';
import type { UnitHub } from './unit-hub.ts';

export interface NativeH264Options {
  readonly hub: UnitHub;
  /** How often the camera was started. */
  readonly starts: () => number;
  /** What encodes, for people; undefined: it is not known yet. */
  readonly encoder: () => string | undefined;
  /** What gives H.264 once the camera has turned out not to; undefined: nothing does, or the camera does. */
  readonly instead: () => Promise<Pick<H264Stream, 'parameterSets'> | undefined>;
  readonly clock: Clock;
}

/** How long the camera is kept for a client who has asked what there is and is about to come back, milliseconds. */
const LINGER_MS = 5000;

/**
 * The camera's own H.264 as a stream for any number of viewers. Key frames come when the camera makes them, whoever asks: a late
 * viewer gets the running group.
 */
export class NativeH264 {
  readonly #counts = { units: 0, keyframes: 0, bytes: 0 };
  readonly #lingering = new Set<Cancel>();
  /** Of those who wait for a first unit. */
  readonly #waiting = new Set<AbortController>();

  constructor(private readonly options: NativeH264Options) {
    options.hub.subscribe((unit) => this.#count(unit));
  }

  get status(): H264Status {
    const { hub, encoder } = this.options;
    const { state, error } = hub.status;
    return { state, error, encoder: state === 'idle' ? undefined : encoder() };
  }

  get counters(): EncoderCounters {
    return { ...this.#counts, starts: this.options.starts(), frames: this.#counts.units, skipped: 0 };
  }

  get group(): readonly AccessUnit[] {
    return this.options.hub.group;
  }

  /** Gets every unit from now on, until the returned function is called. Turns the camera on. */
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

  /** See the method of the same name of what encodes: what a session description needs. Turns the camera on. */
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

  requestKeyFrame(): void {
    // The camera's program has no way to be asked.
  }

  /** Keeps the camera on for nobody any longer, and nobody waiting. */
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
