import type { Socket } from 'node:net';
import { type RtspProblem, RtspReader, type RtspRequest } from '../../protocols/rtsp/reader.ts';
import type { RtspSender } from './client.ts';

/** Bytes that may wait to be taken apart before no more are read; as long as they are read, it shows when the sender goes. */
const MAX_PENDING = 8192;
/** Bytes that are taken apart at a time: they hold few requests, and no more are read before those are answered. */
const SLICE = 512;

/** A way by which requests come in. */
export interface RtspInputOptions {
  readonly socket: Socket;
  /** Decodes what comes, and returns undefined where it cannot; without it, bytes are taken as they are. */
  readonly decode?: ((chunk: Buffer) => Buffer | undefined) | undefined;
  /** Whether what comes first was sent before its sender could know where the answers go. */
  readonly early?: boolean | undefined;
  /** When it was opened, monotonic milliseconds. */
  readonly now: number;
  /** Called with a packet that is interleaved with the requests. */
  readonly frame: (channel: number, payload: Buffer) => void;
}

/**
 * One way by which a connection's requests come in: its own socket, or a POST of a tunnel. Each has a reader and a login of its
 * own: what one leaves unfinished, or has shown, is nothing to the others.
 */
export class RtspInput implements RtspSender {
  readonly socket: Socket;
  /** When it was opened, monotonic milliseconds. */
  readonly openedAt: number;
  authenticated = false;
  challenged = false;
  /** Whether its requests are being answered. */
  busy = false;
  readonly #gone = new AbortController();
  readonly gone = this.#gone.signal;
  readonly #reader: RtspReader;
  #early: boolean;
  #waiting: (RtspRequest | RtspProblem)[] = [];
  /** What came and has not been taken apart yet. */
  #pending: Buffer | undefined;
  #dropped = false;

  constructor(private readonly options: RtspInputOptions) {
    const { socket, early = false, now, frame } = options;
    this.socket = socket;
    this.openedAt = now;
    this.#early = early;
    this.#reader = new RtspReader({
      request: (request) => this.#waiting.push(request),
      frame,
      problem: (problem) => this.#waiting.push(problem),
    });
    socket.once('close', () => this.#gone.abort());
  }

  /** Whether what comes was perhaps meant for another tunnel than the one whose client gets the answers: it is no login. */
  get early(): boolean {
    return this.#early;
  }

  /** Whether something waits to be taken apart. */
  get pending(): boolean {
    return this.#pending !== undefined;
  }

  /** Whether so much waits that no more shall come. */
  get full(): boolean {
    return this.#pending !== undefined && this.#pending.length > MAX_PENDING;
  }

  /** Takes the next bytes. @returns false: they cannot be read */
  take(chunk: Buffer): boolean {
    if (this.#dropped || chunk.length === 0) return true;
    // It answers a challenge, so that it knows where that went.
    if (this.challenged) this.#early = false;
    const { decode } = this.options;
    const bytes = decode ? decode(chunk) : chunk;
    if (!bytes) return false;
    if (bytes.length > 0) this.#pending = this.#pending ? Buffer.concat([this.#pending, bytes]) : bytes;
    return true;
  }

  /** The next request or problem to be answered; undefined: not enough has come. */
  next(): RtspRequest | RtspProblem | undefined {
    while (this.#waiting.length === 0 && this.#pending) {
      const slice = this.#pending.subarray(0, SLICE);
      this.#pending = slice.length < this.#pending.length ? this.#pending.subarray(SLICE) : undefined;
      this.#reader.push(slice);
    }
    return this.#waiting.shift();
  }

  /** Takes no notice of anything more that comes. */
  drop(): void {
    this.#dropped = true;
    this.#reader.stop();
    this.#waiting = [];
    this.#pending = undefined;
  }
}
