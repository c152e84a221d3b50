import { STANDARD_DHT } from '../../frames/jpeg.ts';

/** Coefficients in a block, and bytes of a quantisation table of 8 bits. */
export const TABLE_SIZE = 64;

/** ITU-T T.81 annex K.1, luminance and chrominance, in zigzag order as DQT and RTP/JPEG carry tables. */
const LUMINANCE = Buffer.from(
  '100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c393338374048' + '5c4e404457453738506d51575f626768673e4d71797064785c656763',
  'hex',
);
const CHROMINANCE = Buffer.concat([Buffer.from('1112121815182f1a1a2f634238426363', 'hex'), Buffer.alloc(48, 99)]);

/** The Q that scale the tables of annex K; above are reserved ones, and from 128 on the tables are sent (RFC 2435, 3.1.8). */
const FIRST_Q = 1;
const LAST_Q = 99;

/** Returns the per cent by which Q scales the tables (RFC 2435, 4.2), the same rule as libjpeg's for its quality. */
const scaleOf = (q: number): number => (q < 50 ? Math.floor(5000 / q) : 200 - 2 * q);

const scaled = (value: number, scale: number): number => Math.min(255, Math.max(1, Math.floor((value * scale + 50) / 100)));

/** Returns the luminance and the chrominance table that a receiver makes for a Q of 1 to 99, 64 bytes each, in zigzag order. */
export function quantizationTables(q: number): { luminance: Buffer; chrominance: Buffer } {
  const scale = scaleOf(q);
  const make = (table: Buffer) => Buffer.from(table.map((value) => scaled(value, scale)));
  return { luminance: make(LUMINANCE), chrominance: make(CHROMINANCE) };
}

/** Returns the Q of 1 to 99 for which a receiver makes exactly these tables; undefined: there is none. */
export function matchingQ(luminance: Buffer, chrominance: Buffer): number | undefined {
  for (let q = FIRST_Q; q <= LAST_Q; q++) {
    const scale = scaleOf(q);
    const same = (table: Buffer, standard: Buffer) => standard.every((value, at) => scaled(value, scale) === table[at]);
    if (same(luminance, LUMINANCE) && same(chrominance, CHROMINANCE)) return q;
  }
  return undefined;
}

/**
 * Returns the tables of one DHT segment without its marker and length, by class × 16 + destination (T.81 B.2.4.2); undefined:
 * it is damaged.
 */
export function readHuffmanTables(payload: Buffer): Map<number, Buffer> | undefined {
  const tables = new Map<number, Buffer>();
  for (let at = 0; at < payload.length; ) {
    const counts = payload.subarray(at + 1, at + 17);
    const end = at + 17 + counts.reduce((sum, count) => sum + count, 0);
    if (end > payload.length) return undefined;
    tables.set(payload[at]!, payload.subarray(at + 1, end));
    at = end;
  }
  return tables;
}

/**
 * Returns the tables of one DQT segment without its marker and length, by destination (T.81 B.2.4.1): 64 bytes each, 128 where
 * entries have 16 bits. Undefined: it is damaged.
 */
export function readQuantizationTables(payload: Buffer): Map<number, Buffer> | undefined {
  const tables = new Map<number, Buffer>();
  for (let at = 0; at < payload.length; ) {
    const head = payload[at]!;
    const end = at + 1 + TABLE_SIZE * (head >> 4 === 0 ? 1 : 2);
    if (end > payload.length) return undefined;
    tables.set(head & 0x0f, payload.subarray(at + 1, end));
    at = end;
  }
  return tables;
}

/** The Huffman tables of annex K, by class × 16 + destination: luminance has destination 0, chrominance 1. */
export const STANDARD_HUFFMAN: ReadonlyMap<number, Buffer> = readHuffmanTables(STANDARD_DHT.subarray(4))!;
