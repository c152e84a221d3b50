/** Bytes of buffers between two collections: little memory, and yet only one collection (about 1 ms) in dozens of pictures. */
const BYTES_PER_COLLECTION = 4 * 1024 * 1024;

/**
 * Has V8 collect young garbage after every few megabytes of buffers. Left alone it hardly notices them, as their bytes lie
 * outside its heap: it waits for some 10 MB more, and then goes through the whole heap. Memory that is used again soon is also
 * still in the processor's cache.
 *
 * Does nothing where Node's global `gc` is missing.
 */
export class BufferGarbage {
  #bytes = 0;

  /** @param bytes length of a buffer that was made and will soon be garbage */
  count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < BYTES_PER_COLLECTION) return;
    this.#bytes = 0;
    globalThis.gc?.({ type: 'minor' });
  }
}

/** The instance of this process, whose garbage is all in one heap. */
export const bufferGarbage = new BufferGarbage();
