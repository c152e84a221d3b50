import { allocateBuffer, Frame, HEADROOM } from '../frames/frame.ts';
import { readJpegHeader } from '../frames/jpeg.ts';
import type { Rate } from './fan-out.ts';
import type { FrameListener, Hub } from './hub.ts';

/** Makes a smaller JPEG of a JPEG. Rejects where it cannot be read. @param width pixels; the height follows */
export type ScaleJpeg = (jpeg: Buffer, width: number) => Promise<Buffer>;

/**
 * The camera's pictures in a smaller width. Each is made once for all viewers, and only while there are any; one that comes
 * while another is being made is left out for the newest. Pictures that are no wider stay as they are.
 */
export class SmallerPictures implements Pick<Hub, 'lease' | 'subscribe' | 'latest'> {
  readonly #listeners = new Set<FrameListener>();
  #unsubscribe: (() => void) | undefined;
  #latest: Frame | undefined;
  #busy = false;
  #waiting: Frame | undefined;
  /** The picture made last, for single ones. */
  #made: { readonly sequence: number; readonly frame: Promise<Frame> } | undefined;

  constructor(
    private readonly hub: Pick<Hub, 'lease' | 'subscribe' | 'latest'>,
    private readonly width: number,
    private readonly scale: ScaleJpeg,
  ) {}

  /** Wants pictures, see {@link Hub.lease}. */
  lease(rate?: Rate): () => void {
    return this.hub.lease(rate);
  }

  /** The newest smaller picture while there are subscribers; undefined: there is none. */
  get latest(): Frame | undefined {
    return this.hub.latest && this.#latest;
  }

  /** Calls the listener with every smaller picture, until the returned function is called. Does not turn the camera on. */
  subscribe(listener: FrameListener): () => void {
    this.#listeners.add(listener);
    this.#unsubscribe ??= this.hub.subscribe((frame) => this.#take(frame));
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
      this.#latest = undefined;
      this.#waiting = undefined;
      this.#made = undefined;
    };
  }

  /** Returns the smaller picture of a frame. Rejects where it cannot be made. */
  of(frame: Frame): Promise<Frame> {
    if (frame.width <= this.width) return Promise.resolve(frame);
    if (this.#made?.sequence !== frame.sequence) this.#made = { sequence: frame.sequence, frame: this.#make(frame) };
    return this.#made.frame;
  }

  async #make(frame: Frame): Promise<Frame> {
    const jpeg = await this.scale(frame.jpeg, this.width);
    const header = readJpegHeader(jpeg);
    if (!header) throw new Error('what was made of the picture is none');
    const buffer = allocateBuffer(jpeg.length);
    jpeg.copy(buffer, HEADROOM);
    const { width, height } = header;
    return new Frame({ buffer, size: jpeg.length, width, height }, frame.sequence, frame.capturedAt, frame.monotonic);
  }

  #take(frame: Frame): void {
    if (this.#busy) {
      this.#waiting = frame;
      return;
    }
    this.#busy = true;
    void this.of(frame)
      .then(
        (smaller) => this.#give(smaller),
        // A picture that cannot be read is left out.
        () => {},
      )
      .finally(() => this.#next());
  }

  #give(frame: Frame): void {
    if (!this.#unsubscribe) return;
    this.#latest = frame;
    for (const listener of this.#listeners) listener(frame);
  }

  #next(): void {
    this.#busy = false;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) this.#take(waiting);
  }
}
