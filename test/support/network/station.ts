import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Message, parseMessage } from '../../../src/protocols/ws-discovery/message.ts';
import type { Neighbour } from './neighbour.ts';

export interface Heard {
  readonly from: string;
  readonly port: number;
  /** "group": sent to everyone. "own": sent to the station's own port. */
  readonly via: 'group' | 'own';
  readonly text: string;
  /** Milliseconds, performance.now(). */
  readonly at: number;
  readonly message: Message | undefined;
}

/** A WS-Discovery client at the neighbour's; keeps all that it hears. */
export class Station {
  readonly heard: Heard[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(
    private readonly process: ChildProcessWithoutNullStreams,
    private readonly address: string,
  ) {}

  static async start(neighbour: Neighbour, address: string): Promise<Station> {
    const [command, args] = neighbour.command(process.execPath, join(import.meta.dirname, 'wsd-station.js'), address);
    const child = spawn(command, args);
    child.stderr.pipe(process.stderr);
    const station = new Station(child, address);
    const lines = createInterface({ input: child.stdout });
    await once(lines, 'line');
    lines.on('line', (line) => station.#hear(JSON.parse(line)));
    return station;
  }

  send(text: string | Buffer, to = '239.255.255.250', count = 1): void {
    const data = typeof text === 'string' ? { text } : { text: text.toString('base64'), base64: true };
    this.process.stdin.write(`${JSON.stringify({ to, count, ...data })}\n`);
  }

  /** The first datagram that is, or will be, as wanted; fails after a time that is long for any answer. */
  async hears(wanted: (heard: Heard) => boolean, ms = 8000): Promise<Heard> {
    const end = performance.now() + ms;
    for (;;) {
      const found = this.heard.find(wanted);
      if (found) return found;
      const left = end - performance.now();
      if (left <= 0) throw new Error(`not heard; heard was:\n${this.heard.map(({ text }) => text).join('\n')}`);
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
    this.process.stdin.end();
    await once(this.process, 'exit');
  }

  #hear(heard: Omit<Heard, 'at' | 'message'>): void {
    // What it sends to the group comes back.
    if (heard.from === this.address) return;
    this.heard.push({ ...heard, at: performance.now(), message: parseMessage(Buffer.from(heard.text)) });
    for (const wake of this.#waiting) wake();
  }
}
