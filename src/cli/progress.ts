import { visible } from '../core/terminal.ts';
import type { Context } from './context.ts';

/** Moves to the beginning of the line and clears it. */
const CLEAR = '\r\x1b[2K';
/** Characters of the line; a terminal has 80 at least. */
const WIDTH = 76;

/** One line on a terminal that says what is going on; nothing where there is no terminal. */
export class Progress {
  readonly #running = new Map<string, string>();
  readonly #terminal: Context['stderr'] | undefined;

  /** @param stderr undefined: nothing is shown */
  constructor(stderr: Context['stderr'] | undefined) {
    this.#terminal = stderr?.isTTY === true ? stderr : undefined;
  }

  begin(id: string, title: string): void {
    this.#running.set(id, title);
    this.#show();
  }

  end(id: string): void {
    this.#running.delete(id);
    this.#show();
  }

  /** Lets something else be written. */
  around(write: () => void): void {
    this.#terminal?.write(CLEAR);
    write();
    this.#show();
  }

  clear(): void {
    this.#running.clear();
    this.#terminal?.write(CLEAR);
  }

  #show(): void {
    if (this.#running.size === 0) return;
    const text = visible(`… ${[...this.#running.values()].join(', ')}`);
    this.#terminal?.write(`${CLEAR}${text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text}`);
  }
}
