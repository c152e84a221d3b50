import type { Size } from './size.ts';

/** Marker codes, the byte after 0xFF (ITU-T T.81, table B.1). */
export const MARKER = {
  SOF0: 0xc0,
  SOF2: 0xc2,
  DHT: 0xc4,
  RST0: 0xd0,
  RST7: 0xd7,
  SOI: 0xd8,
  EOI: 0xd9,
  SOS: 0xda,
  DQT: 0xdb,
  DRI: 0xdd,
  APP0: 0xe0,
  APP14: 0xee,
  COM: 0xfe,
} as const;

/** The first marker code that starts a segment; below there are only TEM (0x01) and reserved ones. */
const FIRST_SEGMENT = 0xc0;

/** JPG (reserved) lies between the start-of-frame codes but starts no frame. */
const JPG = 0xc8;
/** DAC (arithmetic conditioning) likewise. */
const DAC = 0xcc;

/** What a JPEG's headers say; no side of its size, in pixels, is 0. */
export interface JpegHeader extends Size {
  /** Number of colour components: 1 is grey, 3 colour, 4 CMYK. */
  readonly components: number;
  /** Whether it is coded in several passes, which RTP/JPEG cannot carry and many small clients cannot show. */
  readonly progressive: boolean;
  /** Whether it brings Huffman tables before its scan. Some webcams leave them out and mean {@link STANDARD_DHT}. */
  readonly hasHuffmanTables: boolean;
  /** Offset of the first start-of-scan marker, bytes from the SOI; missing tables are put in here. */
  readonly scanOffset: number;
}

/**
 * Reads the segments of a JPEG up to its first scan (T.81 B.2.1), each by its own length, so that markers inside
 * a segment (the thumbnail of an EXIF segment, say) mean nothing. Never throws.
 *
 * @param offset of the SOI, bytes
 * @param length bytes to look at from there
 * @returns undefined where no JPEG starts, where it ends before its scan, or where its height comes only later (DNL)
 */
export function readJpegHeader(buffer: Buffer, offset = 0, length: number = buffer.length - offset): JpegHeader | undefined {
  const end = Math.min(buffer.length, offset + length);
  if (!startsWithSoi(buffer, offset, end)) return undefined;
  let frame: Pick<JpegHeader, 'width' | 'height' | 'components' | 'progressive'> | undefined;
  let hasHuffmanTables = false;
  let segment = readSegment(buffer, offset + 2, end);
  while (segment !== undefined) {
    const { marker, start } = segment;
    if (marker === MARKER.SOS) {
      const sane = segment.end - start === 6 + 2 * byte(buffer, start + 2);
      return frame && sane ? { ...frame, hasHuffmanTables, scanOffset: start - 2 - offset } : undefined;
    }
    if (isStartOfFrame(marker)) {
      if (frame !== undefined) return undefined;
      frame = readFrameHeader(buffer, segment);
      if (frame === undefined) return undefined;
    }
    if (marker === MARKER.DHT) hasHuffmanTables = true;
    segment = readSegment(buffer, segment.end, end);
  }
  return undefined;
}

/**
 * Returns the bytes from SOI to EOI of the JPEG at `offset`, so that what follows it can be cut off; 0 if there is no whole one.
 * Never throws; looks at each byte about once.
 */
export function wholeJpegLength(buffer: Buffer, offset = 0, length: number = buffer.length - offset): number {
  const end = Math.min(buffer.length, offset + length);
  const header = readJpegHeader(buffer, offset, length);
  if (header === undefined) return 0;
  let position = offset + header.scanOffset;
  for (;;) {
    const segment = readSegment(buffer, position, end);
    if (segment === undefined) return 0;
    position = segment.marker === MARKER.SOS ? skipScan(buffer, segment.end, end) : segment.end;
    if (buffer[position] !== 0xff) return 0;
    const code = skipFill(buffer, position, end);
    if (code >= end) return 0;
    if (buffer[code] === MARKER.EOI) return code + 1 - offset;
  }
}

/** One segment between SOI and EOI, without its marker. */
export interface Segment {
  /** Its marker code. */
  readonly marker: number;
  /** Offset of its two length bytes. */
  readonly start: number;
  /** Offset behind its last byte. */
  readonly end: number;
}

const byte = (buffer: Buffer, at: number): number => buffer[at] ?? 0;

const startsWithSoi = (buffer: Buffer, at: number, end: number): boolean =>
  at >= 0 && at + 2 <= end && buffer[at] === 0xff && buffer[at + 1] === MARKER.SOI;

/** Returns whether a segment with this marker says the size and the components. */
export const isStartOfFrame = (marker: number): boolean =>
  marker >= MARKER.SOF0 && marker <= 0xcf && marker !== MARKER.DHT && marker !== JPG && marker !== DAC;

/** Returns whether this is a restart marker, which stands in the data of a scan. */
export const isRestart = (marker: number): boolean => marker >= MARKER.RST0 && marker <= MARKER.RST7;

/** Returns the offset of the marker code at or behind `position`, past any number of fill bytes 0xFF (T.81 B.1.1.2). */
function skipFill(buffer: Buffer, position: number, end: number): number {
  let code = position + 1;
  while (code < end && buffer[code] === 0xff) code += 1;
  return code;
}

/** Returns the segment whose marker is at `position`; undefined: not all of it is there before `end`, or it is none. */
export function readSegment(buffer: Buffer, position: number, end: number): Segment | undefined {
  if (buffer[position] !== 0xff) return undefined;
  const code = skipFill(buffer, position, end);
  const start = code + 1;
  if (start + 2 > end) return undefined;
  const marker = byte(buffer, code);
  const standsAlone = marker >= MARKER.RST0 && marker <= MARKER.EOI;
  if (marker < FIRST_SEGMENT || standsAlone) return undefined;
  const size = buffer.readUInt16BE(start);
  return size < 2 || start + size > end ? undefined : { marker, start, end: start + size };
}

/** Reads a frame header (T.81 B.2.2): length, precision, lines, samples per line, number of components, three bytes for each of them. */
function readFrameHeader(buffer: Buffer, { marker, start, end }: Segment) {
  const size = end - start;
  if (size < 8) return undefined;
  const height = buffer.readUInt16BE(start + 3);
  const width = buffer.readUInt16BE(start + 5);
  const components = byte(buffer, start + 7);
  if (width === 0 || height === 0 || components === 0 || size !== 8 + 3 * components) return undefined;
  // The low two bits of the code tell the process: 0 baseline, 1 extended, 2 progressive, 3 lossless.
  return { width, height, components, progressive: (marker & 3) === 2 };
}

/**
 * Returns the offset of the marker that ends the scan data at `position`, or `end`; stuffed zeros and restart markers belong to the
 * data.
 */
function skipScan(buffer: Buffer, position: number, end: number): number {
  let at = buffer.indexOf(0xff, position);
  while (at !== -1 && at + 1 < end) {
    const code = skipFill(buffer, at, end);
    if (code >= end) return end;
    const next = byte(buffer, code);
    const isData = next === 0x00 || isRestart(next);
    if (!isData) return at;
    at = buffer.indexOf(0xff, code + 1);
  }
  return end;
}

/** Number of codes of each length 1 to 16, then the values in the order of the codes (T.81 annex K.3). */
const DC_LUMINANCE = '00010501010101010100000000000000' + '000102030405060708090a0b';
const DC_CHROMINANCE = '00030101010101010101010000000000' + '000102030405060708090a0b';
const AC_LUMINANCE =
  '0002010303020403050504040000017d' +
  '01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a' +
  '3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a' +
  '92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da' +
  'e1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa';
const AC_CHROMINANCE =
  '00020102040403040705040400010277' +
  '000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a' +
  '35363738393a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a' +
  '92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9da' +
  'e2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa';

/**
 * The four Huffman tables that T.81 annex K.3 suggests and RTP/JPEG (RFC 2435, 4.1) takes for granted, as one DHT
 * segment of 420 bytes, marker and length included; the ids are class × 16 + destination.
 */
export const STANDARD_DHT: Buffer = Buffer.from(
  ['ffc401a2', '00', DC_LUMINANCE, '10', AC_LUMINANCE, '01', DC_CHROMINANCE, '11', AC_CHROMINANCE].join(''),
  'hex',
);
