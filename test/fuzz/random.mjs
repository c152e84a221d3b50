// Chance that can be repeated: the same seed gives the same inputs on every machine.

/** A 32-bit hash of a text (FNV-1a). */
export function hash(text) {
  let value = 0x811c9dc5;
  for (let k = 0; k < text.length; k++) value = Math.imul(value ^ text.charCodeAt(k), 0x01000193);
  return value >>> 0;
}

export class Random {
  #state;

  /** @param {string} seed */
  constructor(seed) {
    // The generator knows no zero.
    this.#state = hash(seed) || 1;
    for (let k = 0; k < 4; k++) this.next();
  }

  /** 32 bits (xorshift32). */
  next() {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** A whole number from 0 to below `end`. */
  below(end) {
    return this.next() % end;
  }

  /** True in one of `times` cases. */
  once(times) {
    return this.below(times) === 0;
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return list[this.below(list.length)];
  }

  bytes(length) {
    const bytes = Buffer.alloc(length);
    for (let k = 0; k < length; k++) bytes[k] = this.next() >>> 13;
    return bytes;
  }

  /** Mostly small, seldom as large as `most`. */
  size(most) {
    return this.once(20) ? this.below(most) : this.below(Math.min(most, 40));
  }
}
