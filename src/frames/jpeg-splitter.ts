import { allocateBuffer, HEADROOM, type Picture, TAILROOM } from './frame.ts';
import { isRestart, isStartOfFrame, STANDARD_DHT } from './jpeg.ts';

/** Largest picture that is taken, bytes: 8 MiB, about four times a 4608 × 2592 picture at quality 95. */
export const MAX_PICTURE_BYTES = 8 * 1024 * 1024;

/** Size that the next picture is expected to have, as a multiple of the last one's: its buffer is made before its end is known. */
const GROWTH = 1.25;

/** What was cut since the start. */
export interface SplitterCounters {
  /** Pictures delivered. */
  pictures: number;
  /** Pictures begun and given up: cut off, damaged or too large. */
  droppedPictures: number;
  /** Bytes that were in no delivered picture. */
  droppedBytes: number;
}

const SOI = Buffer.from([0xff, 0xd8]);
const EOI = Buffer.from([0xff, 0xd9]);
const FF = Buffer.from([0xff]);
const NOTHING = Buffer.alloc(0);

enum State {
  /** Between pictures: looking for SOI. */
  Sync,
  /** Expecting the 0xFF of a marker. */
  MarkerPrefix,
  Marker,
  LengthHigh,
  LengthLow,
  /** Inside the payload of a segment. */
  Payload,
  /** Entropy-coded data; 0xFF is stuffed here, so FFD9 can only be EOI (T.81 B.1.1.5). */
  Scan,
}

/**
 * Cuts a byte stream of JPEGs (ITU-T T.81 Annex B) into pictures.
 *
 * Takes the bytes in any chunking. Segments are skipped by their length, so an FFD9 or FFD8 inside one means nothing.
 * Damage (a cut-off picture, garbage in between) costs the picture it hits, and at most the one after it.
 * Pictures without Huffman tables, as many USB webcams send them, get the standard ones.
 * The bytes are copied once, into the frame's own buffer, before `push` returns: chunks may be read into the same memory
 * again and again.
 */
export class JpegSplitter {
  #state = State.Sync;
  /** Bytes of the picture under way that came in earlier chunks, already in the buffer that it will have. */
  #held = 0;
  #buffer: Buffer = NOTHING;
  /** Size of the last picture, bytes. */
  #lastSize = 0;
  /** In Sync and Scan: whether the last byte seen was 0xFF. */
  #afterFF = false;
  #marker = 0;
  #remaining = 0;
  #payloadOffset = 0;
  #width = 0;
  #height = 0;
  #components = 0;
  /** Whether the picture is coded in one scan, so that everything up to the next EOI belongs to it. */
  #singleScan = false;
  #sequential = false;
  #hasHuffmanTables = false;
  /** Offset of the first SOS marker, where the Huffman tables go if there are none. */
  #scanHeaderOffset = 0;

  /**
   * @param deliver called with each picture, in the turn in which its last byte came
   * @param maxBytes size of the largest picture, bytes; larger ones are dropped
   * @param counters to add to; the same ones for several splitters count over all of them
   */
  constructor(
    private readonly deliver: (picture: Picture) => void,
    private readonly maxBytes = MAX_PICTURE_BYTES,
    readonly counters: SplitterCounters = { pictures: 0, droppedPictures: 0, droppedBytes: 0 },
  ) {}

  /** Takes the next bytes, and delivers the pictures that end with them. Throws only what `deliver` throws. */
  push(chunk: Buffer): void {
    const length = chunk.length;
    // Where the picture under way begins in this chunk; meaningless while looking for SOI.
    let start = 0;
    let i = 0;
    while (i < length) {
      switch (this.#state) {
        case State.Sync: {
          if (this.#afterFF && chunk[i] === 0xd8) {
            this.#begin(FF);
            start = i++;
            break;
          }
          const found = chunk.indexOf(SOI, i);
          if (found < 0) {
            // A final 0xFF may be the first half of SOI; it is counted when the next byte decides.
            const open = chunk[length - 1] === 0xff ? 1 : 0;
            this.counters.droppedBytes += length - i - open + (this.#afterFF ? 1 : 0);
            this.#afterFF = open === 1;
            return;
          }
          this.counters.droppedBytes += found - i + (this.#afterFF ? 1 : 0);
          this.#begin();
          start = found;
          i = found + 2;
          break;
        }
        case State.MarkerPrefix:
          if (chunk[i] !== 0xff) this.#abandon(i - start);
          else {
            i++;
            this.#state = State.Marker;
          }
          break;
        case State.Marker: {
          const marker = chunk[i]!;
          if (marker === 0xff) i++;
          else if (marker === 0xd8) {
            this.#abandon(i - start - 1);
            this.#begin(FF);
            start = i++;
          } else if (marker === 0x01 || isRestart(marker)) {
            i++;
            this.#state = State.MarkerPrefix;
          } else if (marker === 0x00 || marker === 0xd9) this.#abandon(i - start);
          else {
            if (marker === 0xda && this.#scanHeaderOffset === 0) this.#scanHeaderOffset = this.#held + i - start - 1;
            this.#marker = marker;
            i++;
            this.#state = State.LengthHigh;
          }
          break;
        }
        case State.LengthHigh:
          this.#remaining = chunk[i++]! << 8;
          this.#state = State.LengthLow;
          break;
        case State.LengthLow:
          this.#remaining += chunk[i++]! - 2;
          this.#payloadOffset = 0;
          if (this.#remaining < 0) this.#abandon(i - start);
          else this.#state = State.Payload;
          break;
        case State.Payload: {
          const step = Math.min(this.#remaining, length - i);
          this.#readPayload(chunk, i, step);
          i += step;
          this.#remaining -= step;
          if (this.#remaining === 0 && !this.#endOfSegment()) this.#abandon(i - start);
          break;
        }
        case State.Scan: {
          if (!this.#singleScan) {
            i = this.#scanForMarker(chunk, i);
            if (this.#state !== State.Scan || i >= length) break;
          }
          if (this.#afterFF && (chunk[i] === 0xd8 || chunk[i] === 0xd9)) {
            this.#afterFF = false;
            if (chunk[i] === 0xd9) {
              i++;
              this.#complete(chunk, start, i);
            } else {
              this.#abandon(i - start - 1);
              this.#begin(FF);
              start = i++;
            }
            break;
          }
          this.#afterFF = false;
          const end = chunk.indexOf(EOI, i);
          const restart = chunk.indexOf(SOI, i);
          if (restart >= 0 && (end < 0 || restart < end)) {
            // The rest of this picture was lost; the next one has begun.
            this.#abandon(restart - start);
            this.#begin();
            start = restart;
            i = restart + 2;
          } else if (end >= 0) {
            i = end + 2;
            this.#complete(chunk, start, i);
          } else {
            this.#afterFF = chunk[length - 1] === 0xff;
            i = length;
          }
          break;
        }
      }
    }
    if (this.#state === State.Sync) return;
    if (this.#held + length - start > this.maxBytes) this.#abandon(length - start);
    else this.#keep(chunk, start);
  }

  /** Puts the rest of a chunk aside. */
  #keep(chunk: Buffer, start: number): void {
    const needed = this.#held + chunk.length - start;
    this.#ensureBuffer(needed, Math.max(2 * needed, Math.ceil(GROWTH * this.#lastSize)));
    chunk.copy(this.#buffer, HEADROOM + this.#held, start);
    this.#held = needed;
  }

  /** Sees to a buffer for at least `needed` bytes of picture, and for `wanted` if a new one has to be made. */
  #ensureBuffer(needed: number, wanted: number): void {
    if (HEADROOM + needed + TAILROOM <= this.#buffer.length) return;
    const larger = allocateBuffer(Math.max(needed, Math.min(wanted, this.maxBytes)));
    if (this.#held > 0) this.#buffer.copy(larger, HEADROOM, HEADROOM, HEADROOM + this.#held);
    this.#buffer = larger;
  }

  /** Returns the buffer with what is held, for a picture of `size` bytes. */
  #takeBuffer(size: number): Buffer {
    this.#ensureBuffer(size, size);
    const buffer = this.#buffer.subarray(0, HEADROOM + size + TAILROOM);
    this.#buffer = NOTHING;
    return buffer;
  }

  #begin(firstPiece?: Buffer): void {
    this.#state = State.MarkerPrefix;
    this.#held = 0;
    if (firstPiece) this.#keep(firstPiece, 0);
    this.#afterFF = false;
    this.#width = 0;
    this.#hasHuffmanTables = false;
    this.#scanHeaderOffset = 0;
  }

  /** Gives the picture under way up; `here` of its bytes lie in the current chunk. */
  #abandon(here: number): void {
    this.counters.droppedPictures++;
    this.counters.droppedBytes += this.#held + here;
    this.#held = 0;
    this.#afterFF = false;
    this.#state = State.Sync;
  }

  #readPayload(chunk: Buffer, from: number, count: number): void {
    if (isStartOfFrame(this.#marker)) {
      // Precision, height (2), width (2), number of components (T.81 B.2.2).
      for (let k = 0; k < count && this.#payloadOffset < 6; k++, this.#payloadOffset++) {
        const byte = chunk[from + k]!;
        if (this.#payloadOffset === 1) this.#height = byte << 8;
        else if (this.#payloadOffset === 2) this.#height |= byte;
        else if (this.#payloadOffset === 3) this.#width = byte << 8;
        else if (this.#payloadOffset === 4) this.#width |= byte;
        else if (this.#payloadOffset === 5) this.#components = byte;
      }
      this.#sequential = this.#marker === 0xc0 || this.#marker === 0xc1;
    } else if (this.#marker === 0xda && this.#payloadOffset === 0 && count > 0) {
      this.#singleScan = this.#sequential && chunk[from] === this.#components;
      this.#payloadOffset = 1;
    } else if (this.#marker === 0xc4) this.#hasHuffmanTables = true;
  }

  /** Decides what follows a segment. Returns false where the picture has shown to be none. */
  #endOfSegment(): boolean {
    this.#state = State.MarkerPrefix;
    if (this.#marker !== 0xda) return true;
    if (this.#width === 0 || this.#height === 0) return false;
    this.#state = State.Scan;
    return true;
  }

  /**
   * Walks from 0xFF to 0xFF through a picture in several scans (progressive, non-interleaved), which has more segments between
   * them. Returns where to go on; the state is Marker when another segment follows.
   */
  #scanForMarker(chunk: Buffer, from: number): number {
    let i = from;
    while (i < chunk.length) {
      if (this.#afterFF) {
        const byte = chunk[i]!;
        if (byte === 0xd8 || byte === 0xd9) return i;
        if (byte !== 0x00 && byte !== 0xff && !isRestart(byte)) {
          this.#afterFF = false;
          this.#state = State.Marker;
          return i;
        }
        this.#afterFF = byte === 0xff;
        i++;
        continue;
      }
      const found = chunk.indexOf(0xff, i);
      if (found < 0) return chunk.length;
      this.#afterFF = true;
      i = found + 1;
    }
    return i;
  }

  /** Puts the pieces of a picture together, which ends before `end` in this chunk, and delivers it. */
  #complete(chunk: Buffer, start: number, end: number): void {
    this.#state = State.Sync;
    const bytes = this.#held + end - start;
    const tables = this.#hasHuffmanTables ? 0 : STANDARD_DHT.length;
    if (bytes + tables > this.maxBytes) {
      this.#abandon(end - start);
      return;
    }
    const size = bytes + tables;
    const buffer = this.#held > 0 ? this.#takeBuffer(size) : allocateBuffer(size);
    chunk.copy(buffer, HEADROOM + this.#held, start, end);
    if (tables > 0) {
      const gap = HEADROOM + this.#scanHeaderOffset;
      buffer.copyWithin(gap + tables, gap, HEADROOM + bytes);
      STANDARD_DHT.copy(buffer, gap);
    }
    this.#held = 0;
    this.#lastSize = size;
    this.counters.pictures++;
    this.deliver({ buffer, size, width: this.#width, height: this.#height });
  }
}
