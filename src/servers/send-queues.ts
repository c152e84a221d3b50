import { type FileHandle, open } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { readTcpTable, type TcpEntry, tcpKey } from '../protocols/proc/tcp-table.ts';

/** The table has lines of 150 bytes, and the kernel gives 4 kB of it at a time. */
const BUFFER_BYTES = 16 * 1024;
/** Some 28,000 connections: what comes behind them on a machine that has more is not looked for. */
const MAX_TABLE_BYTES = 4 * 1024 * 1024;
/** For all connections together: the kernel looks through a hash table whose size follows the memory, 5 ms with 24 GB. */
const SHORTEST_INTERVAL_MS = 100;
/** Errors that stay: another system, or a container that hides the table. */
const LASTING = new Set(['ENOENT', 'EACCES', 'EPERM', 'ENOTDIR']);

/** A connection whose queue is to be known. */
export interface WatchedQueue {
  readonly socket: Socket;
  /** For how long a reading is good at present, milliseconds. */
  readonly interval: number;
  /** Called when a reading begins: what is given to the connection from then on may be in it or not. */
  begin(): void;
  /**
   * Called with what was read.
   *
   * @param entry undefined: the connection is not in the table, or there is no table
   * @param at when it was read, monotonic milliseconds
   * @param doubt milliseconds by which that may have been earlier or later
   */
  measured(entry: TcpEntry | undefined, at: number, doubt: number): void;
}

/** Where and when the tables are read. */
export interface SendQueuesOptions {
  readonly clock: Clock;
  /** Folder of the tables; those of the network namespace of this process, /proc/self/net, by default. */
  readonly dir?: string;
}

/**
 * Reads how much waits in the kernel to be sent on connections out of the kernel's table of connections (proc(5),
 * /proc/net/tcp), as Node.js has no call for it. Off the event loop, in one buffer, and only when somebody asks.
 */
export class SendQueues {
  readonly #watched = new Set<WatchedQueue>();
  readonly #missing = new Set<string>();
  readonly #littleEndian = endianness() === 'LE';
  #buffer: Buffer | undefined;
  #reading = false;
  #beganAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: SendQueuesOptions) {}

  /** Whether there is a table that this connection may be found in. */
  covers(socket: Socket): boolean {
    return tcpKey(socket, this.#littleEndian) !== undefined && !this.#missing.has(tableOf(socket));
  }

  /** Reads this queue too, at the next {@link refresh}, until {@link unwatch}. */
  watch(queue: WatchedQueue): void {
    this.#watched.add(queue);
  }

  /** Reads this queue no more. */
  unwatch(queue: WatchedQueue): void {
    this.#watched.delete(queue);
    if (this.#watched.size === 0) this.#buffer = undefined;
  }

  /**
   * Reads anew, for all that are watched, if the last reading is older than this queue's interval. What is given in this turn
   * of the event loop is in the reading.
   */
  refresh({ interval }: Pick<WatchedQueue, 'interval'>): void {
    if (this.#reading || this.#watched.size === 0) return;
    const now = this.options.clock.monotonic();
    if (now - this.#beganAt < Math.max(SHORTEST_INTERVAL_MS, interval)) return;
    this.#reading = true;
    this.#beganAt = now;
    void this.#read();
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    await undefined;
    const tables = new Map<string, Map<string, WatchedQueue>>();
    for (const queue of this.#watched) {
      const [table, key] = [tableOf(queue.socket), tcpKey(queue.socket, this.#littleEndian)];
      const wanted = tables.get(table) ?? new Map<string, WatchedQueue>();
      if (key !== undefined) tables.set(table, wanted.set(key, queue));
      else queue.measured(undefined, this.#beganAt, 0);
    }
    for (const [table, wanted] of tables) await this.#readTable(table, wanted);
    this.#reading = false;
  }

  async #readTable(table: string, wanted: Map<string, WatchedQueue>): Promise<void> {
    let file: FileHandle | undefined;
    try {
      file = await open(join(this.options.dir ?? '/proc/self/net', table));
      await this.#find(file, wanted);
    } catch (error) {
      if (LASTING.has((error as NodeJS.ErrnoException).code ?? '')) this.#missing.add(table);
    }
    await file?.close().catch(() => {});
    for (const queue of wanted.values()) queue.measured(undefined, this.options.clock.monotonic(), 0);
  }

  /** Takes out of `wanted` what it finds. */
  async #find(file: FileHandle, wanted: Map<string, WatchedQueue>): Promise<void> {
    const { clock } = this.options;
    this.#buffer ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
    const buffer = this.#buffer;
    for (let position = 0, kept = 0; position < MAX_TABLE_BYTES && wanted.size > 0; ) {
      for (const queue of wanted.values()) queue.begin();
      const beganAt = clock.monotonic();
      const { bytesRead } = await file.read(buffer, kept, buffer.length - kept, position);
      if (bytesRead === 0) return;
      const doubt = (clock.monotonic() - beganAt) / 2;
      const end = kept + bytesRead;
      const whole = readTcpTable(buffer.subarray(0, end), (key, entry) => {
        const queue = wanted.get(key);
        wanted.delete(key);
        if (queue && this.#watched.has(queue)) queue.measured(entry, beganAt + doubt, doubt);
      });
      buffer.copyWithin(0, whole, end);
      position += bytesRead;
      kept = end - whole;
    }
  }
}

const tableOf = ({ remoteAddress }: Socket): string => (remoteAddress?.includes(':') ? 'tcp6' : 'tcp');
