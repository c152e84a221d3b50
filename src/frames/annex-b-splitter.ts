import { NAL, nalType } from './h264.ts';

/** What was cut since the start. */
export interface UnitSplitterCounters {
  /** Access units that came out. */
  units: number;
  /** Units among these that turned out to have ended too early: a silence was taken for their end. */
  torn: number;
  /** Bytes that belonged to no unit, or to one that was too large. */
  droppedBytes: number;
}

/** What a splitter reports. */
export interface UnitSplitterEvents {
  /** The NAL units of one access unit, without start codes: memory of their own. */
  unit(nals: readonly Buffer[]): void;
  /** The unit before was not whole, so that what refers to it cannot be decoded, up to the next key frame. */
  torn(): void;
}

const START_CODE = Buffer.from([0, 0, 1]);
/** Size of the buffer that a unit is first gathered in, bytes. */
const FIRST_CAPACITY = 64 << 10;
/** Bytes of a NAL unit that tell whether another access unit begins with it: its header, and the bits behind that. */
const TELLING_BYTES = 2;

/**
 * Cuts a byte stream of H.264 (annex B), in chunks of any size, into access units (7.4.1.2.3). A unit ends where the next one
 * * begins, which would make each picture late by the time to the next. So the reader says when it has fallen silent, and what is
 * there is taken for whole. Where that turns out to be wrong, `torn` says so, and the rest is dropped.
 */
export class AnnexBSplitter {
  /** What was cut since the start. */
  readonly counters: UnitSplitterCounters = { units: 0, torn: 0, droppedBytes: 0 };
  #buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  #filled = 0;
  /** Offset up to which all start codes are known. */
  #scanned = 0;
  /** Offsets of this access unit's NAL units, behind their start codes. */
  readonly #starts: number[] = [];
  #hasSlice = false;
  /** Whether a silence has ended the last unit, and nothing came since. */
  #ended = false;

  /** @param maxBytes size of the largest unit, bytes; larger ones are dropped, so that no more memory is held */
  constructor(
    private readonly events: UnitSplitterEvents,
    private readonly maxBytes: number,
  ) {}

  /** Whether a picture is there that has not ended, so that the reader has to listen for a silence. */
  get pending(): boolean {
    return this.#hasSlice;
  }

  /** Takes the next bytes, and reports the units that end with them. Never throws. */
  push(chunk: Buffer): void {
    this.#append(chunk);
    for (;;) {
      const code = this.#nextCode();
      if (code === -1) break;
      this.#scanned = code + START_CODE.length;
      if (this.#starts.length === 0) this.#dropBefore(code);
      else if (this.#beginsUnit(this.#scanned)) this.#give(code);
      this.#starts.push(this.#scanned);
      this.#hasSlice ||= isVideo(this.#typeAt(this.#scanned));
    }
    if (this.#starts.length === 0) this.#keepTail();
    else if (this.#filled > this.maxBytes) this.#drop();
  }

  /** Ends the unit that is there: nothing has come for so long that the writer has written all of it. */
  silence(): void {
    const start = this.#starts.at(-1);
    if (!this.#hasSlice || start === undefined || this.#filled <= start) return;
    const bytes = this.#buffer.subarray(0, this.#filled);
    // A NAL unit never ends with a zero, and behind a start code there is more to come.
    if (bytes.at(-1) === 0 || bytes.indexOf(START_CODE, this.#scanned) !== -1) return;
    this.#give(this.#filled);
    this.#ended = true;
  }

  #append(chunk: Buffer): void {
    const needed = this.#filled + chunk.length;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#buffer.length));
      this.#buffer.copy(larger, 0, 0, this.#filled);
      this.#buffer = larger;
    }
    chunk.copy(this.#buffer, this.#filled);
    this.#filled = needed;
  }

  /** Returns the offset of the next start code, once enough behind it has come; -1: there is none yet. */
  #nextCode(): number {
    const code = this.#buffer.subarray(0, this.#filled).indexOf(START_CODE, this.#scanned);
    if (code !== -1) return code + START_CODE.length + TELLING_BYTES <= this.#filled ? code : -1;
    // A start code may have begun at the end.
    this.#scanned = Math.max(this.#scanned, this.#filled - START_CODE.length + 1);
    return -1;
  }

  #typeAt(start: number): number {
    return nalType(this.#buffer.subarray(start, start + 1));
  }

  /** Returns whether the NAL unit that begins here is the first of another access unit (H.264, 7.4.1.2.3). */
  #beginsUnit(start: number): boolean {
    if (!this.#hasSlice) return false;
    const type = this.#typeAt(start);
    // first_mb_in_slice is 0 where its Exp-Golomb code is a single 1.
    if (isVideo(type)) return (this.#buffer[start + 1]! & 0x80) !== 0;
    return (type >= NAL.SEI && type <= NAL.ACCESS_UNIT_DELIMITER) || (type >= FIRST_RESERVED && type <= LAST_RESERVED);
  }

  /** Gives what is there up to `end`, and goes on with what is behind it. */
  #give(end: number): void {
    const bytes = Buffer.allocUnsafeSlow(end);
    this.#buffer.copy(bytes, 0, 0, end);
    const nals = this.#starts.map((start, at) => {
      const next = this.#starts[at + 1];
      return bytes.subarray(start, endOf(bytes, start, next === undefined ? end : next - START_CODE.length));
    });
    this.#forget(end);
    this.counters.units++;
    this.events.unit(nals.filter(({ length }) => length > 0));
  }

  /** Drops what came before the first start code: zeros at best, and the rest of a torn unit at worst. */
  #dropBefore(code: number): void {
    let garbage = false;
    for (let at = 0; at < code && !garbage; at++) garbage = this.#buffer[at] !== 0;
    this.#tell(garbage ? code : 0);
    this.#ended = false;
    this.#forget(code);
  }

  /** Drops all but the zeros with which a start code may begin, where there is none. */
  #keepTail(): void {
    let tail = Math.max(0, this.#filled - START_CODE.length - TELLING_BYTES + 1);
    while (tail < this.#filled && !this.#isCodeFrom(tail)) tail++;
    if (tail === 0) return;
    let garbage = 0;
    for (let at = 0; at < tail; at++) if (this.#buffer[at] !== 0) garbage = tail;
    this.#tell(garbage);
    this.#forget(tail);
  }

  /** Returns whether the bytes from here on may be a start code, with what follows it. */
  #isCodeFrom(at: number): boolean {
    const bytes = this.#buffer.subarray(at, this.#filled);
    return START_CODE.every((byte, index) => index >= bytes.length || bytes[index] === byte);
  }

  #tell(garbage: number): void {
    if (garbage === 0) return;
    this.counters.droppedBytes += garbage;
    if (!this.#ended) return;
    this.#ended = false;
    this.counters.torn++;
    this.events.torn();
  }

  /** Drops a unit that is too large; the next start code begins another one. */
  #drop(): void {
    this.counters.droppedBytes += this.#filled;
    this.#forget(this.#filled);
    this.#buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
    this.events.torn();
  }

  /** Forgets the bytes up to `end`. */
  #forget(end: number): void {
    this.#buffer.copy(this.#buffer, 0, end, this.#filled);
    this.#filled -= end;
    this.#scanned = Math.max(0, this.#scanned - end);
    this.#starts.length = 0;
    this.#hasSlice = false;
  }
}

/** Types of NAL units that begin an access unit, besides those that have names here (H.264, 7.4.1.2.3). */
const FIRST_RESERVED = 14;
const LAST_RESERVED = 18;

const isVideo = (type: number): boolean => type >= NAL.SLICE && type <= NAL.IDR;

/** Returns the end of a NAL unit without the zeros that belong to the next start code. */
function endOf(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && bytes[at - 1] === 0) at--;
  return at;
}
