import { once } from 'node:events';
import { mkdtemp, rmdir } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Most bytes of one read: a whole picture of 1080p, and as much as the kernel holds for a local socket by default. */
const READ_BYTES = 256 * 1024;

/**
 * Carries a program's output to this one: a pair of connected local sockets, as Node makes one for a child's standard output. That
 * one is read into a new buffer of 64 KB each time; this one always into the same, which saves a third of what taking a picture
 * costs.
 */
export class OutputSocket {
  /** Called with the output as it comes; the bytes are only valid until it returns. */
  onBytes: (bytes: Buffer) => void = () => {};
  /** Resolves when no more output can come. */
  readonly ended: Promise<void>;
  readonly #ours: Socket;
  #theirs: Socket | undefined;

  private constructor(path: string) {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (count: number): boolean => {
      this.onBytes(buffer.subarray(0, count));
      return true;
    };
    this.#ours = connect({ path, onread: { buffer, callback } });
    this.ended = new Promise((resolve) => this.#ours.once('close', () => resolve()));
  }

  /**
   * Makes a pair of sockets.
   * @param base folder for temporary files
   * @throws Error where there is no place for a socket
   */
  static async open(base = tmpdir()): Promise<OutputSocket> {
    // Nobody else can enter the folder, and so nobody else can connect.
    const folder = await mkdtemp(join(base, 'onvif-camera-'));
    const server = createServer({ pauseOnConnect: true });
    let output: OutputSocket | undefined;
    try {
      const path = join(folder, 'output');
      server.listen(path);
      await once(server, 'listening');
      const connection = once(server, 'connection') as Promise<[Socket]>;
      output = new OutputSocket(path);
      output.#ours.on('error', () => {});
      // With no descriptor left for it the other end is closed, and nothing else tells.
      const refused = output.ended.then((): never => {
        throw new Error('the connection was closed at once: too many open files?');
      });
      const [[theirs]] = await Promise.race([Promise.all([connection, once(output.#ours, 'connect')]), refused]);
      output.#theirs = theirs;
      return output;
    } catch (error) {
      output?.close();
      throw error;
    } finally {
      // It takes its own file away. A folder that stays costs nothing; giving the output up for it would.
      server.close();
      await rmdir(folder).catch(() => {});
    }
  }

  /** The end that the program writes to; this process has to close it until {@link handOver}. */
  get theirs(): Socket {
    return this.#theirs!;
  }

  /** Closes this process's copy of that end, once the program has it: the output ends when nobody holds it any more. */
  handOver(): void {
    this.#theirs?.destroy();
  }

  /** Closes both ends. */
  close(): void {
    this.#theirs?.destroy();
    this.#ours.destroy();
  }
}
