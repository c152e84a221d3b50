import { type HeaderBlock, parseHeaderLines, splitLines } from './header-block.ts';

/** Most bytes of a request line and its headers. Real ones stay below 1 KiB, a long Authorization included. */
export const MAX_HEAD = 8 * 1024;

/** Most bytes of a body: parameters, a few lines of text. */
export const MAX_BODY = 64 * 1024;

/** Most bytes of an interleaved packet that is handed on. Receiver reports take 32 and more; a packet fits an Ethernet frame. */
export const MAX_FRAME = 2 * 1024;

/** A request as it came (RFC 2326 section 6). */
export interface RtspRequest {
  /** As sent; RTSP methods are upper case and case matters. */
  readonly method: string;
  /** As sent, one character per byte. */
  readonly url: string;
  /** `RTSP/1.0`, or another for the server to refuse. */
  readonly version: string;
  readonly headers: HeaderBlock;
  readonly body: Buffer;
}

/** What ends the conversation: the bytes that follow cannot be told apart. */
export interface RtspProblem {
  /** The answer it deserves: no RTSP, the body too large, or the request line too long. */
  readonly status: 400 | 413 | 414;
  /** For people. */
  readonly reason: string;
  /** CSeq of the request that could not be read, where it came so far. */
  readonly cseq: string | undefined;
}

/** Called from within {@link RtspReader.push}, in the order of the bytes. */
export interface RtspHandlers {
  /** A whole request. */
  request(request: RtspRequest): void;
  /** A packet interleaved with the requests (RFC 2326 section 10.12), up to {@link MAX_FRAME} bytes; longer ones are passed over. */
  frame(channel: number, payload: Buffer): void;
  /** The last call: what is pushed later is dropped. */
  problem(problem: RtspProblem): void;
}

const LF = 0x0a;
const CR = 0x0d;
const DOLLAR = 0x24;
/** Bytes of "$", the channel and two bytes of length. */
const FRAME_HEADER = 4;

const REQUEST_LINE = /^([A-Za-z][\w.-]*) +([!-~\x80-\xff]+) +(RTSP\/\d+\.\d+)$/;
const STATUS_LINE = /^RTSP\/\d+\.\d+ +\d{3}(?: |$)/;
const CSEQ_LINE = /\nCSeq[ \t]*:[ \t]*(\d{1,10})[ \t]*\r?\n/i;
const LENGTH = /^\d{1,10}$/;

/** Between two messages, in the head or the body of one, in a packet, in bytes nobody wants, or at the end. */
type State = 'between' | 'head' | 'body' | 'frame-header' | 'frame' | 'skip' | 'stopped';

/**
 * Takes apart the bytes that a client sends on an RTSP connection, however they are cut: requests, interleaved packets and
 * answers to requests of ours, which are passed over. Blank lines between messages and lines that end with a bare LF are
 * tolerated (RFC 2326 sections 4 and 4.1).
 *
 * Holds one unfinished head, body or packet and nothing else; each byte is looked at once, whatever the chunks.
 */
export class RtspReader {
  readonly #handlers: RtspHandlers;
  #state: State = 'between';
  readonly #kept = new Accumulator();
  /** Bytes in the line that is open, without its CR. */
  #lineLength = 0;
  /** Bytes still to come of a body, a packet or what is skipped. */
  #missing = 0;
  #channel = 0;
  /** The request whose body is being read. */
  #pending: Omit<RtspRequest, 'body'> | undefined;

  constructor(handlers: RtspHandlers) {
    this.#handlers = handlers;
  }

  /** Bytes kept of what is unfinished, {@link MAX_BODY} at most; beside them, the head of a request whose body is coming. */
  get held(): number {
    return this.#kept.capacity;
  }

  /** Takes the next bytes. Keeps nothing of `chunk` itself, and throws nothing but what a handler throws. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#state !== 'stopped') at = this.#step(chunk, at);
  }

  /** Drops what is held and whatever comes later. A handler may call it. */
  stop(): void {
    this.#state = 'stopped';
    this.#pending = undefined;
    this.#kept.take();
  }

  /** Uses up some bytes from `at` on. Returns the place of the first one that is left. */
  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case 'between':
        return this.#begin(chunk[at]!, at);
      case 'head':
        return this.#readHead(chunk, at);
      case 'skip': {
        const taken = Math.min(this.#missing, chunk.length - at);
        this.#missing -= taken;
        if (this.#missing === 0) this.#state = 'between';
        return at + taken;
      }
      default:
        return this.#readCounted(chunk, at);
    }
  }

  #begin(byte: number, at: number): number {
    if (byte === CR || byte === LF) return at + 1;
    if (byte === DOLLAR) {
      this.#expect('frame-header', FRAME_HEADER);
    } else if (isLetter(byte)) {
      this.#lineLength = 0;
      this.#state = 'head';
    } else {
      this.#fail(400, 'neither a request nor an interleaved packet');
    }
    return at;
  }

  #readHead(chunk: Buffer, at: number): number {
    const lineFeed = chunk.indexOf(LF, at);
    const end = lineFeed < 0 ? chunk.length : lineFeed + 1;
    if (this.#kept.length + (end - at) > MAX_HEAD) {
      // Seldom, and once for a connection: the line is looked at to say which part is too long.
      this.#kept.append(chunk.subarray(at, at + MAX_HEAD - this.#kept.length), MAX_HEAD);
      const head = this.#kept.take().toString('latin1');
      if (head.includes('\n')) this.#fail(400, `more than ${MAX_HEAD} bytes of headers`, head);
      else this.#fail(414, `a request line of more than ${MAX_HEAD} bytes`);
      return end;
    }
    this.#kept.append(chunk.subarray(at, end), MAX_HEAD);
    if (lineFeed < 0) {
      this.#lineLength += end - at;
      return end;
    }
    const length = this.#lineLength + (lineFeed - at);
    this.#lineLength = 0;
    if (length === 0 || (length === 1 && this.#kept.at(-2) === CR)) this.#endHead();
    return end;
  }

  #endHead(): void {
    const head = this.#kept.take().toString('latin1');
    const lines = splitLines(head);
    // The blank line, and what split() makes of its end.
    const headers = parseHeaderLines(lines.slice(1, -2));
    const request = REQUEST_LINE.exec(lines[0]!);
    if (!headers || !(request || STATUS_LINE.test(lines[0]!))) {
      this.#fail(400, headers ? 'a line that is no request' : 'headers that cannot be read', head);
      return;
    }
    const length = headers.get('content-length') ?? '0';
    if (!LENGTH.test(length)) {
      this.#fail(400, 'a length that is no number', head);
    } else if (Number(length) > MAX_BODY) {
      this.#fail(413, `a body of more than ${MAX_BODY} bytes`, head);
    } else if (!request) {
      this.#expect('skip', Number(length));
    } else {
      this.#pending = { method: request[1]!, url: request[2]!, version: request[3]!, headers };
      this.#expect('body', Number(length));
    }
  }

  /** Waits for `length` bytes more; none are complete at once. */
  #expect(state: 'body' | 'frame-header' | 'frame' | 'skip', length: number): void {
    this.#state = state;
    this.#missing = length;
    if (length === 0) this.#complete(state);
  }

  #readCounted(chunk: Buffer, at: number): number {
    const end = Math.min(at + this.#missing, chunk.length);
    this.#kept.append(chunk.subarray(at, end), this.#kept.length + this.#missing);
    this.#missing -= end - at;
    if (this.#missing === 0) this.#complete(this.#state);
    return end;
  }

  #complete(state: State): void {
    const bytes = this.#kept.take();
    this.#state = 'between';
    if (state === 'frame-header') {
      this.#channel = bytes[1]!;
      const length = bytes.readUInt16BE(2);
      this.#expect(length > MAX_FRAME ? 'skip' : 'frame', length);
    } else if (state === 'frame') {
      this.#handlers.frame(this.#channel, bytes);
    } else if (state === 'body') {
      const request = { ...this.#pending!, body: bytes };
      this.#pending = undefined;
      this.#handlers.request(request);
    }
  }

  #fail(status: RtspProblem['status'], reason: string, head = ''): void {
    this.stop();
    this.#handlers.problem({ status, reason, cseq: CSEQ_LINE.exec(head)?.[1] });
  }
}

const isLetter = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);

const EMPTY = Buffer.alloc(0);
/** Bytes of the first buffer: most requests fit. */
const FIRST_CAPACITY = 512;

/** Bytes of one message part, copied out of chunks of any size; its buffer doubles, so that the copying stays linear. */
class Accumulator {
  #buffer = EMPTY;
  length = 0;

  get capacity(): number {
    return this.#buffer.length;
  }

  /** @param limit length that will not be exceeded: no buffer gets larger */
  append(bytes: Buffer, limit: number): void {
    const length = this.length + bytes.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.min(limit, Math.max(length, 2 * this.#buffer.length, FIRST_CAPACITY)));
      this.#buffer.copy(larger, 0, 0, this.length);
      this.#buffer = larger;
    }
    bytes.copy(this.#buffer, this.length);
    this.length = length;
  }

  /** The byte at `index`, counted from the end where negative. */
  at(index: number): number | undefined {
    return this.#buffer[index < 0 ? this.length + index : index];
  }

  /** Hands the bytes over and begins anew. */
  take(): Buffer {
    const bytes = this.#buffer.subarray(0, this.length);
    this.#buffer = EMPTY;
    this.length = 0;
    return bytes;
  }
}
