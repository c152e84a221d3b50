/** What one address holds. */
interface Share<T> {
  /** All its things. */
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

  /** How many things are held in all. */
  get size(): number {
    return this.#size;
  }

  /** How many things an address holds. */
  countOf(address: string): number {
    return this.#shares.get(address)?.count ?? 0;
  }

  /** How many of them may have to go. */
  looseCountOf(address: string): number {
    const share = this.#shares.get(address);
    if (!share) return 0;
    for (const thing of share.loose) if (this.isKept(thing)) share.loose.delete(thing);
    return share.loose.size;
  }

  /** Counts a thing as held by an address, where it is the newest. */
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

  /** Takes a thing out of the count; to be called once for each that was added. */
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

  /** The oldest thing of the address that holds the most things that may go. @param from whether an address is considered */
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
