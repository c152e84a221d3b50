import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { STANDIN } from './stage.ts';

const SOI = Buffer.from([0xff, 0xd8, 0xff]);
const EOI = Buffer.from([0xff, 0xd9]);

/** A stand-in that runs: what it wrote so far, and ways to wait for more. */
export class Run {
  readonly child: ChildProcess;
  stdout = Buffer.alloc(0);
  stderr = '';
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #waiting = new Set<() => void>();

  constructor(args: readonly string[], env: NodeJS.ProcessEnv, read: boolean) {
    this.child = spawn(STANDIN, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stderr?.on('data', (chunk: Buffer) => this.#heard(() => (this.stderr += chunk)));
    this.ended = once(this.child, 'close').then(() => ({ code: this.child.exitCode, signal: this.child.signalCode }));
    if (read) this.read();
  }

  read(): void {
    this.child.stdout?.on('data', (chunk: Buffer) => this.#heard(() => (this.stdout = Buffer.concat([this.stdout, chunk]))));
  }

  get frames(): Buffer[] {
    return cut(this.stdout);
  }

  /** Resolves when the condition holds; rejects when the program ends without it. */
  until(condition: (run: this) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => condition(this) && resolve();
      this.#waiting.add(look);
      look();
      void this.ended.then(() => reject(new Error(`ended: ${this.stderr}`)));
    });
  }

  heard(text: string, times = 1): Promise<void> {
    return this.until((run) => run.stderr.split(text).length > times);
  }

  #heard(take: () => void): void {
    take();
    for (const look of this.#waiting) look();
  }
}

/** Cuts at each start marker; good for pictures that hold no thumbnail. */
export function cut(bytes: Buffer): Buffer[] {
  const starts: number[] = [];
  for (let at = bytes.indexOf(SOI); at >= 0; at = bytes.indexOf(SOI, at + 1)) starts.push(at);
  return starts.map((at, i) => bytes.subarray(at, starts[i + 1] ?? bytes.length));
}

export const isWhole = (frame: Buffer) => frame.subarray(0, 3).equals(SOI) && frame.subarray(-2).equals(EOI);

/** Size in the start-of-frame segment. */
export function sizeOf(frame: Buffer): string {
  const sof = frame.indexOf(Buffer.from([0xff, 0xc0]));
  return `${frame.readUInt16BE(sof + 7)}x${frame.readUInt16BE(sof + 5)}`;
}

/** Messages without libcamera's times, process ids and version. */
export const plain = (stderr: string) =>
  stderr
    .replace(/^\[\d+:\d\d:\d\d\.\d{9}\] \[\d+\] +/gm, '')
    .replace(/libcamera v\S+$/gm, 'libcamera')
    .split('\n')
    .slice(0, -1);
