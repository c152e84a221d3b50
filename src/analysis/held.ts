/** How long something has to last, milliseconds, before it counts as begun and as over. */
export interface HoldTimes {
  readonly on: number;
  readonly off: number;
}

/** A state that does not flap: it changes when what is seen has been the other way for its hold time without a break. */
export class Held {
  #state = false;
  /** Since when what is seen differs from the state; undefined: it does not. */
  #since: number | undefined;

  constructor(private readonly times: HoldTimes) {}

  get state(): boolean {
    return this.#state;
  }

  /** Whether what was seen last differs from the state. */
  get isPending(): boolean {
    return this.#since !== undefined;
  }

  /**
   * @param seen undefined: it cannot be told now, which starts the hold time anew
   * @param at milliseconds, monotonic
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
