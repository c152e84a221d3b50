/** A map that keeps the entries last asked for, and no more than it may. */
export class Recent<Value> {
  /** The one not asked for longest first. */
  readonly #entries = new Map<string, Value>();

  /** @param make what a key begins with */
  constructor(
    private readonly capacity: number,
    private readonly make: () => Value,
  ) {}

  /** The entry of a key; makes it where there is none, in place of the one that nobody asked for longest. */
  of(key: string): Value {
    const value = this.#entries.get(key) ?? this.make();
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.capacity) this.#entries.delete(this.#entries.keys().next().value!);
    return value;
  }

  /** The entry of a key, if there is one; the order stays. */
  peek(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  [Symbol.iterator](): IterableIterator<[string, Value]> {
    return this.#entries[Symbol.iterator]();
  }
}
