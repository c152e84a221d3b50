import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Neighbour } from './neighbour.ts';

/** "group": bound to the port of everyone. "own": a port of its own. */
type Via = 'group' | 'own';

export interface HeardDatagram {
  readonly via: Via;
  readonly from: string;
  readonly port: number;
  readonly data: Buffer;
}

/** One who sends bytes at the neighbour's, to a group and a port, and keeps all that it hears from others. */
export class UdpStation {
  readonly heard: HeardDatagram[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(
    private readonly process: ChildProcessWithoutNullStreams,
    private readonly address: string,
    private readonly group: string,
  ) {}

  static async start(neighbour: Neighbour, address: string, group: string, port: number): Promise<UdpStation> {
    const [command, args] = neighbour.command(process.execPath, join(import.meta.dirname, 'udp-station.js'), address, group, String(port));
    const child = spawn(command, args);
    child.stderr.pipe(process.stderr);
    const station = new UdpStation(child, address, group);
    const lines = createInterface({ input: child.stdout });
    await once(lines, 'line');
    lines.on('line', (line) => station.#hear(line));
    return station;
  }

  send(data: Buffer, { to = this.group, from = 'group' as Via, count = 1 } = {}): void {
    this.process.stdin.write(`${JSON.stringify({ to, from, count, data: data.toString('base64') })}\n`);
  }

  /** The first datagram that is, or will be, as wanted; fails after a time that is long for any answer. */
  async hears(wanted: (heard: HeardDatagram) => boolean, ms = 8000): Promise<HeardDatagram> {
    const end = performance.now() + ms;
    for (;;) {
      const found = this.heard.find(wanted);
      if (found) return found;
      const left = end - performance.now();
      if (left <= 0) throw new Error(`not heard, among ${this.heard.length} datagrams`);
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

  #hear(line: string): void {
    const { data, ...rest } = JSON.parse(line) as Omit<HeardDatagram, 'data'> & { data: string };
    // What it sends to the group comes back.
    if (rest.from === this.address) return;
    this.heard.push({ ...rest, data: Buffer.from(data, 'base64') });
    for (const wake of this.#waiting) wake();
  }
}
