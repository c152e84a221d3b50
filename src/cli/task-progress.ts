import { visible } from '../core/terminal.ts';
import type { Progress } from './progress.ts';

/** Characters of the line; a terminal has 80 at least. */
const WIDTH = 76;

/** Shows on one line which of several tasks are under way. */
export class TaskProgress {
  readonly #running = new Map<string, string>();

  /** @param progress undefined: nothing is shown */
  constructor(private readonly progress: Progress | undefined) {}

  begin(id: string, title: string): void {
    this.#running.set(id, title);
    this.#show();
  }

  end(id: string): void {
    this.#running.delete(id);
    this.#show();
  }

  /** Takes the line away while something else is written. */
  around(write: () => void): void {
    this.progress?.end();
    write();
    this.#show();
  }

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
