import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import sharp, { type JpegOptions } from 'sharp';
import { MARKER, readJpegHeader, STANDARD_DHT, wholeJpegLength } from '../../../src/frames/jpeg.ts';

const RECORDED = readFileSync(new URL('../../fixtures/bars-640x480.mjpeg', import.meta.url));

const WIDTH = 48;
const HEIGHT = 40;
const PIXELS = Buffer.from(Array.from({ length: WIDTH * HEIGHT * 3 }, (_, index) => (index * index) % 251));

const encode = (options: JpegOptions): Promise<Buffer> =>
  sharp(PIXELS, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ optimiseCoding: false, ...options })
    .toBuffer();

interface Segment {
  readonly marker: number;
  readonly bytes: Buffer;
}

/** The segments between SOI and the first scan, markers included. Trusts its input. */
function segmentsOf(jpeg: Buffer): Segment[] {
  const segments: Segment[] = [];
  let at = 2;
  while (jpeg[at + 1] !== MARKER.SOS) {
    const end = at + 2 + jpeg.readUInt16BE(at + 2);
    segments.push({ marker: jpeg[at + 1]!, bytes: jpeg.subarray(at, end) });
    at = end;
  }
  return segments;
}

const segment = (marker: number, payload: Buffer): Buffer => {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(payload.length + 2, 2);
  return Buffer.concat([head, payload]);
};

const insert = (jpeg: Buffer, at: number, ...what: Buffer[]): Buffer => Buffer.concat([jpeg.subarray(0, at), ...what, jpeg.subarray(at)]);

function withoutHuffmanTables(jpeg: Buffer): Buffer {
  const { scanOffset } = readJpegHeader(jpeg)!;
  const kept = segmentsOf(jpeg).filter(({ marker }) => marker !== MARKER.DHT);
  return Buffer.concat([jpeg.subarray(0, 2), ...kept.map(({ bytes }) => bytes), jpeg.subarray(scanOffset)]);
}

let baseline: Buffer;
let progressive: Buffer;

beforeAll(async () => {
  baseline = await encode({});
  progressive = await encode({ progressive: true });
});

describe('readJpegHeader', () => {
  test('reads a baseline picture', () => {
    const header = readJpegHeader(baseline)!;
    expect(header).toMatchObject({ width: WIDTH, height: HEIGHT, components: 3, progressive: false, hasHuffmanTables: true });
    expect([...baseline.subarray(header.scanOffset, header.scanOffset + 2)]).toEqual([0xff, MARKER.SOS]);
  });

  test('tells progressive and grey pictures', async () => {
    expect(readJpegHeader(progressive)).toMatchObject({ width: WIDTH, height: HEIGHT, components: 3, progressive: true });
    const grey = await sharp(baseline).toColourspace('b-w').jpeg().toBuffer();
    expect(readJpegHeader(grey)).toMatchObject({ components: 1, progressive: false });
  });

  test('reads what rpicam-vid writes', () => {
    expect(readJpegHeader(RECORDED)).toMatchObject({ width: 640, height: 480, components: 3, progressive: false, hasHuffmanTables: true });
  });

  test('reads from an offset, and counts the scan from there', () => {
    const buffer = Buffer.concat([Buffer.alloc(160, 0xff), baseline, Buffer.alloc(64, 0xff)]);
    expect(readJpegHeader(buffer, 160, baseline.length)).toEqual(readJpegHeader(baseline));
    expect(readJpegHeader(buffer)).toBeUndefined();
  });

  test('does not look into segments: a whole JPEG in an EXIF segment is only a thumbnail', async () => {
    const thumbnail = await sharp(baseline).resize(16, 8).jpeg().toBuffer();
    const exif = insert(baseline, 2, segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), thumbnail])));
    expect(readJpegHeader(exif)).toMatchObject({ width: WIDTH, height: HEIGHT });
    expect(wholeJpegLength(exif)).toBe(exif.length);
  });

  test('skips fill bytes before a marker', () => {
    const filled = insert(baseline, 2, Buffer.alloc(5, 0xff));
    expect(readJpegHeader(filled)).toMatchObject({ width: WIDTH, height: HEIGHT });
    expect(wholeJpegLength(filled)).toBe(filled.length);
  });

  test.each<[string, (jpeg: Buffer, sof: number, sos: number) => Buffer | undefined]>([
    ['no SOI', (jpeg) => jpeg.subarray(2)],
    ['a second SOI', (jpeg) => insert(jpeg, 2, Buffer.from([0xff, MARKER.SOI]))],
    ['junk between segments', (jpeg) => insert(jpeg, 2, Buffer.from([0x00]))],
    ['no start of frame', (jpeg, sof) => Buffer.concat([jpeg.subarray(0, sof), jpeg.subarray(sof + 19)])],
    ['two starts of frame', (jpeg, sof) => insert(jpeg, sof, jpeg.subarray(sof, sof + 19))],
    ['an end before the scan', (jpeg, _sof, sos) => insert(jpeg, sos, Buffer.from([0xff, MARKER.EOI]))],
    ['a segment shorter than its length', (jpeg) => insert(jpeg, 2, Buffer.from([0xff, MARKER.COM, 0, 1]))],
    ['a height of 0', (jpeg, sof) => jpeg.fill(0, sof + 5, sof + 7)],
    ['a width of 0', (jpeg, sof) => jpeg.fill(0, sof + 7, sof + 9)],
    ['no components', (jpeg, sof) => jpeg.fill(0, sof + 9, sof + 10)],
    ['more components than the segment has room for', (jpeg, sof) => jpeg.fill(4, sof + 9, sof + 10)],
    ['more components in the scan than the segment has room for', (jpeg, _sof, sos) => jpeg.fill(4, sos + 4, sos + 5)],
  ])('%s: no JPEG', (_name, damage) => {
    const sof = baseline.indexOf(Buffer.from([0xff, MARKER.SOF0, 0, 17]));
    const damaged = damage(Buffer.from(baseline), sof, readJpegHeader(baseline)!.scanOffset)!;
    expect(readJpegHeader(damaged)).toBeUndefined();
    expect(wholeJpegLength(damaged)).toBe(0);
  });
});

describe('wholeJpegLength', () => {
  test('is the length up to EOI, whatever follows', () => {
    for (const jpeg of [baseline, progressive]) {
      expect(wholeJpegLength(jpeg)).toBe(jpeg.length);
      expect(wholeJpegLength(Buffer.concat([jpeg, Buffer.alloc(100)]))).toBe(jpeg.length);
      expect(wholeJpegLength(Buffer.concat([jpeg, jpeg]))).toBe(jpeg.length);
    }
  });

  test('walks a recording picture by picture', () => {
    let pictures = 0;
    for (let offset = 0; offset < RECORDED.length; pictures++) {
      const length = wholeJpegLength(RECORDED, offset);
      expect(length).toBeGreaterThan(0);
      offset += length;
    }
    expect(pictures).toBe(RECORDED.toString('latin1').split('\xff\xd8\xff\xe0').length - 1);
  });

  test('takes restart markers and stuffed bytes for data', () => {
    const data = Buffer.from([0xff, MARKER.RST0, 0xff, 0x00, 0xff, MARKER.RST7]);
    const restarting = insert(baseline, baseline.length - 2, data);
    expect(wholeJpegLength(restarting)).toBe(restarting.length);
  });

  test('a picture that breaks off in its scan and is followed by another one is not whole', () => {
    expect(wholeJpegLength(Buffer.concat([baseline.subarray(0, baseline.length - 10), baseline]))).toBe(0);
  });
});

describe('STANDARD_DHT', () => {
  test('holds the four tables that libjpeg writes when it is not to optimise them', () => {
    const tables = segmentsOf(baseline).filter(({ marker }) => marker === MARKER.DHT);
    const payload = Buffer.concat(tables.map(({ bytes }) => bytes.subarray(4)));
    expect(STANDARD_DHT).toEqual(segment(MARKER.DHT, payload));
    expect(STANDARD_DHT).toHaveLength(420);
  });

  test('put in at scanOffset it makes a picture without tables readable again', async () => {
    const bare = withoutHuffmanTables(baseline);
    const header = readJpegHeader(bare)!;
    expect(header.hasHuffmanTables).toBe(false);
    const repaired = insert(bare, header.scanOffset, STANDARD_DHT);
    expect(await sharp(repaired).raw().toBuffer()).toEqual(await sharp(baseline).raw().toBuffer());
  });
});

describe('on anything at all', () => {
  const sane = (bytes: Buffer, offset = 0, length?: number) => {
    const header = readJpegHeader(bytes, offset, length);
    const whole = wholeJpegLength(bytes, offset, length);
    if (header) expect(header.scanOffset).toBeLessThan(bytes.length);
    expect(whole).toBeLessThanOrEqual(Math.max(0, bytes.length - offset));
    if (whole > 0) expect(header).toBeDefined();
  };

  test('never throws, never reports more bytes than there are', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(fc.property(bytes, fc.nat(320), fc.nat(320), (junk, offset, length) => sane(Buffer.from(junk), offset, length)));
    const markers = fc.array(fc.constantFrom(0xff, 0, 2, 0xc0, 0xc4, 0xd8, 0xd9, 0xda), { maxLength: 200 });
    fc.assert(fc.property(markers, (tail) => sane(Buffer.from([0xff, 0xd8, 0xff, ...tail]))));
  });

  test('never throws on a real picture with bytes changed', () => {
    const change = fc.tuple(fc.nat(baseline.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.constantFrom(baseline, progressive), fc.array(change, { minLength: 1, maxLength: 6 }), (jpeg, changes) => {
        const damaged = Buffer.from(jpeg);
        for (const [at, value] of changes) if (at < damaged.length) damaged[at] = value;
        sane(damaged);
      }),
    );
  });

  test('a picture cut off anywhere is not whole; its header is there from the end of the SOS segment on', () => {
    for (const jpeg of [baseline, progressive]) {
      const { scanOffset } = readJpegHeader(jpeg)!;
      const headerEnd = scanOffset + 2 + jpeg.readUInt16BE(scanOffset + 2);
      for (let length = 0; length < jpeg.length; length++) {
        expect(wholeJpegLength(jpeg.subarray(0, length))).toBe(0);
        expect(wholeJpegLength(jpeg, 0, length)).toBe(0);
        expect(readJpegHeader(jpeg.subarray(0, length)) !== undefined).toBe(length >= headerEnd);
      }
    }
  });
});
