/** Keeps what a function gives for a while, so that many requests cost one process. Requests at the same time share one call. */
export class Cached<T> {
  #value: Promise<T> | undefined;
  #madeAt = 0;

  /** @param maxAgeMs how long a value is good, milliseconds */
  constructor(
    private readonly clock: { monotonic(): number },
    private readonly maxAgeMs: number,
    private readonly make: () => Promise<T>,
  ) {}

  get(): Promise<T> {
    if (this.#value === undefined || this.clock.monotonic() - this.#madeAt >= this.maxAgeMs) {
      this.#madeAt = this.clock.monotonic();
      this.#value = this.make();
    }
    return this.#value;
  }

  /** Something was changed: the next call asks again. */
  clear(): void {
    this.#value = undefined;
  }
}
