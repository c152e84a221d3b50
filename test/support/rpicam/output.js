/** Where the pictures go: buffered like C's stdio, written by a thread that a full pipe may block, and never dropped here. */
import { fstatSync, openSync, write } from 'node:fs';

/** Block of C's stdio on a pipe, bytes. Without `--flush` only whole blocks are written. */
const BLOCK = 4096;
/** Time between two tries on a pipe that somebody made non-blocking, milliseconds. */
const RETRY_MS = 2;

export class Output {
  #fd;
  #flush;
  #tail = Buffer.alloc(0);
  /** Pictures not yet handed to the system, oldest first. */
  #queue = [];
  #writing = false;
  #broken;
  #drained = [];

  /**
   * @param {string} name `-` for stdout, a file, or empty for none
   * @param {boolean} flush
   * @param {() => void} broken called once when the reader is gone
   */
  constructor(name, flush, broken) {
    if (name === '-') this.#fd = 1;
    else if (name !== '')
      this.#fd = openSync(
        name.replace(/%0?(\d*)d/, (_, digits) => '0'.padStart(Number(digits), '0')),
        'w',
      );
    if (this.#fd !== undefined) fstatSync(this.#fd);
    this.#flush = flush;
    this.#broken = broken;
  }

  /** Pictures in hand, the one being written included. */
  get queued() {
    return this.#queue.length;
  }

  put(picture) {
    if (this.#fd === undefined) return;
    this.#queue.push(picture);
    if (!this.#writing) this.#next();
  }

  /** Resolves when everything in hand is with the reader, which may be never. */
  drain() {
    return new Promise((resolve) => {
      if (this.#queue.length === 0) resolve();
      else this.#drained.push(resolve);
    });
  }

  /** Drains, and writes what is left of the last block too, as at the normal end of a program. */
  async end() {
    this.#flush = true;
    this.put(Buffer.alloc(0));
    await this.drain();
  }

  #next() {
    const picture = this.#queue[0];
    this.#writing = picture !== undefined;
    if (picture === undefined) {
      for (const resolve of this.#drained.splice(0)) resolve();
      return;
    }
    const bytes = Buffer.concat([this.#tail, picture]);
    const whole = this.#flush ? bytes.length : bytes.length - (bytes.length % BLOCK);
    this.#tail = bytes.subarray(whole);
    this.#write(bytes.subarray(0, whole));
  }

  #write(bytes) {
    if (bytes.length === 0) {
      this.#queue.shift();
      this.#next();
      return;
    }
    write(this.#fd, bytes, 0, bytes.length, null, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(() => this.#write(bytes), RETRY_MS);
      else if (error) this.#broken();
      else this.#write(bytes.subarray(written));
    });
  }
}
