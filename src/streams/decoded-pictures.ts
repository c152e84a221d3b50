import { JpegStream, type JpegStreamOptions } from '../encode/jpeg-stream.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import type { Demand } from './fan-out.ts';
import type { Hub } from './hub.ts';
import type { UnitHub } from './unit-hub.ts';

export interface DecodedPicturesOptions extends Omit<JpegStreamOptions, 'feed' | 'rate' | 'onFrame' | 'onError'> {
  readonly units: UnitHub;
  /** Where the pictures go; this is what it commands. */
  readonly hub: () => Hub;
  /** Whether the camera gives H.264: else its JPEGs come to the hub without this. */
  readonly isNative: () => boolean;
}

/** How long the decoder outlives its last viewer, seconds: who asks for a snapshot often asks for another, and pages are loaded anew. */
export const DECODER_IDLE_S = 2;
/** Pictures per second that are made at least while it runs: who asks for a snapshot gets one that is current. */
const LEAST_RATE = 2;

/**
 * The JPEGs for those who watch no H.264, of a camera that gives H.264: one decoder for all, while somebody wants them. Beside it
 * the hub's camera is the camera itself.
 */
export class DecodedPictures implements Demand {
  readonly stream: JpegStream;
  #isHeld = false;
  /** Gives the camera back. */
  #release: (() => void) | undefined;
  #camera: CameraStatus;

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
  }

  /** Takes a change of how the camera is, or of what it gives. */
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
    this.#hold(this.#isHeld && !isInVain);
    if (this.#isHeld && isNative() && !isInVain) this.stream.start();
    else if (this.stream.isWanted) {
      void this.stream.stop();
      hub().pause();
    }
    this.#tell();
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

  /** What keeps pictures from those who want JPEGs may be that they cannot be decoded. */
  #tell(): void {
    const { hub, isNative } = this.options;
    const { state } = this.#camera;
    const error =
      isNative() && state !== 'failed' ? (this.stream.missing ?? (state === 'live' ? this.stream.error : undefined)) : undefined;
    hub().setStatus(error ? { ...this.#camera, state: 'failed', error } : this.#camera);
  }
}
