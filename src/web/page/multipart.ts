/** One picture of the stream. */
export interface Part {
  /** The JPEG. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** X-Timestamp: capture time, seconds since 1970 by the clock of the camera; undefined when missing or no number. */
  readonly timestamp: number | undefined;
}

/** Largest part taken, bytes: a 12 megapixel JPEG of the best quality is about 10 MB, the server's own limit is 8 MiB. */
export const MAX_PART_BYTES = 32 * 1024 * 1024;
/** Longest line kept, bytes: the part headers are under 100. */
export const MAX_LINE_BYTES = 1024;

const LF = 0x0a;
const CR = 0x0d;
const SEEK = 0;
const HEADERS = 1;
const BODY = 2;

/** Returns the boundary of a Content-Type (RFC 2046 section 5.1.1), quoted or not; undefined when the type is not multipart. */
export function boundaryOf(contentType: string | null): string | undefined {
  if (contentType === null || !/^\s*multipart\//i.test(contentType)) return undefined;
  const match = /;\s*boundary=(?:"([^"]+)"|([^\s";]+))/i.exec(contentType);
  return match?.[1] ?? match?.[2];
}

/**
 * Reads `multipart/x-mixed-replace` (RFC 2046 section 5.1.1) as it arrives. A part counts by its Content-Length; a part without a
 * usable one is passed over up to the next delimiter. Lines may end in CRLF or LF; anything that is not a part is skipped. Never
 * throws, and holds at most one part and one line.
 */
export class MultipartParser {
  readonly #delimiter: string;
  readonly #onPart: (part: Part) => void;
  readonly #line = new Uint8Array(MAX_LINE_BYTES);
  #lineLength = 0;
  /** Whether the line was longer than what is kept, so that it is neither a delimiter nor a header. */
  #overlong = false;
  #state: typeof SEEK | typeof HEADERS | typeof BODY = SEEK;
  #length: number | undefined;
  #timestamp: number | undefined;
  #body = new Uint8Array(0);
  #filled = 0;

  constructor(boundary: string, onPart: (part: Part) => void) {
    this.#delimiter = `--${boundary}`;
    this.#onPart = onPart;
  }

  /** Takes the next bytes. Returns whether some of them belonged to a picture: a long picture on a slow link is progress. */
  push(chunk: Uint8Array): boolean {
    let progress = false;
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === BODY) {
        at = this.#takeBody(chunk, at);
        progress = true;
      } else {
        at = this.#takeLine(chunk, at);
      }
    }
    return progress;
  }

  #takeBody(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#body.length - this.#filled);
    this.#body.set(chunk.subarray(at, end), this.#filled);
    this.#filled += end - at;
    if (this.#filled === this.#body.length) {
      const part = { body: this.#body, timestamp: this.#timestamp };
      this.#body = new Uint8Array(0);
      this.#state = SEEK;
      this.#onPart(part);
    }
    return end;
  }

  #takeLine(chunk: Uint8Array, at: number): number {
    const lf = chunk.indexOf(LF, at);
    const end = lf === -1 ? chunk.length : lf;
    if (this.#lineLength + end - at > MAX_LINE_BYTES) {
      this.#overlong = true;
    } else {
      this.#line.set(chunk.subarray(at, end), this.#lineLength);
      this.#lineLength += end - at;
    }
    if (lf === -1) return end;

    const length = this.#lineLength > 0 && this.#line[this.#lineLength - 1] === CR ? this.#lineLength - 1 : this.#lineLength;
    // Latin-1, whatever the bytes: TextDecoder would turn bytes that are no text into replacement characters all the same.
    const line = this.#overlong ? undefined : String.fromCharCode(...this.#line.subarray(0, length));
    this.#lineLength = 0;
    this.#overlong = false;
    this.#endLine(line);
    return lf + 1;
  }

  #endLine(line: string | undefined): void {
    if (line?.trimEnd() === this.#delimiter) {
      this.#state = HEADERS;
      this.#length = undefined;
      this.#timestamp = undefined;
    } else if (this.#state === HEADERS && line !== undefined) {
      if (line === '') this.#endHeaders();
      else this.#readHeader(line);
    }
  }

  #readHeader(line: string): void {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === 'content-length' && /^\d{1,9}$/.test(value)) this.#length = Number(value);
    if (name === 'x-timestamp' && /^\d{1,12}(\.\d{1,9})?$/.test(value)) this.#timestamp = Number(value);
  }

  #endHeaders(): void {
    if (this.#length === undefined || this.#length === 0 || this.#length > MAX_PART_BYTES) {
      this.#state = SEEK;
      return;
    }
    this.#body = new Uint8Array(this.#length);
    this.#filled = 0;
    this.#state = BODY;
  }
}
