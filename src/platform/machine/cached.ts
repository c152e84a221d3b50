/** Keeps what a function returns for a while, so that many requests cost one run of a program. Requests at the same time share one call. */
export class Cached<T> {
  #value: Promise<T> | undefined;
  #madeAt = 0;

  /** @param maxAgeMs how long a value is good, milliseconds */
  constructor(
    private readonly clock: { monotonic(): number },
    private readonly maxAgeMs: number,
    private readonly make: () => Promise<T>,
  ) {}

  /** Returns the value, from a new call where the one before is too old. */
  get(): Promise<T> {
    if (this.#value === undefined || this.clock.monotonic() - this.#madeAt >= this.maxAgeMs) {
      this.#madeAt = this.clock.monotonic();
      this.#value = this.make();
    }
    return this.#value;
  }

  /** Has the next {@link get} call the function again, since something was changed. */
  clear(): void {
    this.#value = undefined;
  }
}
