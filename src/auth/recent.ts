/** A map that keeps the entries last asked for, and no more than it may. */
export class Recent<Value> {
  /** The entry that nobody asked for longest is the first. */
  readonly #entries = new Map<string, Value>();

  /** @param capacity most entries @param make returns the entry that a key begins with */
  constructor(
    private readonly capacity: number,
    private readonly make: () => Value,
  ) {}

  /** Returns the entry of a key, which is made where there is none, in place of the one that nobody asked for longest. */
  of(key: string): Value {
    const value = this.#entries.get(key) ?? this.make();
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.capacity) this.#entries.delete(this.#entries.keys().next().value!);
    return value;
  }

  /** Returns the entry of a key; undefined: there is none. The order stays. */
  peek(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  /** Returns the entries, the one that nobody asked for longest first. */
  [Symbol.iterator](): IterableIterator<[string, Value]> {
    return this.#entries[Symbol.iterator]();
  }
}
