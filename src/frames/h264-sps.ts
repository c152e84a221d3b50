import { NAL, nalType } from './h264.ts';
import type { Size } from './size.ts';

/** What an SDP and a client need to know of an H.264 stream; the size in pixels is that after cropping. */
export interface SpsInfo extends Size {
  /** profile_idc, the constraint flags and level_idc: six hexadecimal digits in lower case (RFC 6184, 8.1). */
  readonly profileLevelId: string;
}

/** Values of profile_idc whose parameter sets say more about their samples (7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** Most macroblocks in one direction at any level (level 6.2, A.3.1): a number above it is damage. */
const MAX_MACROBLOCKS = 1055;
/** Most leading zeros of an Exp-Golomb code that 32 bits hold (9.1). */
const MAX_LEADING_ZEROS = 31;
/** Largest num_ref_frames_in_pic_order_cnt_cycle (7.4.2.1.1). */
const MAX_ORDER_COUNTS = 255;

/** Returns what a sequence parameter set says (H.264, 7.3.2.1.1), as far as its cropping; undefined for anything else. Never throws. */
export function readSps(nal: Buffer): SpsInfo | undefined {
  if (nalType(nal) !== NAL.SPS || nal.length < 4) return undefined;
  const rbsp = withoutEmulationPrevention(nal.subarray(1));
  const bits = new BitReader(rbsp);
  const profile = bits.read(8);
  bits.read(16);
  bits.unsigned();
  const samples = HIGH_PROFILES.has(profile) ? readSampleFormat(bits) : { chromaFormat: 1, separatePlanes: false };
  bits.unsigned();
  skipOrderCount(bits);
  bits.unsigned();
  bits.read(1);
  const columns = bits.unsigned() + 1;
  const mapUnits = bits.unsigned() + 1;
  const frameOnly = bits.read(1) === 1;
  if (!frameOnly) bits.read(1);
  bits.read(1);
  const cropped = bits.read(1) === 1;
  const [left, right, top, bottom] = cropped ? [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()] : [0, 0, 0, 0];
  const rows = mapUnits * (frameOnly ? 1 : 2);
  if (bits.overrun || columns > MAX_MACROBLOCKS || rows > MAX_MACROBLOCKS) return undefined;
  const unit = cropUnit(samples, frameOnly);
  const width = 16 * columns - unit.x * (left + right);
  const height = 16 * rows - unit.y * (top + bottom);
  if (width <= 0 || height <= 0) return undefined;
  return { profileLevelId: rbsp.toString('hex', 0, 3), width, height };
}

/** Returns the bytes without the 3 that follows two zeros wherever a start code would appear otherwise (7.4.1). */
function withoutEmulationPrevention(bytes: Buffer): Buffer {
  const rbsp = Buffer.alloc(bytes.length);
  let size = 0;
  let zeros = 0;
  for (const byte of bytes) {
    const inserted = zeros >= 2 && byte === 3;
    zeros = byte === 0 ? zeros + 1 : 0;
    if (!inserted) rbsp[size++] = byte;
  }
  return rbsp.subarray(0, size);
}

/** Reads from chroma_format_idc to the scaling lists. */
function readSampleFormat(bits: BitReader): { chromaFormat: number; separatePlanes: boolean } {
  const chromaFormat = bits.unsigned();
  const separatePlanes = chromaFormat === 3 && bits.read(1) === 1;
  bits.unsigned();
  bits.unsigned();
  bits.read(1);
  if (bits.read(1) === 1) {
    const lists = chromaFormat === 3 ? 12 : 8;
    for (let index = 0; index < lists; index++) if (bits.read(1) === 1) skipScalingList(bits, index < 6 ? 16 : 64);
  }
  return { chromaFormat, separatePlanes };
}

/** Skips a scaling list (7.3.2.1.1.1): differences until one says that the rest stays. */
function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  for (let index = 0; index < size; index++) {
    const next = (last + bits.signed()) & 0xff;
    if (next === 0) return;
    last = next;
  }
}

/** Skips from pic_order_cnt_type to its offsets. */
function skipOrderCount(bits: BitReader): void {
  const type = bits.unsigned();
  if (type === 0) bits.unsigned();
  if (type !== 1) return;
  bits.read(1);
  bits.unsigned();
  bits.unsigned();
  const count = Math.min(bits.unsigned(), MAX_ORDER_COUNTS);
  for (let index = 0; index < count; index++) bits.unsigned();
}

/** Returns the pixels per step of the cropping offsets (equations 7-19 to 7-22). */
function cropUnit({ chromaFormat, separatePlanes }: { chromaFormat: number; separatePlanes: boolean }, frameOnly: boolean) {
  const subsampled = !separatePlanes && chromaFormat !== 0;
  const x = subsampled && chromaFormat < 3 ? 2 : 1;
  const y = subsampled && chromaFormat === 1 ? 2 : 1;
  return { x, y: frameOnly ? y : 2 * y };
}

/** Reads bits from the highest of the first byte on; behind the end there are zeros. */
class BitReader {
  #position = 0;

  constructor(private readonly bytes: Buffer) {}

  /** Whether more was read than there is. */
  get overrun(): boolean {
    return this.#position > 8 * this.bytes.length;
  }

  /** Reads an unsigned number of up to 31 bits. */
  read(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) {
      const byte = this.bytes[this.#position >> 3] ?? 0;
      value = value * 2 + ((byte >> (7 - (this.#position & 7))) & 1);
      this.#position++;
    }
    return value;
  }

  /** Reads an unsigned Exp-Golomb code, ue(v) (9.1). */
  unsigned(): number {
    let zeros = 0;
    while (zeros < MAX_LEADING_ZEROS && this.read(1) === 0) zeros++;
    return 2 ** zeros - 1 + this.read(zeros);
  }

  /** Reads a signed Exp-Golomb code, se(v) (9.1.1). */
  signed(): number {
    const code = this.unsigned();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}
