/** Key frames are large: viewers who ask for them must not turn the stream into nothing else. Milliseconds. */
const CLOSEST_MS = 300;
/** How much earlier than due a key frame may come, as a share of the picture interval: jitter must not add a picture to each group. */
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

  /** Whether the next picture, taken at `time` (milliseconds, monotonic), has to be a key frame. */
  next(time: number): boolean {
    const since = this.#last === undefined ? Number.POSITIVE_INFINITY : time - this.#last;
    if (since < this.#interval && !(this.#requested && since >= CLOSEST_MS)) return false;
    this.#requested = false;
    this.#last = time;
    return true;
  }
}
