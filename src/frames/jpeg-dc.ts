import { isRestart, isStartOfFrame, MARKER, readSegment, STANDARD_DHT } from './jpeg.ts';
import type { Size } from './size.ts';

/** The brightness of a picture at an eighth of its size, row by row: 0 (black) to 255. */
export interface Thumbnail extends Size {
  readonly data: Uint8Array;
  /** Mean index of the last coefficient of a block of brightness, 0 (even) to 63: fine detail, of which defocus leaves little. */
  readonly fineness: number;
}

/** Longest codes that are found in one step, bits; longer ones are rare. */
const LOOKUP_BITS = 9;

interface HuffmanTable {
  /** For the next {@link LOOKUP_BITS} bits: length × 256 + value; 0: the code is longer. */
  readonly lookup: Uint16Array;
  /** The largest code of each length; −1: there is none. */
  readonly largest: Int32Array;
  /** What is added to a code of each length for the index of its value. */
  readonly shift: Int32Array;
  readonly values: Uint8Array;
}

/** A colour component (T.81 B.2.2), with the tables that the scan names for it. */
interface Component {
  readonly id: number;
  readonly across: number;
  readonly down: number;
  readonly quantisation: number;
  dc: HuffmanTable | undefined;
  ac: HuffmanTable | undefined;
  /** The last first coefficient, which the next one is a difference to. */
  predicted: number;
}

interface Header extends Size {
  readonly components: readonly Component[];
}

/**
 * Reads the mean brightness of each 8 × 8 pixels of a baseline JPEG, which its first coefficient says (T.81 A.3.3): a picture at an
 * eighth of the size without any transform. What comes behind damage is black. Never throws.
 *
 * It takes some milliseconds in all, so it is done in steps of a row of blocks or two.
 * @returns undefined where it is no baseline JPEG of one scan (progressive, arithmetic, lossless, 12 bits)
 */
export function* readThumbnail(jpeg: Buffer): Generator<undefined, Thumbnail | undefined> {
  const tables = new Map(STANDARD_TABLES);
  const steps = new Map<number, number>();
  let header: Header | undefined;
  let restart = 0;
  let segment = jpeg.length > 4 && jpeg[0] === 0xff && jpeg[1] === MARKER.SOI ? readSegment(jpeg, 2, jpeg.length) : undefined;
  while (segment) {
    const { marker, start, end } = segment;
    if (isStartOfFrame(marker)) {
      if (marker > MARKER.SOF0 + 1 || header) return undefined;
      header = readHeader(jpeg, start, end);
      if (!header) return undefined;
    }
    if (marker === MARKER.DQT) readSteps(jpeg, start + 2, end, steps);
    if (marker === MARKER.DRI && end - start >= 4) restart = jpeg.readUInt16BE(start + 2);
    if (marker === MARKER.DHT && !readTables(jpeg, start + 2, end, tables)) return undefined;
    if (marker === MARKER.SOS) {
      if (!header || !assignTables(jpeg, start + 2, end, header, tables)) return undefined;
      return yield* new Scan(jpeg, end, header, restart).read(steps.get(header.components[0]!.quantisation) ?? 1);
    }
    segment = readSegment(jpeg, end, jpeg.length);
  }
  return undefined;
}

function readHeader(jpeg: Buffer, start: number, end: number): Header | undefined {
  const count = jpeg[start + 7] ?? 0;
  if (jpeg[start + 2] !== 8 || count === 0 || count > 4 || end - start !== 8 + 3 * count) return undefined;
  const height = jpeg.readUInt16BE(start + 3);
  const width = jpeg.readUInt16BE(start + 5);
  const components = Array.from({ length: count }, (_, k): Component => {
    const at = start + 8 + 3 * k;
    const sampling = jpeg[at + 1]!;
    return {
      id: jpeg[at]!,
      across: sampling >> 4,
      down: sampling & 15,
      quantisation: jpeg[at + 2]!,
      dc: undefined,
      ac: undefined,
      predicted: 0,
    };
  });
  const sane = components.every(({ across, down }) => across >= 1 && across <= 4 && down >= 1 && down <= 4);
  return width > 0 && height > 0 && sane ? { width, height, components } : undefined;
}

/** Reads the step of the first coefficient of each quantisation table. */
function readSteps(jpeg: Buffer, start: number, end: number, steps: Map<number, number>): void {
  for (let at = start; at < end; ) {
    const wide = jpeg[at]! >> 4 !== 0;
    const length = wide ? 129 : 65;
    if (at + length > end) return;
    steps.set(jpeg[at]! & 15, wide ? jpeg.readUInt16BE(at + 1) : jpeg[at + 1]!);
    at += length;
  }
}

function readTables(jpeg: Buffer, start: number, end: number, tables: Map<number, HuffmanTable>): Map<number, HuffmanTable> | undefined {
  for (let at = start; at < end; ) {
    if (at + 17 > end) return undefined;
    const counts = jpeg.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, each) => sum + each, 0);
    if (total > 256 || at + 17 + total > end) return undefined;
    tables.set(jpeg[at]!, makeTable(counts, jpeg.subarray(at + 17, at + 17 + total)));
    at += 17 + total;
  }
  return tables;
}

/** Returns a Huffman table (T.81 annex C): codes of one length follow each other, and those of the next length begin at twice the next one. */
function makeTable(counts: Uint8Array, values: Uint8Array): HuffmanTable {
  const lookup = new Uint16Array(1 << LOOKUP_BITS);
  const largest = new Int32Array(17).fill(-1);
  const shift = new Int32Array(17);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    const count = counts[length - 1]!;
    shift[length] = index - code;
    if (count > 0) largest[length] = code + count - 1;
    for (let k = 0; k < count; k++, code++, index++) {
      if (length > LOOKUP_BITS) continue;
      const free = LOOKUP_BITS - length;
      lookup.fill(length * 256 + values[index]!, code << free, (code + 1) << free);
    }
    code <<= 1;
  }
  return { lookup, largest, shift, values };
}

/** Gives each component its tables. Returns whether the scan is that of the whole picture, with tables that are there. */
function assignTables(jpeg: Buffer, start: number, end: number, { components }: Header, tables: Map<number, HuffmanTable>): boolean {
  const count = jpeg[start] ?? 0;
  if (count !== components.length || end - start < 1 + 2 * count) return false;
  return components.every((component, k) => {
    const at = start + 1 + 2 * k;
    const used = jpeg[at + 1]!;
    component.dc = tables.get(used >> 4);
    component.ac = tables.get(16 + (used & 15));
    return jpeg[at] === component.id && component.dc !== undefined && component.ac !== undefined;
  });
}

/** The tables for pictures that bring none. */
const STANDARD_TABLES = readTables(STANDARD_DHT, 4, STANDARD_DHT.length, new Map())!;

/** Thrown out of the depth of a scan where its data end. */
const END = Symbol('end of the scan');

/** Reads entropy-coded data (T.81 F.2.2): every code is read, and only the first of each block of brightness is kept. */
class Scan {
  /** Bits that were read and not used, the last in the lowest bits. */
  #bits = 0;
  /** How many they are. */
  #count = 0;
  /** Index of the last coefficient of the last block. */
  #last = 0;

  constructor(
    private readonly jpeg: Buffer,
    private position: number,
    private readonly header: Header,
    private readonly restart: number,
  ) {}

  *read(step: number): Generator<undefined, Thumbnail> {
    const { width, height, components } = this.header;
    const [luma] = components as [Component, ...Component[]];
    // One component alone is not interleaved: its units are single blocks, whatever its sampling says (A.2.2).
    const alone = components.length === 1;
    const across = alone ? 1 : Math.max(...components.map((each) => each.across));
    const down = alone ? 1 : Math.max(...components.map((each) => each.down));
    const unitsAcross = Math.ceil(width / (8 * across));
    const unitsDown = Math.ceil(height / (8 * down));
    const lumaAcross = alone ? 1 : luma.across;
    const lumaDown = alone ? 1 : luma.down;
    const out = { width: unitsAcross * lumaAcross, height: unitsDown * lumaDown };
    const data = new Uint8Array(out.width * out.height);
    let last = 0;
    try {
      for (let unit = 0; unit < unitsAcross * unitsDown; unit++) {
        if (this.restart > 0 && unit > 0 && unit % this.restart === 0) this.#restart();
        const left = (unit % unitsAcross) * lumaAcross;
        if (left === 0) yield;
        const top = Math.floor(unit / unitsAcross) * lumaDown;
        for (let v = 0; v < lumaDown; v++) {
          for (let h = 0; h < lumaAcross; h++) {
            const level = 128 + (this.#block(luma) * step) / 8;
            data[(top + v) * out.width + left + h] = Math.max(0, Math.min(255, level));
            last += this.#last;
          }
        }
        for (let k = 1; k < components.length; k++) {
          const other = components[k]!;
          for (let block = other.across * other.down; block > 0; block--) this.#block(other);
        }
      }
    } catch (error) {
      if (error !== END) throw error;
    }
    return cropped({ ...out, data, fineness: last / data.length }, Math.max(1, Math.floor(width / 8)), Math.max(1, Math.floor(height / 8)));
  }

  /** Reads one block. @returns its first coefficient, in steps */
  #block(component: Component): number {
    const size = this.#symbol(component.dc!);
    if (size > 15) throw END;
    if (size > 0) component.predicted += this.#number(size);
    const ac = component.ac!;
    let last = 0;
    for (let k = 1; k < 64; k++) {
      const symbol = this.#symbol(ac);
      const bits = symbol & 15;
      if (bits === 0) {
        if (symbol !== 0xf0) break;
        k += 15;
      } else {
        k += symbol >> 4;
        last = k;
        if (this.#count < bits) this.#fill(bits);
        this.#count -= bits;
      }
    }
    this.#last = last;
    return component.predicted;
  }

  #symbol({ lookup, largest, shift, values }: HuffmanTable): number {
    if (this.#count < 16) this.#fill(1);
    // Behind the end of the data zeros are read.
    const next = this.#count >= 16 ? (this.#bits >>> (this.#count - 16)) & 0xffff : (this.#bits << (16 - this.#count)) & 0xffff;
    const found = lookup[next >>> (16 - LOOKUP_BITS)]!;
    if (found !== 0) {
      this.#take(found >> 8);
      return found & 0xff;
    }
    for (let length = LOOKUP_BITS + 1; length <= 16; length++) {
      const code = next >>> (16 - length);
      if (code > largest[length]!) continue;
      this.#take(length);
      return values[code + shift[length]!] ?? 0;
    }
    throw END;
  }

  #take(bits: number): void {
    if (this.#count < bits) throw END;
    this.#count -= bits;
  }

  /** Reads a number of so many bits, as T.81 F.2.2.1 extends it. */
  #number(size: number): number {
    if (this.#count < size) this.#fill(size);
    this.#take(size);
    const value = (this.#bits >>> this.#count) & ((1 << size) - 1);
    return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }

  /** Takes whole bytes in up to 24 bits and more, without the zeros stuffed behind 0xFF. Throws END where fewer than `least` bits are left. */
  #fill(least: number): void {
    const { jpeg } = this;
    while (this.#count <= 16 && this.position < jpeg.length) {
      const byte = jpeg[this.position]!;
      if (byte === 0xff) {
        if (jpeg[this.position + 1] !== 0) break;
        this.position++;
      }
      this.position++;
      this.#bits = ((this.#bits << 8) | byte) & 0x7fffffff;
      this.#count += 8;
    }
    if (this.#count < least) throw END;
  }

  /** Goes behind the next restart marker, where every prediction begins anew. */
  #restart(): void {
    const { jpeg, header } = this;
    this.#count = 0;
    for (;;) {
      const at = jpeg.indexOf(0xff, this.position);
      if (at < 0 || at + 1 >= jpeg.length || jpeg[at + 1] === MARKER.EOI) throw END;
      this.position = at + 2;
      if (isRestart(jpeg[at + 1]!)) break;
    }
    for (const component of header.components) component.predicted = 0;
  }
}

/** Returns the picture without the blocks at the right and at the bottom that it fills only in part. */
function cropped(whole: Thumbnail, width: number, height: number): Thumbnail {
  const size = { width: Math.min(width, whole.width), height: Math.min(height, whole.height) };
  const data = new Uint8Array(size.width * size.height);
  for (let y = 0; y < size.height; y++) data.set(whole.data.subarray(y * whole.width, y * whole.width + size.width), y * size.width);
  return { ...whole, ...size, data };
}
