import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Neighbour } from './neighbour.ts';

/** "group": sent to everyone, on the port of everyone. "own": to or from a port of the station's own. */
export type Via = 'group' | 'own';

export interface Datagram {
  readonly via: Via;
  readonly from: string;
  readonly port: number;
}

/**
 * A station at the neighbour's: a program of this folder that writes a line of JSON for itself when it is ready, and then one
 * for each datagram. Keeps all that it hears from others.
 */
export abstract class Listener<Line extends Datagram, Heard> {
  readonly heard: Heard[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #process: ChildProcessWithoutNullStreams;

  /** @param program its file in this folder; the first of its arguments is `address`, where it stands */
  protected constructor(
    neighbour: Neighbour,
    program: string,
    private readonly address: string,
    ...more: readonly string[]
  ) {
    const [command, args] = neighbour.command(process.execPath, join(import.meta.dirname, program), address, ...more);
    this.#process = spawn(command, args);
    this.#process.stderr.pipe(process.stderr);
  }

  /** What is kept of a line. */
  protected abstract read(line: Line): Heard;
  /** What the error shows of everything that was heard instead of what a test waited for. */
  protected abstract describe(): string;

  /** Resolves with this station when the program is ready. */
  protected async listening(): Promise<this> {
    const lines = createInterface({ input: this.#process.stdout });
    await once(lines, 'line');
    lines.on('line', (line) => this.#hear(JSON.parse(line)));
    return this;
  }

  /** Writes a line to the program. */
  protected tell(order: object): void {
    this.#process.stdin.write(`${JSON.stringify(order)}\n`);
  }

  /** Resolves with the first datagram that is, or will be, as wanted; fails after a time that is long for any answer. */
  async hears(wanted: (heard: Heard) => boolean, ms = 8000): Promise<Heard> {
    const end = performance.now() + ms;
    for (;;) {
      const found = this.heard.find(wanted);
      if (found) return found;
      const left = end - performance.now();
      if (left <= 0) throw new Error(`not heard; heard was: ${this.describe()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
      this.#waiting.clear();
    }
  }

  async stop(): Promise<void> {
    this.#process.stdin.end();
    await once(this.#process, 'exit');
  }

  #hear(line: Line): void {
    // What it sends to the group comes back.
    if (line.from === this.address) return;
    this.heard.push(this.read(line));
    for (const wake of this.#waiting) wake();
  }
}
