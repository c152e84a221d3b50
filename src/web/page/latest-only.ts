/**
 * Runs one piece of work at a time and keeps only the newest that waits, so that a slow device skips pictures instead of
 * falling behind.
 */
export class LatestOnly<T> {
  readonly #work: (item: T) => Promise<void>;
  #busy = false;
  #waiting: { readonly item: T } | undefined;

  /** @param work must not reject */
  constructor(work: (item: T) => Promise<void>) {
    this.#work = work;
  }

  /** Has the work done for an item, at once or when the device is free, unless a newer one comes before. */
  offer(item: T): void {
    this.#waiting = { item };
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#waiting !== undefined) {
      const { item } = this.#waiting;
      this.#waiting = undefined;
      await this.#work(item);
    }
    this.#busy = false;
  }
}
