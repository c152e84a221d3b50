/** Most arrivals that are kept: 4 s at 15 pictures a second, long enough for a calm number. */
const MAX_ARRIVALS = 60;
/** How long an arrival counts, milliseconds, so that a slow camera (1 picture in 10 s) still has a rate. */
const WINDOW_MS = 30_000;

/**
 * Measures the frame rate as pictures arrive. Times are milliseconds of any steady clock. The first picture after connecting does not count:
 * it waited at the server, so the second one follows too soon.
 */
export class RateMeter {
  readonly #arrivals: number[] = [];
  #first = true;

  /** Notes that a picture has arrived. */
  add(now: number): void {
    if (this.#first) {
      this.#first = false;
      return;
    }
    this.#arrivals.push(now);
    if (this.#arrivals.length > MAX_ARRIVALS) this.#arrivals.shift();
  }

  /** Returns the pictures per second; 0 while there are not two to measure between. */
  rate(now: number): number {
    while (this.#arrivals[0] !== undefined && now - this.#arrivals[0] > WINDOW_MS) this.#arrivals.shift();
    const first = this.#arrivals[0];
    const last = this.#arrivals.at(-1);
    if (first === undefined || last === undefined || last <= first) return 0;
    return ((this.#arrivals.length - 1) * 1000) / (last - first);
  }

  /** Starts anew, with the next connection. */
  reset(): void {
    this.#first = true;
    this.#arrivals.length = 0;
  }
}
