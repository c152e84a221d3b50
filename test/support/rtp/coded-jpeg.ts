import { STANDARD_DHT } from '../../../src/frames/jpeg.ts';
import { readHuffmanTables } from '../../../src/protocols/rtp/jpeg-tables.ts';

export interface CodedShape {
  readonly width: number;
  readonly height: number;
  /** Horizontal and vertical sampling factor of each component. */
  readonly sampling: readonly (readonly [number, number])[];
  /** Quantisation tables, 64 bytes each in zigzag order, and which one each component uses. */
  readonly tables: readonly Uint8Array[];
  readonly tableOf: readonly number[];
  /** MCUs between restart markers, 0 for none. */
  readonly restartInterval: number;
  /** Makes other pictures. */
  readonly seed: number;
  /** What comes between the SOI and the first table; a JFIF segment if nothing is said. */
  readonly application?: Buffer;
  /** Names of the components. */
  readonly ids?: readonly number[];
  /** The DHT segments: the standard tables in one if nothing is said. */
  readonly huffman?: Buffer;
  /** The start-of-frame marker. */
  readonly marker?: number;
}

export const YUV420: CodedShape['sampling'] = [
  [2, 2],
  [1, 1],
  [1, 1],
];
export const YUV422: CodedShape['sampling'] = [
  [2, 1],
  [1, 1],
  [1, 1],
];
export const YUV444: CodedShape['sampling'] = [
  [1, 1],
  [1, 1],
  [1, 1],
];

export const JFIF = Buffer.from('ffe000104a46494600010100000100010000', 'hex');
const EOI = Buffer.of(0xff, 0xd9);
const RST0 = 0xd0;

/** A JPEG segment with its marker and length. */
export function segment(marker: number, payload: Uint8Array | readonly number[]): Buffer {
  const size = payload.length + 2;
  return Buffer.from([0xff, marker, size >> 8, size & 0xff, ...payload]);
}

/**
 * A baseline JPEG that decoders take without a warning: coefficients at random, coded with the standard Huffman tables, in
 * any subsampling and with any restart interval, which image libraries seldom offer.
 */
export function makeCodedJpeg(shape: CodedShape): Buffer {
  const { width, height, sampling, tables, tableOf, restartInterval } = shape;
  const ids = shape.ids ?? sampling.map((_factors, index) => index + 1);
  const components = sampling.flatMap(([horizontal, vertical], index) => [ids[index]!, (horizontal << 4) | vertical, tableOf[index]!]);
  return Buffer.concat([
    Buffer.of(0xff, 0xd8),
    shape.application ?? JFIF,
    ...tables.map((table, index) => segment(0xdb, [index, ...table])),
    segment(shape.marker ?? 0xc0, [8, height >> 8, height & 0xff, width >> 8, width & 0xff, sampling.length, ...components]),
    shape.huffman ?? STANDARD_DHT,
    ...(restartInterval > 0 ? [segment(0xdd, [restartInterval >> 8, restartInterval & 0xff])] : []),
    segment(0xda, [sampling.length, ...ids.flatMap((id, index) => [id, index === 0 ? 0 : 0x11]), 0, 63, 0]),
    codeScan(shape),
    EOI,
  ]);
}

function codeScan({ width, height, sampling, restartInterval, seed }: CodedShape): Buffer {
  const random = randoms(seed);
  const columns = Math.ceil(width / (8 * Math.max(...sampling.map(([horizontal]) => horizontal))));
  const rows = Math.ceil(height / (8 * Math.max(...sampling.map(([, vertical]) => vertical))));
  const bits = new BitWriter();
  let predictions = sampling.map(() => 0);
  for (let mcu = 0; mcu < columns * rows; mcu++) {
    if (restartInterval > 0 && mcu > 0 && mcu % restartInterval === 0) {
      bits.restart(RST0 + ((mcu / restartInterval - 1) % 8));
      predictions = sampling.map(() => 0);
    }
    for (const [index, [horizontal, vertical]] of sampling.entries()) {
      for (let block = 0; block < horizontal * vertical; block++) {
        const level = random(120) - 60;
        codeBlock(bits, index === 0 ? 0 : 1, level - predictions[index]!, random);
        predictions[index] = level;
      }
    }
  }
  return bits.finish();
}

/** One block of 64 coefficients: the difference of the first, a few others, end of block (T.81 F.1.2). */
function codeBlock(bits: BitWriter, destination: number, difference: number, random: (below: number) => number): void {
  bits.value(CODES.get(destination)!, 0, difference);
  const ac = CODES.get(0x10 + destination)!;
  for (let coefficient = 1 + random(3), left = random(5); left > 0 && coefficient < 60; left--) {
    const run = random(3);
    bits.value(ac, run << 4, (1 + random(6)) * (random(2) === 0 ? 1 : -1));
    coefficient += run + 1;
  }
  bits.code(ac, 0);
}

function randoms(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
}

interface Code {
  readonly bits: number;
  readonly length: number;
}

/** Annex C: codes of each length count up, and are doubled from one length to the next. */
function codesOf(table: Buffer): Map<number, Code> {
  const codes = new Map<number, Code>();
  let bits = 0;
  let at = 16;
  for (let length = 1; length <= 16; length++) {
    for (let count = table[length - 1]!; count > 0; count--) codes.set(table[at++]!, { bits: bits++, length });
    bits <<= 1;
  }
  return codes;
}

const CODES: ReadonlyMap<number, ReadonlyMap<number, Code>> = new Map(
  [...readHuffmanTables(STANDARD_DHT.subarray(4))!].map(([key, table]) => [key, codesOf(table)]),
);

class BitWriter {
  readonly #bytes: number[] = [];
  #open = 0;
  #count = 0;

  /** The code of a symbol, then the bits of a value: its size is the low half of the symbol. */
  value(codes: ReadonlyMap<number, Code>, high: number, value: number): void {
    const size = 32 - Math.clz32(Math.abs(value));
    this.code(codes, high | size);
    this.#write(value < 0 ? value + 2 ** size - 1 : value, size);
  }

  code(codes: ReadonlyMap<number, Code>, symbol: number): void {
    const { bits, length } = codes.get(symbol)!;
    this.#write(bits, length);
  }

  restart(marker: number): void {
    this.#fill();
    this.#bytes.push(0xff, marker);
  }

  finish(): Buffer {
    this.#fill();
    return Buffer.from(this.#bytes);
  }

  #fill(): void {
    while (this.#count > 0) this.#write(1, 1);
  }

  #write(bits: number, length: number): void {
    for (let index = length - 1; index >= 0; index--) {
      this.#open = (this.#open << 1) | ((bits >> index) & 1);
      this.#count++;
      if (this.#count < 8) continue;
      this.#bytes.push(this.#open);
      if (this.#open === 0xff) this.#bytes.push(0);
      this.#open = 0;
      this.#count = 0;
    }
  }
}
