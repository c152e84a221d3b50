import { connect, type Socket } from 'node:net';
import { basic, PASSWORD, type Server } from './server.ts';

export interface Part {
  readonly headers: Readonly<Record<string, string>>;
  readonly jpeg: Buffer;
  /** When it was complete, milliseconds since the Unix epoch. */
  readonly at: number;
}

/** A viewer of the MJPEG stream over a socket of its own: reads strictly what the contract promises, and counts. */
export class Viewer {
  readonly parts: Part[] = [];
  closed = false;
  /** Status line and headers of the answer. */
  head = '';
  readonly socket: Socket;
  #buffer = Buffer.alloc(0);
  #opened = false;
  readonly #watchers = new Set<() => void>();

  constructor(
    server: Server,
    path = '/stream.mjpg',
    headers: Readonly<Record<string, string>> = { Authorization: basic('admin', PASSWORD) },
  ) {
    this.socket = connect(server.port, '127.0.0.1');
    const lines = Object.entries({ Host: `127.0.0.1:${server.port}`, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    this.socket.on('data', (chunk) => this.#take(chunk));
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.#tell();
    });
  }

  /** Everything received that is in no part yet. */
  get rest(): string {
    return this.#buffer.toString('latin1');
  }

  #take(chunk: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    if (this.head === '') {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.head = this.#buffer.toString('latin1', 0, end);
      this.#buffer = this.#buffer.subarray(end + 4);
    }
    if (this.head.startsWith('HTTP/1.1 200') && this.head.includes('boundary=frame')) while (this.#takePart());
    this.#tell();
  }

  #takePart(): boolean {
    if (!this.#opened) {
      if (this.#buffer.length < 9) return false;
      this.#expect(0, '--frame\r\n');
      this.#buffer = this.#buffer.subarray(9);
      this.#opened = true;
    }
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const headers = Object.fromEntries(
      this.#buffer
        .toString('latin1', 0, end)
        .split('\r\n')
        .map((line) => line.split(': ') as [string, string]),
    );
    const length = Number(headers['Content-Length']);
    const from = end + 4;
    if (this.#buffer.length < from + length + 11) return false;
    this.#expect(from + length, '\r\n--frame\r\n');
    this.parts.push({ headers, jpeg: Buffer.from(this.#buffer.subarray(from, from + length)), at: Date.now() });
    this.#buffer = this.#buffer.subarray(from + length + 11);
    return true;
  }

  #expect(at: number, text: string): void {
    const found = this.#buffer.toString('latin1', at, at + text.length);
    if (found !== text) throw new Error(`expected ${JSON.stringify(text)}, found ${JSON.stringify(found)}`);
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  /** Waits until something holds, told of each chunk and of the end. */
  until(test: () => boolean, what: string, seconds = 20): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(check);
        reject(new Error(`never came to be: ${what} (${this.parts.length} parts, closed: ${this.closed}, head: ${this.head})`));
      }, seconds * 1000);
      const check = () => {
        if (!test()) return;
        clearTimeout(timer);
        this.#watchers.delete(check);
        resolve();
      };
      this.#watchers.add(check);
      check();
    });
  }

  /** Waits for `count` more pictures. */
  async next(count = 1, seconds = 20): Promise<Part> {
    const wanted = this.parts.length + count;
    await this.until(() => this.parts.length >= wanted || this.closed, `${count} more pictures`, seconds);
    if (this.parts.length < wanted) throw new Error(`the stream ended after ${this.parts.length} pictures: ${this.head} ${this.rest}`);
    return this.parts[wanted - 1]!;
  }

  close(): Promise<void> {
    this.socket.destroy();
    return this.until(() => this.closed, 'closed');
  }
}
