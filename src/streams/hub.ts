import type { Frame } from '../frames/frame.ts';
import { FanOut } from './fan-out.ts';

/** Called for every new frame, in the same turn in which it arrives; must not block. */
export type FrameListener = (frame: Frame) => void;

/** A picture older than this is not current, milliseconds: the camera may have stopped a moment ago without anybody knowing yet. */
const CURRENT_MS = 1500;
/** The next picture is waited for as long as this many take, and no longer than this many milliseconds: some clients wait 3 s in all. */
const NEXT_FRAMES = 3;
const NEXT_MS = 2000;

/** The one place that fans JPEGs out, and gives single ones. */
export class Hub extends FanOut<Frame> {
  /** For how long a picture is current, milliseconds: that of a slow camera for longer. */
  #currentFor(): number {
    return Math.max(CURRENT_MS, 1.5 * (this.interval ?? 0));
  }

  /**
   * Waits for the frame that comes after one that a client has, for the time of a few frames. Keeps the camera on meanwhile.
   * Resolves with undefined when none comes in that time or can be expected, when `signal` fires, and where the latest is
   * another one already.
   *
   * @param sequence of the frame that the client has
   */
  async following(sequence: number, signal: AbortSignal): Promise<Frame | undefined> {
    const mayCome = () => this.status.state === 'live';
    if (this.latest?.sequence !== sequence || !mayCome()) return undefined;
    const withinMs = this.fps > 0 ? Math.min(NEXT_MS, (NEXT_FRAMES * 1000) / this.fps) : NEXT_MS;
    return this.next(withinMs, signal, mayCome);
  }

  /**
   * Returns a current picture: the latest one while the camera is live, else the first to come. Turns the camera on.
   * Resolves with undefined when there is none within `timeoutMs`, when waiting cannot help, or when `signal` fires.
   */
  current(timeoutMs: number, signal: AbortSignal): Promise<Frame | undefined> {
    const release = this.lease();
    const { latest } = this;
    if (this.status.state === 'live' && latest && this.options.clock.monotonic() - latest.monotonic <= this.#currentFor()) {
      release();
      return Promise.resolve(latest);
    }
    const next = this.next(timeoutMs, signal);
    release();
    return next;
  }
}
