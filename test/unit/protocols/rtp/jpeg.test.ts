import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { MARKER, readJpegHeader, STANDARD_DHT, wholeJpegLength } from '../../../../src/frames/jpeg.ts';
import { packetizeJpeg } from '../../../../src/protocols/rtp/jpeg.ts';
import { type RtpJpegHeader, RtpJpegReader, readRtpJpeg } from '../../../../src/protocols/rtp/jpeg-header.ts';
import { matchingQ, quantizationTables } from '../../../../src/protocols/rtp/jpeg-tables.ts';
import { barsRecording } from '../../../support/jpegs.ts';
import { type CodedShape, JFIF, makeCodedJpeg, segment, YUV420, YUV422, YUV444 } from '../../../support/rtp/coded-jpeg.ts';
import { depacketizeJpeg } from '../../../support/rtp/jpeg-depacketizer.ts';
import { makeStream, packetsOf } from '../../../support/rtp/streams.ts';

const { luminance, chrominance } = quantizationTables(75);
const TABLES = [luminance, chrominance];
const OWN_TABLES = [Buffer.alloc(64, 7), Buffer.alloc(64, 9)];

const coded = (change: Partial<CodedShape> = {}): Buffer =>
  makeCodedJpeg({
    width: 64,
    height: 40,
    sampling: YUV420,
    tables: TABLES,
    tableOf: [0, 1, 1],
    restartInterval: 0,
    seed: 1,
    ...change,
  });

function accepted(jpeg: Buffer): RtpJpegHeader {
  const header = readRtpJpeg(jpeg);
  if ('refusal' in header) throw new Error(header.refusal);
  return header;
}

const insert = (jpeg: Buffer, at: number, ...what: Buffer[]): Buffer => Buffer.concat([jpeg.subarray(0, at), ...what, jpeg.subarray(at)]);
const without = (jpeg: Buffer, part: Buffer): Buffer => {
  const at = jpeg.indexOf(part);
  return Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at + part.length)]);
};

/** The tables of {@link STANDARD_DHT}, a segment each, in the order of the keys. */
function huffmanSegments(...keys: number[]): Buffer {
  const lengths = new Map([
    [0x00, 29],
    [0x10, 179],
    [0x01, 29],
    [0x11, 179],
  ]);
  const starts = new Map([
    [0x00, 4],
    [0x10, 33],
    [0x01, 212],
    [0x11, 241],
  ]);
  return Buffer.concat(
    keys.map((key) => segment(MARKER.DHT, STANDARD_DHT.subarray(starts.get(key)!, starts.get(key)! + lengths.get(key)!))),
  );
}

const adobe = (transform: number) => segment(0xee, [...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, transform]);

describe('readRtpJpeg takes', () => {
  test.each([
    ['4:2:0', YUV420, 0, 1],
    ['4:2:2', YUV422, 0, 0],
    ['4:2:0 with restart markers', YUV420, 3, 65],
    ['4:2:2 with restart markers', YUV422, 65_535, 64],
  ])('%s', (_name, sampling, restartInterval, type) => {
    const jpeg = coded({ sampling, restartInterval });
    const dataOffset = jpeg.indexOf(Buffer.from('ffda000c', 'hex')) + 14;
    expect(readRtpJpeg(jpeg)).toEqual({ type, q: 75, tables: undefined, width: 64, height: 40, restartInterval, dataOffset });
  });

  test('what rpicam-vid writes, with its quality of 50 as Q', () => {
    const recording = barsRecording();
    const jpeg = recording.subarray(0, wholeJpegLength(recording));
    expect(readRtpJpeg(jpeg)).toMatchObject({ type: 1, q: 50, tables: undefined, width: 640, height: 480, restartInterval: 0 });
  });

  test('every quality of libjpeg as the same Q; 100 with its tables', async () => {
    const pixels = sharp({ create: { width: 16, height: 16, channels: 3, background: '#864' } });
    for (let quality = 1; quality <= 100; quality++) {
      const jpeg = await pixels.clone().jpeg({ quality, optimiseCoding: false, chromaSubsampling: '4:2:0' }).toBuffer();
      const { q, tables } = accepted(jpeg);
      expect(q).toBe(quality === 100 ? 255 : quality);
      expect(tables).toEqual(quality === 100 ? Buffer.alloc(128, 1) : undefined);
    }
  });

  test('tables of its own, which then travel along', () => {
    const { q, tables } = accepted(coded({ tables: OWN_TABLES }));
    expect(q).toBe(255);
    expect(tables).toEqual(Buffer.concat(OWN_TABLES));
  });

  test('one table for all components', () => {
    const { q, tables } = accepted(coded({ tables: [OWN_TABLES[0]!], tableOf: [0, 0, 0] }));
    expect(q).toBe(255);
    expect(tables).toEqual(Buffer.alloc(128, 7));
  });

  test('chroma components with a table each, if both are the same', () => {
    expect(accepted(coded({ tables: [luminance, chrominance, chrominance], tableOf: [0, 1, 2] })).q).toBe(75);
  });

  test('Huffman tables in any number of segments and any order, and none at all', () => {
    expect(accepted(coded({ huffman: huffmanSegments(0x00, 0x10, 0x01, 0x11) })).q).toBe(75);
    expect(accepted(coded({ huffman: huffmanSegments(0x11, 0x01, 0x10, 0x00) })).q).toBe(75);
    expect(accepted(coded({ huffman: huffmanSegments(0x11) })).q).toBe(75);
    expect(accepted(coded({ huffman: Buffer.alloc(0) })).q).toBe(75);
  });

  test('an EXIF segment in front, components of other names, YCbCr by Adobe', () => {
    expect(accepted(coded({ application: Buffer.concat([segment(0xe1, Buffer.alloc(500, 0xff)), JFIF]) })).q).toBe(75);
    expect(accepted(coded({ ids: [0, 1, 2], application: Buffer.alloc(0) })).q).toBe(75);
    expect(accepted(coded({ application: adobe(1) })).q).toBe(75);
  });

  test('the largest size there is', () => {
    expect(accepted(coded({ width: 2040, height: 8 }))).toMatchObject({ width: 2040, height: 8 });
    expect(accepted(coded({ width: 8, height: 2040 }))).toMatchObject({ width: 8, height: 2040 });
  });
});

describe('readRtpJpeg refuses', () => {
  const custom = Buffer.from(STANDARD_DHT);
  custom[custom.length - 1] = 0xfb;
  const jpeg = coded();
  const sof = jpeg.indexOf(Buffer.from('ffc00011', 'hex'));
  const sos = readJpegHeader(jpeg)!.scanOffset;
  const changed = (at: number, ...bytes: number[]): Buffer => {
    const copy = Buffer.from(jpeg);
    copy.set(bytes, at);
    return copy;
  };

  test.each<[RegExp, Buffer]>([
    [/not a JPEG/, Buffer.alloc(0)],
    [/not a JPEG/, Buffer.from('GIF89a')],
    [/not a JPEG, or a damaged one/, jpeg.subarray(0, sos)],
    [/damaged/, jpeg.subarray(0, sos + 14)],
    [/progressive/, changed(sof + 1, MARKER.SOF2)],
    [/extended/, changed(sof + 1, 0xc1)],
    [/8 bits/, changed(sof + 4, 12)],
    [/one component \(grey\)/, coded({ sampling: [[1, 1]], tableOf: [0] })],
    [/4 components/, coded({ sampling: [...YUV444, [1, 1]], tableOf: [0, 0, 0, 0] })],
    [/^642x362: RTP\/JPEG needs multiples of 8$/, coded({ width: 642, height: 362 })],
    [/^64x36: /, coded({ width: 64, height: 36 })],
    [/^2048x16: RTP\/JPEG carries at most 2040x2040$/, coded({ width: 2048, height: 16 })],
    [/chroma subsampling 4:4:4: /, coded({ sampling: YUV444 })],
    [/RGB/, coded({ application: adobe(0) })],
    [/RGB/, coded({ application: Buffer.alloc(0), ids: [0x52, 0x47, 0x42] })],
    [/Huffman tables of its own/, coded({ huffman: custom })],
    [/Huffman tables of its own/, changed(sos + 6, 0x11)],
    [/Huffman tables of its own/, changed(sos + 6, 0x22)],
    [/out of order/, changed(sos + 7, 3, 0x11, 2)],
    [/apart/, insert(jpeg, sos, segment(MARKER.SOS, [1, 1, 0, 0, 63, 0]))],
    [/without its quantisation tables/, coded({ tables: [luminance] })],
    [/Cb and Cr differently/, coded({ tables: [luminance, chrominance, luminance], tableOf: [0, 1, 2] })],
    [/16 bits/, insert(jpeg, sof, segment(MARKER.DQT, [0x11, ...Buffer.alloc(128, 1)]))],
    [/damaged/, insert(jpeg, sof, segment(MARKER.DQT, [0, 1, 2, 3]))],
    [/damaged/, insert(jpeg, sof, segment(MARKER.DHT, [0, ...Buffer.alloc(16, 255)]))],
    [/damaged/, insert(jpeg, sof, segment(MARKER.DRI, [0]))],
    [/bytes: RTP\/JPEG carries at most 16777216/, insert(jpeg, jpeg.length - 2, Buffer.alloc(2 ** 24))],
    [
      /chroma subsampling 2x2 1x2 1x2: /,
      coded({
        sampling: [
          [2, 2],
          [1, 2],
          [1, 2],
        ],
      }),
    ],
  ])('%s', (reason, bytes) => {
    const answer = readRtpJpeg(bytes);
    expect(answer).toEqual({ refusal: expect.stringMatching(reason) });
    expect(new RtpJpegReader().read(bytes)).toEqual(answer);
  });
});

describe('RtpJpegReader', () => {
  test('says the same of pictures with the same headers, and keeps no picture', () => {
    const reader = new RtpJpegReader();
    const [first, second] = [coded({ seed: 1 }), coded({ seed: 2 })];
    const header = reader.read(first);
    expect(header).toEqual(readRtpJpeg(first));
    first.fill(0);
    expect(reader.read(second)).toBe(header);
  });

  test('sees every change of the headers', () => {
    const reader = new RtpJpegReader();
    const pictures = [coded(), coded({ width: 72 }), coded({ sampling: YUV444 }), coded(), coded({ tables: OWN_TABLES }), coded()];
    for (const jpeg of pictures) expect(reader.read(jpeg)).toEqual(readRtpJpeg(jpeg));
  });

  test('does not take headers without data, or with too much of it, for a picture', () => {
    const reader = new RtpJpegReader();
    const jpeg = coded();
    const { dataOffset } = accepted(jpeg);
    reader.read(jpeg);
    expect(reader.read(jpeg.subarray(0, dataOffset))).toHaveProperty('refusal');
    expect(reader.read(jpeg.subarray(0, dataOffset - 1))).toHaveProperty('refusal');
    expect(reader.read(Buffer.concat([jpeg, Buffer.alloc(2 ** 24)]))).toHaveProperty('refusal');
  });
});

describe('quantisation tables', () => {
  test('of every Q are told apart from those of the others', () => {
    for (let q = 1; q <= 99; q++) {
      const tables = quantizationTables(q);
      expect(matchingQ(tables.luminance, tables.chrominance)).toBe(q);
    }
  });

  test('that differ from a standard one in a single entry match no Q', () => {
    const near = Buffer.from(chrominance);
    near[63] = near[63]! + 1;
    expect(matchingQ(luminance, near)).toBeUndefined();
    expect(matchingQ(near, chrominance)).toBeUndefined();
  });
});

describe('packetizeJpeg', () => {
  test('writes the headers of RFC 2435 to the byte', () => {
    const jpeg = coded({ width: 640, height: 480 });
    const header = accepted(jpeg);
    const stream = makeStream({ sequence: 0xffff });
    const batch = packetizeJpeg(stream, header, jpeg, 0x01020304);
    const packets = packetsOf(batch);
    expect(packets.length).toBeGreaterThan(2);
    // Version 2, type 26, no marker; then type-specific 0, offset 0, type 1, Q 75, 80 × 60 blocks.
    expect(packets[0]!.toString('hex', 0, 20)).toBe(`801affff01020304decade01${'00000000014b503c'}`);
    expect(packets[0]).toHaveLength(1400);
    expect(packets[1]!.toString('hex', 0, 20)).toBe(`801a000001020304decade01${'00000564014b503c'}`);
    expect(packets.at(-1)!.toString('hex', 0, 2)).toBe('809a');
    expect(batch).toMatchObject({ sequence: 0xffff, timestamp: 0x01020304, ssrc: 0xdecade01, keyframe: true, count: packets.length });
    expect(stream.nextSequence).toBe(packets.length - 1);
    expect(stream.packets).toBe(packets.length);
    expect(stream.octets).toBe(packets.reduce((sum, packet) => sum + packet.length - 12, 0));
    expect(batch.payloadOctets).toBe(stream.octets);
  });

  test('sends the restart interval with each packet, and tables of its own with the first one', () => {
    const jpeg = coded({ width: 640, height: 480, tables: OWN_TABLES, restartInterval: 0x0203 });
    const packets = packetsOf(packetizeJpeg(makeStream(), accepted(jpeg), jpeg, 0));
    // Type 65, Q 255; restart interval, first and last bit, count; then reserved, precision, length, tables.
    expect(packets[0]!.toString('hex', 12, 28)).toBe(`0000000041ff503c${'0203ffff'}${'00000080'}`);
    expect(packets[0]!.subarray(28, 156)).toEqual(Buffer.concat(OWN_TABLES));
    expect(packets[1]!.toString('hex', 12, 24)).toBe(`000004dc41ff503c${'0203ffff'}`);
    expect(packets.slice(0, -1).every((packet) => packet.length === 1400)).toBe(true);
  });

  test('leaves out the EOI, and nothing where there is none', () => {
    const jpeg = coded();
    const { dataOffset } = accepted(jpeg);
    const data = jpeg.subarray(dataOffset, jpeg.length - 2);
    for (const each of [jpeg, jpeg.subarray(0, jpeg.length - 2)])
      expect(depacketizeJpeg(packetsOf(packetizeJpeg(makeStream(), accepted(each), each, 0))).data).toEqual(data);
  });

  test('fills packets to the last byte before it begins another', () => {
    const jpeg = coded();
    const header = accepted(jpeg);
    const data = jpeg.length - 2 - header.dataOffset;
    expect(packetizeJpeg(makeStream(), header, jpeg, 0, 20 + data).count).toBe(1);
    expect(packetizeJpeg(makeStream(), header, jpeg, 0, 19 + data).count).toBe(2);
  });

  test('refuses packets too small for the tables', () => {
    const jpeg = coded({ tables: OWN_TABLES });
    expect(() => packetizeJpeg(makeStream(), accepted(jpeg), jpeg, 0, 152)).toThrow(RangeError);
    expect(packetizeJpeg(makeStream(), accepted(jpeg), jpeg, 0, 153).count).toBeGreaterThan(1);
  });

  test('a picture without Huffman tables comes out with them', async () => {
    const whole = coded();
    const bare = without(whole, STANDARD_DHT);
    const { jpeg } = depacketizeJpeg(packetsOf(packetizeJpeg(makeStream(), accepted(bare), bare, 0)));
    expect(await sharp(jpeg).raw().toBuffer()).toEqual(await sharp(whole).raw().toBuffer());
  });
});
