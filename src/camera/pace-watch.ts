/**
 * Time to the first picture, milliseconds, to which ten pictures at the capture rate are added: a Pi Zero needs about 4 s, a slow
 * webcam 5 s.
 */
const START_TIMEOUT_MS = 12_000;
/** How long a running capture may give no picture, milliseconds; or five intervals, if that is longer. */
const STALL_MS = 3000;
/**
 * How long a picture may be late until the capture is reported as stalled, milliseconds; or two intervals. A busy machine is late
 * by less.
 */
const HICCUP_MS = 1000;
/** Time from one look to the next, milliseconds. */
export const LOOK_INTERVAL_MS = 500;

/** How pictures come. `hiccup`: they are late; `silent`: they have stopped; `none`: there never was one. */
export type Pace = 'good' | 'hiccup' | 'silent' | 'none';

/** Tells from the times of a capture's pictures whether it still works. Times are of the monotonic clock, milliseconds. */
export class PaceWatch {
  /** Time in which the first picture is due, milliseconds. */
  readonly startTimeout: number;
  readonly #stallTimeout: number;
  #last: number | undefined;
  /** Between the last two pictures, milliseconds: a webcam is slower in the dark than it was asked to be. */
  #gap: number;
  #looked: number;
  #late = false;

  /**
   * @param interval from picture to picture as asked for, milliseconds
   * @param began when the capture was started
   */
  constructor(
    private readonly interval: number,
    private readonly began: number,
  ) {
    this.startTimeout = START_TIMEOUT_MS + 10 * interval;
    this.#stallTimeout = Math.max(STALL_MS, 5 * interval);
    this.#gap = interval;
    this.#looked = began;
  }

  /** Notes that a picture came. Returns whether it is the first one. */
  picture(now: number): boolean {
    const isFirst = this.#last === undefined;
    if (this.#last !== undefined) this.#gap = now - this.#last;
    this.#last = now;
    return isFirst;
  }

  /** Returns how pictures come. To be called every {@link LOOK_INTERVAL_MS}. */
  look(now: number): Pace {
    // This process was held up (a suspended machine, a stopped process): what came meanwhile is not read yet.
    // Not twice in a row, or nothing would ever be noticed on a machine that is always late.
    this.#late = !this.#late && now - this.#looked > 2 * LOOK_INTERVAL_MS;
    this.#looked = now;
    if (this.#late) return 'good';
    if (this.#last === undefined) return now - this.began > this.startTimeout ? 'none' : 'good';
    const silence = now - this.#last;
    if (silence > this.#stallTimeout) return 'silent';
    return silence > Math.max(HICCUP_MS, 2 * this.interval, 2 * this.#gap) ? 'hiccup' : 'good';
  }
}
