/** Most spans that are kept apart; beyond that the two nearest grow together. Few are needed: one for each way the clock was wrong. */
const MAX_RANGES = 16;

/** A span of time with both its ends, milliseconds since the Unix epoch. */
export type TimeRange = readonly [from: number, to: number];

/** A set of times, kept as a few spans. It may come to hold more than was put in, never less. */
export class TimeRanges {
  /** The spans in order, none touching the next. */
  #ranges: TimeRange[] = [];

  constructor(ranges: Iterable<TimeRange> = []) {
    for (const [from, to] of ranges) this.add(from, to);
  }

  /** The spans in order, none touching the next. */
  get list(): readonly TimeRange[] {
    return this.#ranges;
  }

  /** Returns whether a time is in the set. @param time milliseconds since the Unix epoch */
  has(time: number): boolean {
    return this.#ranges.some(([from, to]) => from <= time && time <= to);
  }

  /** Adds a span, both its ends included: milliseconds since the Unix epoch. */
  add(from: number, to: number): void {
    if (this.#ranges.some((range) => range[0] <= from && to <= range[1])) return;
    const touching = this.#ranges.filter((range) => range[0] <= to && from <= range[1]);
    const apart = this.#ranges.filter((range) => !touching.includes(range));
    const whole: TimeRange = [Math.min(from, ...touching.map(([start]) => start)), Math.max(to, ...touching.map(([, end]) => end))];
    this.#ranges = [...apart, whole].sort(([a], [b]) => a - b);
    if (this.#ranges.length > MAX_RANGES) this.#joinNearest();
  }

  /** Returns the times of the set that are not after `end`. */
  until(end: number): TimeRanges {
    return new TimeRanges(this.#ranges.filter(([from]) => from <= end).map(([from, to]): TimeRange => [from, Math.min(to, end)]));
  }

  #joinNearest(): void {
    const gaps = this.#ranges.slice(1).map(([from], at) => from - this.#ranges[at]![1]);
    const at = gaps.indexOf(Math.min(...gaps));
    this.#ranges.splice(at, 2, [this.#ranges[at]![0], this.#ranges[at + 1]![1]]);
  }
}
