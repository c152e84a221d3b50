/** The encoder keeps its bit rate by the picture rate that it was told: one that is off by more than this factor is wrong, … */
const TOLERANCE = 1.3;
/** … once it has been so for this long: a measured rate is off for a while after each gap. Milliseconds. */
const PATIENCE_MS = 5000;

/** Notices that pictures come at another rate than was assumed. */
export class RateWatch {
  #wrongSince: number | undefined;

  /** @param assumed pictures per second */
  constructor(readonly assumed: number) {}

  /**
   * @param rate measured now, pictures per second
   * @param time monotonic, milliseconds
   */
  isWrong(rate: number, time: number): boolean {
    if (rate <= this.assumed * TOLERANCE && rate >= this.assumed / TOLERANCE) this.#wrongSince = undefined;
    else this.#wrongSince ??= time;
    return this.#wrongSince !== undefined && time - this.#wrongSince > PATIENCE_MS;
  }
}
