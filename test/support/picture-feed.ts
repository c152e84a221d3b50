import type { PictureFeed } from '../../src/encode/h264-stream.ts';
import { Frame, type Picture } from '../../src/frames/frame.ts';
import type { FakeClock } from './fake-clock.ts';
import { makePicture } from './frames.ts';

/** A camera in the test's hand: shows pictures when it is told, and counts who wants them. */
export class PlayedFeed implements PictureFeed {
  leases = 0;
  fps = 0;
  latest: Frame | undefined;
  sequence = 0;
  readonly #listeners = new Set<(frame: Frame) => void>();

  constructor(private readonly clock: Pick<FakeClock, 'now' | 'monotonic'>) {}

  lease(): () => void {
    this.leases++;
    return () => this.leases--;
  }

  subscribe(listener: (frame: Frame) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  show(picture: Picture = makePicture()): Frame {
    const frame = new Frame(picture, ++this.sequence, this.clock.now(), this.clock.monotonic());
    this.latest = frame;
    for (const listener of this.#listeners) listener(frame);
    return frame;
  }
}
