import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import sharp from 'sharp';
import { splitAnnexB } from '../../src/frames/h264.ts';
import { readSps } from '../../src/frames/h264-sps.ts';
import { wholeJpegLength } from '../../src/frames/jpeg.ts';
import { packetizeH264 } from '../../src/protocols/rtp/h264.ts';
import { packetizeJpeg } from '../../src/protocols/rtp/jpeg.ts';
import { RtpJpegReader, readRtpJpeg } from '../../src/protocols/rtp/jpeg-header.ts';
import { quantizationTables } from '../../src/protocols/rtp/jpeg-tables.ts';
import { parseRtpPacket } from '../../src/protocols/rtp/packet.ts';
import { senderReport } from '../../src/protocols/rtp/rtcp.ts';
import { parseRtcp } from '../../src/protocols/rtp/rtcp-parser.ts';
import { barsRecording } from '../support/jpegs.ts';
import { makeCodedJpeg, YUV420, YUV422 } from '../support/rtp/coded-jpeg.ts';
import { depacketizeH264 } from '../support/rtp/h264-depacketizer.ts';
import { depacketizeJpeg } from '../support/rtp/jpeg-depacketizer.ts';
import { makeStream, packetsOf, readInterleaved } from '../support/rtp/streams.ts';

/** Strings compare much faster than buffers. */
const texts = (buffers: readonly Buffer[]): string[] => buffers.map((bytes) => bytes.toString('latin1'));
/** The packets on channel 0 of an RTSP connection. */
const interleaved = (framed: Buffer): Buffer[] => {
  const packets = readInterleaved(framed);
  expect(packets.every(({ channel }) => channel === 0)).toBe(true);
  return packets.map(({ packet }) => packet);
};
const decode = (jpeg: Buffer): Promise<Buffer> => sharp(jpeg, { failOn: 'warning' }).raw().toBuffer();
const streams = fc
  .record({ sequence: fc.oneof(fc.integer({ min: 0xfff0, max: 0xffff }), fc.nat(0xffff)), timestampOffset: fc.nat(0xffffffff) })
  .map(makeStream);
const timestamps = fc.oneof(fc.constantFrom(0, 0xffffffff), fc.nat(0xffffffff));

describe('JPEG through RTP', () => {
  const blocks = fc.integer({ min: 1, max: 24 }).map((count) => count * 8);
  const tables = fc.oneof(
    fc.integer({ min: 1, max: 99 }).map((q) => Object.values(quantizationTables(q))),
    fc.tuple(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.uint8Array({ minLength: 64, maxLength: 64 })).map((pair) =>
      // An entry of 0 is not allowed.
      pair.map((table) => table.map((value) => Math.max(1, value))),
    ),
  );
  const shapes = fc.record({
    width: blocks,
    height: blocks,
    sampling: fc.constantFrom(YUV420, YUV422),
    tables,
    tableOf: fc.constant([0, 1, 1]),
    restartInterval: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })),
    seed: fc.nat(),
  });
  const packetSizes = fc.oneof(fc.integer({ min: 157, max: 300 }), fc.integer({ min: 157, max: 65_535 }));

  test('is the same picture, whatever its size, tables and restart interval, in packets of any size', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, streams, timestamps, packetSizes, async (shape, stream, timestamp, maxPacket) => {
        const jpeg = makeCodedJpeg(shape);
        const header = readRtpJpeg(jpeg);
        if ('refusal' in header) throw new Error(header.refusal);
        const batch = packetizeJpeg(stream, header, jpeg, timestamp, maxPacket);
        const packets = packetsOf(batch);
        expect(texts(interleaved(batch.framed))).toEqual(texts(packets));
        expect(Math.max(...packets.map(({ length }) => length))).toBeLessThanOrEqual(maxPacket);
        expect(batch.payloadOctets).toBe(packets.reduce((sum, { length }) => sum + length - 12, 0));
        const received = depacketizeJpeg(packets);
        expect(received).toMatchObject({ width: shape.width, height: shape.height, timestamp });
        expect(received.data.equals(jpeg.subarray(header.dataOffset, jpeg.length - 2))).toBe(true);
        const [sent, rebuilt] = await Promise.all([decode(jpeg), decode(received.jpeg)]);
        expect(rebuilt.equals(sent)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test('is the same picture when libjpeg made it, at any quality', async () => {
    const quality = fc.integer({ min: 1, max: 100 });
    await fc.assert(
      fc.asyncProperty(blocks, blocks, quality, fc.nat(), async (width, height, q, seed) => {
        const pixels = Buffer.from(Array.from({ length: width * height * 3 }, (_unused, at) => (at * (seed % 97) + (at >> 3) * 5) & 0xff));
        const jpeg = await sharp(pixels, { raw: { width, height, channels: 3 } })
          .jpeg({ quality: q, chromaSubsampling: '4:2:0', optimiseCoding: false })
          .toBuffer();
        const header = readRtpJpeg(jpeg);
        if ('refusal' in header) throw new Error(header.refusal);
        const received = depacketizeJpeg(packetsOf(packetizeJpeg(makeStream(), header, jpeg, 0)));
        expect(received.q).toBe(q === 100 ? 255 : q);
        expect((await decode(received.jpeg)).equals(await decode(jpeg))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('is the same picture for a whole recording, with numbers that go on from one to the next', async () => {
    const recording = barsRecording();
    const reader = new RtpJpegReader();
    const stream = makeStream({ sequence: 0xfff8 });
    let sequence = 0xfff8;
    let pictures = 0;
    for (let at = 0; at < recording.length; pictures++) {
      const jpeg = recording.subarray(at, at + wholeJpegLength(recording, at));
      const header = reader.read(jpeg);
      if ('refusal' in header) throw new Error(header.refusal);
      const batch = packetizeJpeg(stream, header, jpeg, stream.timestampAt((pictures * 1000) / 30));
      expect(batch.sequence).toBe(sequence);
      sequence = (sequence + batch.count) & 0xffff;
      const received = depacketizeJpeg(packetsOf(batch));
      expect(received).toMatchObject({ q: 50, timestamp: 5000 + pictures * 3000 });
      expect((await decode(received.jpeg)).equals(await decode(jpeg))).toBe(true);
      at += jpeg.length;
    }
    expect(pictures).toBe(30);
  });

  describe('readRtpJpeg', () => {
    let jpeg: Buffer;
    beforeAll(() => {
      jpeg = barsRecording().subarray(0, 20_000);
    });

    test('never throws on a picture with bytes changed, and takes nothing that cannot be sent', () => {
      const change = fc.tuple(fc.nat(700), fc.nat(255));
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), fc.nat(20_000), (changes, length) => {
          const damaged = Buffer.from(jpeg.subarray(0, length));
          for (const [at, value] of changes) if (at < length) damaged[at] = value;
          const header = readRtpJpeg(damaged);
          expect(new RtpJpegReader().read(damaged)).toEqual(header);
          if ('refusal' in header) return;
          const batch = packetizeJpeg(makeStream(), header, damaged, 0);
          const received = depacketizeJpeg(packetsOf(batch));
          expect(received).toMatchObject({ width: header.width, height: header.height, type: header.type });
        }),
        { numRuns: 1000 },
      );
    });

    test('never throws on anything', () => {
      const markers = fc.array(fc.constantFrom(0xff, 0, 2, 3, 8, 0xc0, 0xc4, 0xda, 0xdb, 0xdd, 0xee), { maxLength: 200 });
      fc.assert(
        fc.property(
          fc.oneof(
            fc.uint8Array({ maxLength: 300 }),
            markers.map((codes) => Uint8Array.from(codes)),
          ),
          (bytes) => {
            readRtpJpeg(Buffer.from(bytes));
            readRtpJpeg(Buffer.concat([Buffer.of(0xff, 0xd8, 0xff), bytes]));
          },
        ),
        { numRuns: 1000 },
      );
    });
  });
});

describe('H.264 through RTP', () => {
  /** Without the sequences that only start codes have, and without zeros at its end: what an encoder makes. */
  const nalOf = (type: number, importance: number, body: Uint8Array): Buffer =>
    Buffer.from([(importance << 5) | type, ...body.map((byte) => byte || 0x80)]);
  const parameterSet = fc
    .tuple(fc.constantFrom(7, 8), fc.nat(3), fc.uint8Array({ maxLength: 40 }))
    .map(([type, nri, body]) => nalOf(type, nri, body));
  const other = fc
    .tuple(fc.constantFrom(1, 5, 6, 9), fc.nat(3), fc.integer({ min: 0, max: 3000 }), fc.nat(255))
    .map(([type, nri, length, fill]) => nalOf(type, nri, new Uint8Array(length).fill(fill)));
  const accessUnits = fc.array(fc.oneof(parameterSet, other), { minLength: 1, maxLength: 8 });

  test('is the same access unit in packets of any size', () => {
    fc.assert(
      fc.property(accessUnits, streams, timestamps, fc.integer({ min: 16, max: 1500 }), (nals, stream, timestamp, maxPacket) => {
        const batch = packetizeH264(stream, nals, timestamp, maxPacket);
        const packets = packetsOf(batch);
        expect(texts(interleaved(batch.framed))).toEqual(texts(packets));
        expect(Math.max(...packets.map(({ length }) => length))).toBeLessThanOrEqual(maxPacket);
        expect(batch.payloadOctets).toBe(packets.reduce((sum, { length }) => sum + length - 12, 0));
        expect(parseRtpPacket(packets[0]!)).toMatchObject({ timestamp, sequence: batch.sequence });
        expect(texts(depacketizeH264(packets))).toEqual(texts(nals));
      }),
      { numRuns: 300 },
    );
  });

  test('splitAnnexB finds what was joined, with start codes of either length', () => {
    const codes = fc.constantFrom('000001', '00000001', '0000000001').map((hex) => Buffer.from(hex, 'hex'));
    fc.assert(
      fc.property(accessUnits, fc.array(codes, { minLength: 8, maxLength: 8 }), (nals, starts) => {
        const joined = Buffer.concat(nals.flatMap((nal, index) => [starts[index]!, nal]));
        expect(texts(splitAnnexB(joined))).toEqual(texts(nals));
      }),
    );
  });
});

test('the parsers never throw, whatever comes', () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
  const report = senderReport({ ssrc: 1, wall: 1_763_875_234_123, timestamp: 2, packets: 3, octets: 4 }, 'camera');
  const damaged = fc.array(fc.tuple(fc.nat(report.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
    const copy = Buffer.from(report);
    for (const [at, value] of changes) copy[at] = value;
    return copy;
  });
  const rtcpLike = bytes.map((rest) => Buffer.concat([Buffer.of(0x81, 0xc9, 0, 7), rest]));
  fc.assert(
    fc.property(fc.oneof(bytes, damaged, rtcpLike), (input) => {
      parseRtpPacket(input);
      parseRtcp(input);
      readSps(input);
      readSps(Buffer.concat([Buffer.of(0x67, 100), input]));
      for (const nal of splitAnnexB(input)) expect(nal.length).toBeGreaterThan(0);
    }),
    { numRuns: 3000 },
  );
});
