/** Where the stream's own time is behind ours by this much, they are put together anew, milliseconds. */
const APART_MS = 1000;
/** The same where it is ahead: nothing is taken after it has arrived, so the first was late, as where a program looks at its input before it writes. */
const AHEAD_MS = 250;
/** Two pictures are never at the same moment, also where their times are rounded to milliseconds, as in Matroska. */
const LEAST_STEP_MS = 2;

/** Times that always rise, whatever they are made of: a busy machine hands over several pictures at once. */
export class RisingTimes {
  #last = Number.NEGATIVE_INFINITY;

  /** @returns the time, milliseconds, or what is a little later than the one before */
  next(time: number): number {
    this.#last = Math.max(time, this.#last + LEAST_STEP_MS);
    return this.#last;
  }
}

/**
 * When pictures were taken, of a stream that tells its own time: the arrival of the first, and from there on by the stream, so that
 * what a busy machine delivers in bunches keeps its distances. Times never go back.
 */
export class StreamTimes {
  #anchor: { readonly own: number; readonly ours: number } | undefined;
  readonly #rising = new RisingTimes();

  /** @param modulus at which the stream's time begins at 0 again, milliseconds */
  constructor(private readonly modulus: number) {}

  /**
   * @param own the stream's time of a picture, milliseconds
   * @param arrival monotonic, milliseconds
   * @returns when the picture was taken: monotonic, milliseconds
   */
  at(own: number, arrival: number): number {
    this.#anchor ??= { own, ours: arrival };
    let time = this.#anchor.ours + this.#since(own, this.#anchor.own);
    if (arrival - time >= APART_MS || time - arrival >= AHEAD_MS) {
      this.#anchor = { own, ours: arrival };
      time = arrival;
    } else this.#anchor = { own, ours: time };
    return this.#rising.next(time);
  }

  /** From one time of the stream to another, whichever is later, across its wrap. */
  #since(own: number, before: number): number {
    const difference = (own - before) % this.modulus;
    if (difference > this.modulus / 2) return difference - this.modulus;
    return difference < -this.modulus / 2 ? difference + this.modulus : difference;
  }
}
