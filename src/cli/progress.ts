import type { Context } from './context.ts';

/** Goes to the beginning of the line and erases it (ECMA-48: CR, EL). */
const ERASE = '\r\x1b[K';

/** A line on a terminal that says how far something is; on anything else there is none. */
export class Progress {
  #shown = false;

  /** @param stderr where it is shown: standard output is for results */
  constructor(private readonly stderr: Context['stderr']) {}

  /** Shows a text in place of the one before. It has to fit a line. */
  show(text: string): void {
    if (this.stderr.isTTY !== true) return;
    this.#shown = true;
    this.stderr.write(ERASE + text);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shown) this.stderr.write(ERASE);
    this.#shown = false;
  }
}
