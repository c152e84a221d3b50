/** Milliseconds of Created that are kept, and forgotten, together. */
const SLOT = 1000;

/** Entries at most, some 100 bytes each. Nobody reaches it who does not send dozens of requests a second for minutes. */
const CAPACITY = 50_000;

/**
 * Remembers which tokens have been used, by their time of creation: each as long as its time would be accepted. When there
 * are too many, those created first are dropped and nothing as old is accepted any more, so that no token works twice.
 */
export class ReplayCache {
  readonly #window: number;
  readonly #capacity: number;
  /** Keys by slot of Created. */
  readonly #slots = new Map<number, Set<string>>();
  #size = 0;
  /** The lowest slot that is still accepted. */
  #floor = Number.NEGATIVE_INFINITY;
  #swept = Number.NEGATIVE_INFINITY;

  /** @param window how old a token may be, milliseconds */
  constructor(window: number, capacity: number = CAPACITY) {
    this.#window = window;
    this.#capacity = capacity;
  }

  /** Entries remembered. */
  get size(): number {
    return this.#size;
  }

  /**
   * Takes a token once.
   *
   * @param created milliseconds since the Unix epoch, within the window
   * @returns `replayed` if the key was taken before; `expired` if it is older than what had to be dropped
   */
  take(key: string, created: number, now: number): 'taken' | 'replayed' | 'expired' {
    this.#sweep(now);
    const slot = Math.floor(created / SLOT);
    if (slot < this.#floor) return 'expired';
    let keys = this.#slots.get(slot);
    if (keys?.has(key)) return 'replayed';
    if (!keys) {
      keys = new Set();
      this.#slots.set(slot, keys);
    }
    keys.add(key);
    this.#size++;
    if (this.#size > this.#capacity) this.#dropOldest();
    return 'taken';
  }

  /** Once per slot of time: what is too old to be accepted need not be remembered. */
  #sweep(now: number): void {
    const oldest = Math.floor((now - this.#window) / SLOT);
    if (oldest === this.#swept) return;
    this.#swept = oldest;
    for (const slot of this.#slots.keys()) if (slot < oldest) this.#drop(slot);
  }

  #dropOldest(): void {
    const oldest = Math.min(...this.#slots.keys());
    this.#drop(oldest);
    this.#floor = oldest + 1;
  }

  #drop(slot: number): void {
    this.#size -= this.#slots.get(slot)?.size ?? 0;
    this.#slots.delete(slot);
  }
}
