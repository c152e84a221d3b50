/**
 * Least time from one key frame to the next, milliseconds: key frames are large, and viewers who ask for them must not make a
 * stream of nothing else.
 */
const CLOSEST_MS = 300;
/** How much earlier than due a key frame may come, as a share of the picture interval: jitter must not make groups a picture longer. */
const EARLY = 0.5;

/** Decides which pictures become key frames: the first, one per interval, and those that are asked for. */
export class KeyFrameSchedule {
  readonly #interval: number;
  #last: number | undefined;
  #requested = false;

  /**
   * @param interval milliseconds from key frame to key frame
   * @param pictureInterval milliseconds from picture to picture
   */
  constructor(interval: number, pictureInterval: number) {
    this.#interval = interval - EARLY * pictureInterval;
  }

  /** Asks for a key frame soon. */
  request(): void {
    this.#requested = true;
  }

  /** Makes the next picture a key frame, however soon that is. */
  begin(): void {
    this.#last = undefined;
  }

  /**
   * Returns whether the next picture has to be a key frame.
   * @param time when it was taken, monotonic, milliseconds
   */
  next(time: number): boolean {
    const since = this.#last === undefined ? Number.POSITIVE_INFINITY : time - this.#last;
    if (since < this.#interval && !(this.#requested && since >= CLOSEST_MS)) return false;
    this.#requested = false;
    this.#last = time;
    return true;
  }
}
