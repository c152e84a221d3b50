import { type Frame, HEADROOM } from '../../frames/frame.ts';

/**
 * Boundary of the parts. MJPEG over HTTP is `multipart/x-mixed-replace`, the form that browsers and recorders have read since
 * 1995. Delimiters as in RFC 2046 section 5.1.1; the next delimiter follows each picture at once, so that a reader knows the
 * picture is whole.
 */
export const BOUNDARY = 'frame';
/** Content-Type of the stream. */
export const CONTENT_TYPE = `multipart/x-mixed-replace; boundary=${BOUNDARY}`;

/** First bytes of the stream. */
export const FIRST_DELIMITER = `--${BOUNDARY}\r\n`;
const ADVANCED_HEADER = 'Content-Type: image/jpeg\r\n\r\n';
/** First bytes of a stream of {@link advancedPart}s. */
export const FIRST_ADVANCED_DELIMITER = FIRST_DELIMITER + ADVANCED_HEADER;

const DELIMITER = `\r\n--${BOUNDARY}\r\n`;
const TAIL = Buffer.from(DELIMITER + ADVANCED_HEADER, 'latin1');

/**
 * Writes the part's header and delimiter into the free bytes around the JPEG, the same ones for the same frame.
 *
 * @returns where the header begins
 */
function writeAround(frame: Frame): number {
  const header = `Content-Type: image/jpeg\r\nContent-Length: ${frame.size}\r\nX-Timestamp: ${(frame.capturedAt / 1000).toFixed(3)}\r\n\r\n`;
  const start = HEADROOM - header.length;
  frame.buffer.write(header, start, 'latin1');
  TAIL.copy(frame.buffer, HEADROOM + frame.size);
  return start;
}

/** Returns one part: header, JPEG and the next delimiter, as one view into the frame's own buffer. */
export function part(frame: Frame): Buffer {
  const start = writeAround(frame);
  return frame.buffer.subarray(start, HEADROOM + frame.size + DELIMITER.length);
}

/**
 * Returns one part for a plain `<img>` in Chrome, which shows a picture only when it has the header of the next part: the JPEG,
 * the next delimiter and a header without a length. The stream then opens with {@link FIRST_ADVANCED_DELIMITER}.
 */
export function advancedPart(frame: Frame): Buffer {
  writeAround(frame);
  return frame.buffer.subarray(HEADROOM, HEADROOM + frame.size + TAIL.length);
}

/** Makes each form of the newest frame's part once, however many viewers ask for it. */
export class PartCache {
  #plain: { frame: Frame; bytes: Buffer } | undefined;
  #advanced: { frame: Frame; bytes: Buffer } | undefined;

  /** Returns what {@link part} does. */
  plain(frame: Frame): Buffer {
    if (this.#plain?.frame !== frame) this.#plain = { frame, bytes: part(frame) };
    return this.#plain.bytes;
  }

  /** Returns what {@link advancedPart} does. */
  advanced(frame: Frame): Buffer {
    if (this.#advanced?.frame !== frame) this.#advanced = { frame, bytes: advancedPart(frame) };
    return this.#advanced.bytes;
  }

  /** Lets the last frame go. */
  clear(): void {
    this.#plain = undefined;
    this.#advanced = undefined;
  }
}
