/** How long something has to last before it counts as begun, and as over. */
export interface HoldTimes {
  /** Until it counts as begun, milliseconds. */
  readonly on: number;
  /** Until it counts as over, milliseconds. */
  readonly off: number;
}

/** A state that does not flap: it changes when what is seen has been the other way for its hold time without a break. */
export class Held {
  #state = false;
  /** Since when what is seen differs from the state, monotonic, milliseconds; undefined: it does not. */
  #since: number | undefined;

  constructor(private readonly times: HoldTimes) {}

  /** The state; false at first. */
  get state(): boolean {
    return this.#state;
  }

  /** Whether what was seen last differs from the state, so that it may change. */
  get isPending(): boolean {
    return this.#since !== undefined;
  }

  /**
   * Takes what is seen, and returns the state.
   * @param seen undefined: it cannot be told, which starts the hold time anew
   * @param at monotonic, milliseconds
   */
  update(seen: boolean | undefined, at: number): boolean {
    if (seen === undefined || seen === this.#state) {
      this.#since = undefined;
      return this.#state;
    }
    this.#since ??= at;
    if (at - this.#since >= (seen ? this.times.on : this.times.off)) {
      this.#state = seen;
      this.#since = undefined;
    }
    return this.#state;
  }
}
