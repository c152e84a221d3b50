/** Factor by which the measured rate may be off: the encoder keeps its bit rate by the rate that it was told. */
export const RATE_TOLERANCE = 1.3;
/** How long it may be off by more, milliseconds: a measured rate is so for a while after each gap. */
const PATIENCE_MS = 5000;

/** Notices that pictures come at another rate than was assumed. */
export class RateWatch {
  #wrongSince: number | undefined;

  /** @param assumed pictures per second */
  constructor(readonly assumed: number) {}

  /**
   * Returns whether the rate has been another one for long enough that the encoder has to be told.
   * @param rate as measured, pictures per second
   * @param time of the measurement, monotonic, milliseconds
   */
  isWrong(rate: number, time: number): boolean {
    if (rate <= this.assumed * RATE_TOLERANCE && rate >= this.assumed / RATE_TOLERANCE) this.#wrongSince = undefined;
    else this.#wrongSince ??= time;
    return this.#wrongSince !== undefined && time - this.#wrongSince > PATIENCE_MS;
  }
}
