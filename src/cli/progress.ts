import { visible } from '../core/terminal.ts';
import type { Context } from './context.ts';

/** Moves the cursor to the beginning of the line and erases it (ECMA-48: CR, EL). */
const ERASE = '\r\x1b[K';

/** A line on a terminal that says how far something is; nothing is written to anything else. */
export class Progress {
  #shown = false;

  /** @param stderr shows the line, as standard output is for results */
  constructor(private readonly stderr: Context['stderr']) {}

  /** Shows a text in place of the one before. It has to fit into a line. */
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

/** Longest line, characters: a terminal has 80 at least. */
const WIDTH = 76;

/** Shows on one line which of several tasks are under way. */
export class TaskProgress {
  readonly #running = new Map<string, string>();

  /** @param progress undefined: nothing is shown */
  constructor(private readonly progress: Progress | undefined) {}

  /** Adds a task to the line. */
  begin(id: string, title: string): void {
    this.#running.set(id, title);
    this.#show();
  }

  /** Takes a task out of the line. */
  end(id: string): void {
    this.#running.delete(id);
    this.#show();
  }

  /** Calls `write` with the line taken away, and shows it again. */
  around(write: () => void): void {
    this.progress?.end();
    write();
    this.#show();
  }

  /** Takes the line away with all its tasks. */
  clear(): void {
    this.#running.clear();
    this.progress?.end();
  }

  #show(): void {
    if (this.#running.size === 0) {
      this.progress?.end();
      return;
    }
    const text = visible(`… ${[...this.#running.values()].join(', ')}`);
    this.progress?.show(text.length > WIDTH ? `${text.slice(0, WIDTH - 1)}…` : text);
  }
}
