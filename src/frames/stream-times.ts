/** How far the stream's own time may be behind the machine's before they are put together anew, milliseconds. */
const APART_MS = 1000;
/**
 * The same where it is ahead. No picture is taken after it has arrived, so the first one was late, as where a program looks at its
 * input before it writes.
 */
const AHEAD_MS = 250;
/** Least time between two pictures, milliseconds: they are to differ even where they are rounded to milliseconds, as in Matroska. */
const LEAST_STEP_MS = 2;

/** Makes times rise, whatever they are: a busy machine hands over several pictures at once. */
export class RisingTimes {
  #last = Number.NEGATIVE_INFINITY;

  /** Returns the time, milliseconds, or one a little later than the one before. */
  next(time: number): number {
    this.#last = Math.max(time, this.#last + LEAST_STEP_MS);
    return this.#last;
  }
}

/**
 * Tells when the pictures of a stream with a clock of its own were taken: from the arrival of the first one on it goes by the stream,
 * so that what a busy machine delivers in bunches keeps its distances. Times never go back.
 */
export class StreamTimes {
  #anchor: { readonly own: number; readonly ours: number } | undefined;
  readonly #rising = new RisingTimes();

  /** @param modulus at which the stream's time begins at 0 again, milliseconds */
  constructor(private readonly modulus: number) {}

  /**
   * Returns when a picture was taken: monotonic, milliseconds.
   * @param own the stream's time of it, milliseconds
   * @param arrival monotonic, milliseconds
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

  /** Returns the milliseconds from one time of the stream to another, across its wrap; negative where the other is later. */
  #since(own: number, before: number): number {
    const difference = (own - before) % this.modulus;
    if (difference > this.modulus / 2) return difference - this.modulus;
    return difference < -this.modulus / 2 ? difference + this.modulus : difference;
  }
}
