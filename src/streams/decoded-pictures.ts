import type { Cancel } from '../core/clock.ts';
import { JpegStream, type JpegStreamOptions } from '../encode/jpeg-stream.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import type { Demand } from './fan-out.ts';
import type { Hub } from './hub.ts';
import type { UnitHub } from './unit-hub.ts';

/** The camera's H.264, and the hub for the JPEGs that are made of it. */
export interface DecodedPicturesOptions extends Omit<JpegStreamOptions, 'feed' | 'rate' | 'onFrame' | 'onError'> {
  /** The camera's own H.264; a lease of it keeps the camera on. */
  readonly units: UnitHub;
  /** Returns where the pictures go: the hub whose {@link Demand} this is. */
  readonly hub: () => Hub;
  /** Whether the camera gives H.264; otherwise its JPEGs reach the hub without this. */
  readonly isNative: () => boolean;
}

/** How long the decoder outlives its last viewer, seconds: snapshots are often asked for in a row, and pages are loaded anew. */
export const DECODER_IDLE_S = 2;
/** Pictures per second that are made at least while it runs, so that a snapshot is current. */
const LEAST_RATE = 2;
/** How often an ffmpeg that is missing is looked for while JPEGs are wanted, milliseconds: it may be installed meanwhile. */
const LOOK_MS = 10_000;

/**
 * Makes JPEGs of the H.264 of a camera that gives that: one decoder for all viewers of JPEGs, while there are any. For a camera
 * that gives JPEGs it only hands the hub's demand on.
 */
export class DecodedPictures implements Demand {
  /** The decoder. */
  readonly stream: JpegStream;
  #isHeld = false;
  /** Gives the camera back. */
  #release: (() => void) | undefined;
  #camera: CameraStatus;
  #stopLooking: Cancel | undefined;

  constructor(private readonly options: DecodedPicturesOptions) {
    const { units, hub, isNative } = options;
    this.#camera = units.status;
    this.stream = new JpegStream({
      ...options,
      feed: units,
      rate: () => this.#rate,
      onFrame: (frame) => {
        if (isNative()) hub().publish(frame);
      },
      onError: () => this.#tell(),
    });
  }

  /** Whether it keeps the camera on. */
  get holdsCamera(): boolean {
    return this.#release !== undefined;
  }

  start(): void {
    this.#isHeld = true;
    this.#update();
  }

  stop(): void {
    this.#isHeld = false;
    this.#update();
  }

  retry(): void {
    this.options.units.retry();
    // What the camera's state does not tell: ffmpeg may be there by now.
    this.#update();
  }

  /** Takes a change of the camera's state in, or of what it gives. */
  report(camera: CameraStatus): void {
    this.#camera = camera;
    this.#update();
  }

  /** Resolves when nothing of the decoder is left. */
  async end(): Promise<void> {
    this.stop();
    await this.stream.stop();
  }

  get #rate(): number | undefined {
    const wanted = this.options.hub().wantedRate;
    return wanted === undefined ? undefined : Math.max(LEAST_RATE, wanted);
  }

  #update(): void {
    const { hub, isNative } = this.options;
    const isInVain = isNative() && this.stream.missing !== undefined;
    this.#lookForFfmpeg(this.#isHeld && isInVain);
    this.#hold(this.#isHeld && !isInVain);
    if (this.#isHeld && isNative() && !isInVain) this.stream.start();
    else if (this.stream.isWanted) {
      void this.stream.stop();
      hub().pause();
    }
    this.#tell();
  }

  #lookForFfmpeg(isWanted: boolean): void {
    if (isWanted) {
      this.#stopLooking ??= this.options.clock.every(LOOK_MS, () => {
        if (!this.stream.missing) this.#update();
      });
    } else {
      this.#stopLooking?.();
      this.#stopLooking = undefined;
    }
  }

  #hold(isWanted: boolean): void {
    if (!isWanted) {
      this.#release?.();
      this.#release = undefined;
    } else if (!this.#release) {
      // The camera reports while it is being turned on.
      let release: (() => void) | undefined;
      this.#release = () => release?.();
      release = this.options.units.lease();
    }
  }

  /** Tells the hub the camera's state; for its viewers a camera whose pictures cannot be decoded has failed. */
  #tell(): void {
    const { hub, isNative } = this.options;
    const { state } = this.#camera;
    const error =
      isNative() && state !== 'failed' ? (this.stream.missing ?? (state === 'live' ? this.stream.error : undefined)) : undefined;
    hub().setStatus(error ? { ...this.#camera, state: 'failed', error } : this.#camera);
  }
}
