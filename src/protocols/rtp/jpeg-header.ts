import { isStartOfFrame, MARKER, readJpegHeader, readSegment } from '../../frames/jpeg.ts';
import { matchingQ, readHuffmanTables, readQuantizationTables, STANDARD_HUFFMAN, TABLE_SIZE } from './jpeg-tables.ts';

/** What a receiver of RTP/JPEG is told of a picture; the rest it takes for granted (RFC 2435, 3.1). */
export interface RtpJpegHeader {
  /** 0: 4:2:2, 1: 4:2:0; 64 more where the scan has restart markers. */
  readonly type: 0 | 1 | 64 | 65;
  /** 1 to 99: a receiver makes the quantisation tables itself. {@link TABLES_IN_BAND}: each picture brings {@link tables}. */
  readonly q: number;
  /** Luminance, then chrominance, 64 bytes each; undefined where Q says it all. */
  readonly tables: Buffer | undefined;
  /** Pixels, multiples of 8 up to 2040. */
  readonly width: number;
  readonly height: number;
  /** MCUs between restart markers, 0 for none. */
  readonly restartInterval: number;
  /** Where the entropy-coded data starts, in bytes from the SOI. */
  readonly dataOffset: number;
}

/** Why RTP/JPEG cannot carry a picture, for people. */
export interface Refusal {
  readonly refusal: string;
}

/** The Q whose tables hold for their own picture alone, so that a receiver never needs one it has not seen (RFC 2435, 4.2). */
export const TABLES_IN_BAND = 255;

/** Sizes travel in one byte each, in units of a block. */
const BLOCK = 8;
const MAX_SIZE = 255 * BLOCK;
/** A fragment's offset travels in three bytes. */
const MAX_DATA = 2 ** 24;
/**
 * RTP/JPEG types without and with restart markers (RFC 2435, 3.1.3), by the sampling factors: horizontal, then vertical ones,
 * of Y, Cb and Cr.
 */
const TYPES: ReadonlyMap<string, { readonly plain: 0 | 1; readonly restarting: 64 | 65 }> = new Map([
  ['2x1 1x1 1x1', { plain: 0, restarting: 64 }],
  ['2x2 1x1 1x1', { plain: 1, restarting: 65 }],
]);
/** What people call other ones. */
const SUBSAMPLING: ReadonlyMap<string, string> = new Map([
  ['1x1 1x1 1x1', '4:4:4'],
  ['1x2 1x1 1x1', '4:4:0'],
  ['4x1 1x1 1x1', '4:1:1'],
]);
/** The EOI marker. */
const EOI_SIZE = 2;

/** The segments before the scan, as far as RTP/JPEG cares. */
interface Segments {
  readonly frameMarker: number;
  readonly frame: Buffer;
  readonly scan: Buffer;
  readonly dataOffset: number;
  readonly quantization: ReadonlyMap<number, Buffer>;
  readonly huffman: ReadonlyMap<number, Buffer>;
  readonly restartInterval: number;
  readonly hasJfif: boolean;
  /** The colour transform an Adobe segment names: 0 is RGB. */
  readonly adobeTransform: number | undefined;
}

/** A colour component, as the frame header has it. */
interface Component {
  readonly id: number;
  /** Horizontal and vertical sampling factor, as in "2x1". */
  readonly sampling: string;
  readonly quantization: number;
}

const refuse = (refusal: string): Refusal => ({ refusal });
const DAMAGED = refuse('a damaged JPEG');

/**
 * Reads the headers of a JPEG, SOI first, and decides whether RTP/JPEG can carry it as it is: a baseline picture of
 * 8 bits, YCbCr in 4:2:2 or 4:2:0, in one interleaved scan with the Huffman tables of annex K. Never throws.
 */
export function readRtpJpeg(jpeg: Buffer): RtpJpegHeader | Refusal {
  const read = readHeaders(jpeg);
  return 'refusal' in read ? read : withinLimits(jpeg, read);
}

/** Remembers the headers of the last picture: a camera sends the same ones with each, and comparing is much cheaper. */
export class RtpJpegReader {
  #headers: Buffer = Buffer.alloc(0);
  #last: RtpJpegHeader | undefined;

  /** Does what {@link readRtpJpeg} does. */
  read(jpeg: Buffer): RtpJpegHeader | Refusal {
    const last = this.#last;
    const { length } = this.#headers;
    if (last && jpeg.length >= length && jpeg.compare(this.#headers, 0, length, 0, length) === 0) return withinLimits(jpeg, last);
    const read = readHeaders(jpeg);
    if ('refusal' in read) return read;
    // A copy, so that the frame can go.
    this.#headers = Buffer.from(jpeg.subarray(0, read.dataOffset));
    this.#last = read;
    return withinLimits(jpeg, read);
  }
}

/** What the headers cannot tell: how much data follows them. */
function withinLimits(jpeg: Buffer, header: RtpJpegHeader): RtpJpegHeader | Refusal {
  const size = jpeg.length - header.dataOffset;
  if (size > MAX_DATA) return refuse(`${size} bytes: RTP/JPEG carries at most ${MAX_DATA} in a picture`);
  return size <= EOI_SIZE ? DAMAGED : header;
}

function readHeaders(jpeg: Buffer): RtpJpegHeader | Refusal {
  const header = readJpegHeader(jpeg);
  if (header === undefined) return refuse('not a JPEG, or a damaged one');
  const { width, height, components: count } = header;
  if (header.progressive) return refuse('a progressive JPEG: RTP/JPEG carries baseline ones only');
  if (count !== 3)
    return refuse(`a JPEG of ${count === 1 ? 'one component (grey)' : `${count} components`}: RTP/JPEG needs the three of YCbCr`);
  if (width > MAX_SIZE || height > MAX_SIZE) return refuse(`${width}x${height}: RTP/JPEG carries at most ${MAX_SIZE}x${MAX_SIZE}`);
  if (width % BLOCK !== 0 || height % BLOCK !== 0) return refuse(`${width}x${height}: RTP/JPEG needs multiples of ${BLOCK}`);
  const segments = readSegments(jpeg);
  if (segments === undefined) return DAMAGED;
  if (segments.frameMarker !== MARKER.SOF0 || segments.frame[0] !== 8)
    return refuse('an extended, lossless or arithmetic-coded JPEG: RTP/JPEG carries baseline ones of 8 bits only');

  const components = [0, 1, 2].map((index) => componentAt(segments.frame, index));
  const sampling = components.map((each) => each.sampling).join(' ');
  const types = TYPES.get(sampling);
  if (types === undefined)
    return refuse(
      `chroma subsampling ${SUBSAMPLING.get(sampling) ?? sampling}: RTP/JPEG carries 4:2:2 (2x1 1x1 1x1) and 4:2:0 (2x2 1x1 1x1) only`,
    );
  if (isRgb(segments, components)) return refuse('an RGB JPEG: RTP/JPEG carries YCbCr only');
  const unusual = scanRefusal(segments, components);
  if (unusual) return unusual;
  const quantization = quantizationOf(segments, components);
  if ('refusal' in quantization) return quantization;
  const { restartInterval, dataOffset } = segments;
  const type = restartInterval > 0 ? types.restarting : types.plain;
  return { type, ...quantization, width, height, restartInterval, dataOffset };
}

/** Everything before the entropy-coded data; undefined where a segment is shorter than what it should hold. */
function readSegments(jpeg: Buffer): Segments | undefined {
  const quantization = new Map<number, Buffer>();
  // Some webcams leave out the tables they share with everybody.
  const huffman = new Map(STANDARD_HUFFMAN);
  let frame: { frameMarker: number; frame: Buffer } | undefined;
  let restartInterval = 0;
  let hasJfif = false;
  let adobeTransform: number | undefined;
  for (let segment = readSegment(jpeg, 2, jpeg.length); segment; segment = readSegment(jpeg, segment.end, jpeg.length)) {
    const { marker, start, end } = segment;
    const payload = jpeg.subarray(start + 2, end);
    if (marker === MARKER.SOS)
      return frame && { ...frame, scan: payload, dataOffset: end, quantization, huffman, restartInterval, hasJfif, adobeTransform };
    if (marker === MARKER.DQT || marker === MARKER.DHT) {
      const tables = marker === MARKER.DQT ? readQuantizationTables(payload) : readHuffmanTables(payload);
      if (tables === undefined) return undefined;
      for (const [key, table] of tables) (marker === MARKER.DQT ? quantization : huffman).set(key, table);
    } else if (marker === MARKER.DRI) {
      if (payload.length !== 2) return undefined;
      restartInterval = payload.readUInt16BE(0);
    } else if (marker === MARKER.APP0) {
      hasJfif ||= payload.toString('latin1', 0, 5) === 'JFIF\0';
    } else if (marker === MARKER.APP14 && payload.length >= 12 && payload.toString('latin1', 0, 5) === 'Adobe') {
      adobeTransform = payload[11];
    } else if (isStartOfFrame(marker)) {
      frame = { frameMarker: marker, frame: payload };
    }
  }
  return undefined;
}

/** T.81 B.2.2: behind precision, lines, samples per line and the number of components, three bytes for each. */
function componentAt(frame: Buffer, index: number): Component {
  const at = 6 + 3 * index;
  const factors = frame[at + 1]!;
  return { id: frame[at]!, sampling: `${factors >> 4}x${factors & 0x0f}`, quantization: frame[at + 2]! };
}

/** As libjpeg and with it everybody guesses: JFIF is YCbCr, Adobe says what it is, else the components may be called R, G and B. */
function isRgb({ hasJfif, adobeTransform }: Segments, components: readonly Component[]): boolean {
  if (hasJfif) return false;
  if (adobeTransform !== undefined) return adobeTransform === 0;
  return String.fromCharCode(...components.map(({ id }) => id)) === 'RGB';
}

/** T.81 B.2.3: the number of components, then for each its id and its two Huffman tables, DC × 16 + AC. */
function scanRefusal({ scan, huffman }: Segments, components: readonly Component[]): Refusal | undefined {
  const inOrder = scan[0] === 3 && components.every(({ id }, index) => scan[1 + 2 * index] === id);
  if (!inOrder) return refuse('a JPEG whose components come apart or out of order: RTP/JPEG carries one interleaved scan of Y, Cb and Cr');
  const standard = components.every((_component, index) => {
    const [dc, ac] = [scan[2 + 2 * index]! >> 4, scan[2 + 2 * index]! & 0x0f];
    const destination = index === 0 ? 0 : 1;
    return isStandard(huffman.get(dc), destination) && isStandard(huffman.get(0x10 + ac), 0x10 + destination);
  });
  return standard ? undefined : refuse('a JPEG with Huffman tables of its own: RTP/JPEG carries those with the standard ones only');
}

const isStandard = (table: Buffer | undefined, key: number): boolean =>
  table !== undefined && STANDARD_HUFFMAN.get(key)?.equals(table) === true;

function quantizationOf({ quantization }: Segments, components: readonly Component[]): Pick<RtpJpegHeader, 'q' | 'tables'> | Refusal {
  const [luminance, cb, cr] = components.map((component) => quantization.get(component.quantization));
  if (!luminance || !cb || !cr) return refuse('a JPEG without its quantisation tables');
  if (!cb.equals(cr)) return refuse('a JPEG that quantises Cb and Cr differently: RTP/JPEG has one table for both');
  if (luminance.length !== TABLE_SIZE || cb.length !== TABLE_SIZE)
    return refuse('a JPEG with quantisation tables of 16 bits: baseline has 8');
  const q = matchingQ(luminance, cb);
  return q === undefined ? { q: TABLES_IN_BAND, tables: Buffer.concat([luminance, cb]) } : { q, tables: undefined };
}
