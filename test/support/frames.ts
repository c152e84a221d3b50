import { EventEmitter, once } from 'node:events';
import { DEFAULT_CAMERA_SETTINGS } from '../../src/camera/defaults.ts';
import type { CameraSettings } from '../../src/camera/settings.ts';
import type { Capture, CaptureEvents, Source, SourceEncoding } from '../../src/camera/source.ts';
import { allocateBuffer, Frame, HEADROOM, type Picture } from '../../src/frames/frame.ts';
import { type JpegShape, makeJpeg } from './jpegs.ts';

/** A JPEG in its buffer, as the splitter delivers it. */
export function makePicture(shape: JpegShape = {}): Picture {
  const jpeg = makeJpeg(shape);
  const buffer = allocateBuffer(jpeg.length);
  jpeg.copy(buffer, HEADROOM);
  return { buffer, size: jpeg.length, width: shape.width ?? 64, height: shape.height ?? 48 };
}

export const makeFrame = (
  sequence = 1,
  times: { now(): number; monotonic(): number } = { now: Date.now, monotonic: () => performance.now() },
  shape: JpegShape = {},
): Frame => new Frame(makePicture(shape), sequence, times.now(), times.monotonic());

export const settingsWith = (change: Partial<CameraSettings>): CameraSettings => ({ ...DEFAULT_CAMERA_SETTINGS, ...change });

/** A capture the test plays itself. */
export class PlayedCapture implements Capture {
  stopped = false;
  /** Whether it was ended as one that hangs. */
  frozen = false;
  readonly #emitter = new EventEmitter();
  #release: (() => void) | undefined;

  constructor(
    readonly events: CaptureEvents,
    private readonly slowToStop: boolean,
  ) {}

  stop(frozen = false): Promise<void> {
    this.stopped = true;
    this.frozen ||= frozen;
    this.#emitter.emit('stop');
    return this.slowToStop ? new Promise((resolve) => (this.#release = resolve)) : Promise.resolve();
  }

  /** Lets a slow stop come to its end. */
  gone(): void {
    this.#release?.();
  }

  async stopCalled(): Promise<void> {
    if (!this.stopped) await once(this.#emitter, 'stop');
  }
}

/** A source that does what the test says, and counts how many captures run at once. */
export class PlayedSource implements Source {
  readonly kind = 'test';
  readonly description = 'played camera';
  encoding: SourceEncoding = 'JPEG';
  readonly unsupported = [];
  readonly offers = { sizes: [], fps: { min: 1, max: 60 }, quality: undefined };
  readonly captures: PlayedCapture[] = [];
  captureFps: number | undefined = 15;
  slowToStop = false;

  start(events: CaptureEvents): Capture {
    const capture = new PlayedCapture(events, this.slowToStop);
    this.captures.push(capture);
    return capture;
  }

  get last(): PlayedCapture {
    return this.captures.at(-1)!;
  }
}
