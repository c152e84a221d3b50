import type { IncomingMessage } from 'node:http';
import { addressKey } from '../../auth/address-key.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import { FairShare } from '../fair-share.ts';

/** By when a body must be there after its head, milliseconds: real ones take as long as the network. */
const BODY_TIMEOUT_MS = 10_000;
/** Pieces in which a body may come. Clients send one or two; of the largest body the network makes 180. */
const MAX_PIECES = 1024;
/** Bodies of which not all is there yet, and those of one address. With the largest body they hold 16 MB. */
const MAX_OPEN = 64;
const MAX_OPEN_OF_ADDRESS = 16;
/** First size of the buffer for a body that comes in pieces, bytes. */
const FIRST_CAPACITY = 4096;

/** Why a body was not read. */
export type BodyProblem = 'compressed' | 'too large' | 'too slow' | 'too many pieces' | 'too many bodies';

/** What became of a body. */
export type Body =
  | { readonly text: string }
  | { readonly problem: BodyProblem }
  /** The client has gone. */
  | { readonly gone: true };

/** The HTTP status and the sentence with which such a request is refused. @param limit bytes that a body may have */
export function describeBodyProblem(problem: BodyProblem, limit: number): { readonly status: number; readonly message: string } {
  switch (problem) {
    case 'compressed':
      return { status: 415, message: 'Compressed bodies are not read.' };
    case 'too large':
      return { status: 413, message: `A body may have ${limit / 1024} kB.` };
    case 'too slow':
      return { status: 408, message: `The body of the request was not there after ${BODY_TIMEOUT_MS / 1000} s.` };
    case 'too many pieces':
      return { status: 400, message: `The body of the request came in more than ${MAX_PIECES} pieces.` };
    case 'too many bodies':
      return { status: 503, message: 'Too many requests are being sent at once. Try again in a moment.' };
  }
}

/** Whether a request has a body (RFC 9112 section 6.3). */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] !== undefined && headers['content-length'] !== '0');

/**
 * Reads the bodies of requests as UTF-8. It does so before anybody has logged in, and therefore bounds their size, their time,
 * their pieces and how many there are at once. Of too many, the oldest of the address that has the most is given up.
 */
export class BodyReader {
  /** Bodies of which not all is there, the oldest first. */
  readonly #open = new Set<IncomingBody>();
  readonly #shares = new FairShare<IncomingBody>();
  #cancelTimer: Cancel | undefined;

  /** @param isShared whether many clients share an address, given as the socket has it: it has no limit of its own */
  constructor(
    private readonly clock: Clock,
    private readonly isShared: (address: string) => boolean = () => false,
  ) {}

  /** Reads the body of a request; to be called as soon as its head is there. @param limit bytes that it may have */
  read(req: IncomingMessage, limit: number): Promise<Body> | Body {
    if (!hasBody(req)) return { text: '' };
    if ((req.headers['content-encoding'] ?? 'identity') !== 'identity') return { problem: 'compressed' };
    if (Number(req.headers['content-length'] ?? 0) > limit) return { problem: 'too large' };
    const { remoteAddress = '' } = req.socket;
    const address = addressKey(remoteAddress);
    if (this.#shares.countOf(address) >= MAX_OPEN_OF_ADDRESS && !this.isShared(remoteAddress)) {
      this.#shares.oldestOf(address)?.end({ problem: 'too many bodies' });
    }
    if (this.#shares.size >= MAX_OPEN) this.#shares.oldestOfLargest()?.end({ problem: 'too many bodies' });
    return new Promise((resolve) => {
      const body: IncomingBody = new IncomingBody(req, limit, this.clock.monotonic(), (result) => {
        this.#open.delete(body);
        this.#shares.delete(address, body);
        resolve(result);
      });
      this.#open.add(body);
      this.#shares.add(address, body);
      this.#cancelTimer ??= this.clock.after(BODY_TIMEOUT_MS, () => this.#endOverdue());
    });
  }

  /** Ends the timer of the bodies that are on their way. */
  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** One timer for all: most bodies are there at once, and a timer for each would cost more than they do. */
  #endOverdue(): void {
    this.#cancelTimer = undefined;
    const now = this.clock.monotonic();
    for (const body of this.#open) {
      const left = body.beganAt + BODY_TIMEOUT_MS - now;
      if (left > 0) {
        this.#cancelTimer = this.clock.after(left, () => this.#endOverdue());
        return;
      }
      body.end({ problem: 'too slow' });
    }
  }
}

/** One body on its way. */
class IncomingBody {
  /** What is there of it: the first piece as it came, then in one buffer that grows. */
  #bytes: Buffer | undefined;
  #length = 0;
  #pieces = 0;

  constructor(
    private readonly req: IncomingMessage,
    private readonly limit: number,
    /** Monotonic milliseconds. */
    readonly beganAt: number,
    /** Called once. */
    private readonly onEnd: (body: Body) => void,
  ) {
    req.on('data', this.#onData).once('end', this.#onWhole).once('close', this.#onClose);
  }

  end(body: Body): void {
    const { req } = this;
    req.removeListener('data', this.#onData).removeListener('end', this.#onWhole).removeListener('close', this.#onClose);
    this.#bytes = undefined;
    this.onEnd(body);
  }

  readonly #onData = (piece: Buffer): void => {
    const length = this.#length + piece.length;
    if (length > this.limit) this.end({ problem: 'too large' });
    else if (++this.#pieces > MAX_PIECES) this.end({ problem: 'too many pieces' });
    else {
      this.#bytes = this.#bytes ? appended(this.#bytes, this.#length, piece, this.limit) : piece;
      this.#length = length;
    }
  };

  readonly #onWhole = (): void => this.end({ text: this.#bytes?.toString('utf8', 0, this.#length) ?? '' });

  readonly #onClose = (): void => this.end({ gone: true });
}

/**
 * `bytes` with `piece` behind its first `length` bytes; in another buffer where it is too small.
 *
 * @param limit bytes of the largest buffer
 */
function appended(bytes: Buffer, length: number, piece: Buffer, limit: number): Buffer {
  const needed = length + piece.length;
  let buffer = bytes;
  if (needed > buffer.length) {
    buffer = Buffer.allocUnsafeSlow(Math.min(limit, Math.max(FIRST_CAPACITY, 2 * needed)));
    bytes.copy(buffer, 0, 0, length);
  }
  piece.copy(buffer, length);
  return buffer;
}
