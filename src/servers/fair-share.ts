interface Share<T> {
  /** All it holds. */
  count: number;
  /** Those of them that may have to go, the oldest first. */
  readonly loose: Set<T>;
}

/**
 * Things of which only so many can be had at a time (connections, bodies), by the address that holds them. When one has to
 * go, it is the oldest of the address that holds the most: a greedy address loses its own, not those of others.
 */
export class FairShare<T> {
  readonly #shares = new Map<string, Share<T>>();
  #size = 0;

  /** @param isKept whether a thing never has to go. Asked when it would be its turn; once true, it stays true. */
  constructor(private readonly isKept: (thing: T) => boolean = () => false) {}

  /** Things held by all. */
  get size(): number {
    return this.#size;
  }

  /** Things held by an address. */
  countOf(address: string): number {
    return this.#shares.get(address)?.count ?? 0;
  }

  /** Those of them that may have to go. */
  looseCountOf(address: string): number {
    const share = this.#shares.get(address);
    if (!share) return 0;
    for (const thing of share.loose) if (this.isKept(thing)) share.loose.delete(thing);
    return share.loose.size;
  }

  add(address: string, thing: T): void {
    let share = this.#shares.get(address);
    if (!share) {
      share = { count: 0, loose: new Set() };
      this.#shares.set(address, share);
    }
    share.count++;
    share.loose.add(thing);
    this.#size++;
  }

  /** To be called once for each thing that was added. */
  delete(address: string, thing: T): void {
    const share = this.#shares.get(address);
    if (!share) return;
    share.loose.delete(thing);
    this.#size--;
    if (--share.count === 0) this.#shares.delete(address);
  }

  /** The oldest thing of an address that may go. */
  oldestOf(address: string): T | undefined {
    const share = this.#shares.get(address);
    return share && this.#oldest(share);
  }

  /** The oldest thing of the address that holds the most which may go. @param from which addresses are asked */
  oldestOfLargest(from: (address: string) => boolean = () => true): T | undefined {
    for (;;) {
      let largest: Share<T> | undefined;
      for (const [address, share] of this.#shares) {
        if (share.loose.size > (largest?.loose.size ?? 0) && from(address)) largest = share;
      }
      if (!largest) return undefined;
      const oldest = this.#oldest(largest);
      if (oldest !== undefined) return oldest;
    }
  }

  #oldest({ loose }: Share<T>): T | undefined {
    for (const thing of loose) {
      if (!this.isKept(thing)) return thing;
      loose.delete(thing);
    }
    return undefined;
  }
}
