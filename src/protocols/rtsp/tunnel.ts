import { type HeaderBlock, parseHeaderLines, splitLines } from './header-block.ts';

/**
 * The first request of one half of a tunnel. RTSP over HTTP as QuickTime began it and ONVIF Streaming has it: a GET whose answer
 * never ends carries what the server says, a POST whose body never ends carries what the client says, in base64. A cookie that
 * the client makes up joins the two. The POST's Content-Length is a pretence; its connection counts.
 */
export interface TunnelRequest {
  readonly method: 'GET' | 'POST';
  /** The request-target, as sent. */
  readonly path: string;
  /** Value of X-Sessioncookie, 1 to 64 printable characters. */
  readonly cookie: string;
  /** All headers of the request. */
  readonly headers: HeaderBlock;
  /** Where the body begins, bytes from the first: of a POST the base64, of a GET nothing. */
  readonly bodyStart: number;
}

/** The answer to the GET; the POST gets none. HTTP/1.0 and no length: the body ends with the connection. */
export const TUNNEL_ANSWER =
  'HTTP/1.0 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\nPragma: no-cache\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n';

/** The answer to a POST that does not come from its tunnel's client. */
export const TUNNEL_REFUSAL = 'HTTP/1.0 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** Bytes of head within which a tunnel must show itself. */
export const MAX_TUNNEL_HEAD = 8 * 1024;

const STARTS = [Buffer.from('GET '), Buffer.from('POST ')];
const REQUEST_LINE = /^(GET|POST) ([!-~]{1,2048}) HTTP\/1\.[01]$/;
const COOKIE = /^[!-~]{1,64}$/;
const LF = 0x0a;

/**
 * Tells a tunnel from other HTTP by the first bytes of a connection, as soon as it can be told. Never throws.
 *
 * @param bytes all that came so far
 */
export function recogniseTunnel(bytes: Buffer): 'need-more' | 'not-a-tunnel' | TunnelRequest {
  if (!STARTS.some((start) => startsAlike(bytes, start))) return 'not-a-tunnel';
  const head = bytes.subarray(0, MAX_TUNNEL_HEAD);
  const lineEnd = head.indexOf(LF);
  if (lineEnd >= 0 && !REQUEST_LINE.test(splitLines(head.toString('latin1', 0, lineEnd))[0]!)) return 'not-a-tunnel';
  const bodyStart = endOfHead(head);
  if (bodyStart === undefined) return bytes.length < MAX_TUNNEL_HEAD ? 'need-more' : 'not-a-tunnel';
  const lines = splitLines(head.toString('latin1', 0, bodyStart));
  const [, method, path] = REQUEST_LINE.exec(lines[0]!)!;
  const headers = parseHeaderLines(lines.slice(1, -2));
  const cookie = headers?.get('x-sessioncookie');
  if (!headers || cookie === undefined || !COOKIE.test(cookie)) return 'not-a-tunnel';
  return { method: method as 'GET' | 'POST', path: path!, cookie, headers, bodyStart };
}

function startsAlike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
}

/** Behind the blank line that comes first. */
function endOfHead(head: Buffer): number | undefined {
  const ends = ['\n\r\n', '\n\n'].map((blank) => ({ at: head.indexOf(blank, 0, 'latin1'), length: blank.length }));
  const first = ends.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)[0];
  return first && first.at + first.length;
}

const PADDING = 64;
const BLANK = 65;
const INVALID = 66;

/** What each byte of the encoding stands for: six bits, or one of the above. */
const VALUES = new Uint8Array(256).fill(INVALID);
for (const [value, letter] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  VALUES[letter.charCodeAt(0)] = value;
}
VALUES['='.charCodeAt(0)] = PADDING;
for (const blank of '\r\n\t ') VALUES[blank.charCodeAt(0)] = BLANK;

/**
 * Decodes the base64 of a tunnel's POST (RFC 4648 section 4), however it is cut. Clients encode each request by itself, so
 * that padding may come anywhere and what follows it begins anew. Line ends and blanks are passed over. Holds less than
 * three bytes.
 */
export class TunnelDecoder {
  /** Bits that make no byte yet. */
  #bits = 0;
  /** Letters and padding of the group of four that is open. */
  #letters = 0;
  /** Padding of it. */
  #padding = 0;
  #broken = false;

  /** Returns the bytes that `chunk` completes; undefined from the first letter on that cannot be base64. */
  decode(chunk: Buffer): Buffer | undefined {
    const decoded = Buffer.allocUnsafe(Math.ceil((chunk.length * 3) / 4) + 1);
    let length = 0;
    for (const byte of chunk) {
      const value = VALUES[byte]!;
      if (value === BLANK) continue;
      if (!this.#fits(value)) this.#broken = true;
      if (this.#broken) return undefined;
      if (value === PADDING) this.#padding++;
      else {
        this.#bits = ((this.#bits << 6) | value) & 0xffff;
        // The first letter of a group makes no byte, each other completes one.
        if (this.#letters > 0) decoded[length++] = this.#bits >> (6 - 2 * this.#letters);
      }
      this.#letters++;
      if (this.#letters === 4) {
        this.#letters = 0;
        this.#padding = 0;
      }
    }
    return this.#broken ? undefined : decoded.subarray(0, length);
  }

  /** Padding takes the last one or two places of a group. */
  #fits(value: number): boolean {
    return value === PADDING ? this.#letters >= 2 : value !== INVALID && this.#padding === 0;
  }
}
