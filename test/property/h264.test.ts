import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitAnnexB } from '../../src/frames/h264.ts';
import { FlvDemuxer, FlvError, type FlvVideo } from '../../src/protocols/flv/demuxer.ts';
import { readAvcConfiguration, splitLengthPrefixed } from '../../src/protocols/h264/avc.ts';
import { avcTag, FLV_HEADER } from '../support/flv.ts';
import { cut } from '../support/jpegs.ts';

const LIMIT = 2000;
const bytes = (max: number) => fc.uint8Array({ maxLength: max }).map((data) => Buffer.from(data));
const chunkSizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });

describe('FLV', () => {
  test('comes out the same however it is cut', () => {
    const packets = fc.array(fc.record({ timestamp: fc.nat(2 ** 31 - 1), data: bytes(100) }), { maxLength: 10 });
    fc.assert(
      fc.property(packets, chunkSizes, (list, sizes) => {
        const videos: FlvVideo[] = [];
        const demuxer = new FlvDemuxer((video) => videos.push(video), LIMIT);
        const stream = Buffer.concat([FLV_HEADER, ...list.map(({ timestamp, data }) => avcTag(timestamp, 1, data))]);
        for (const chunk of cut(stream, sizes)) demuxer.push(chunk);
        expect(videos).toEqual(list.map((each) => ({ kind: 'nal-units', ...each })));
      }),
    );
  });

  test('that is damaged is refused, or gives no more than it has; nothing else happens', () => {
    const damage = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 5 });
    fc.assert(
      fc.property(bytes(100), damage, chunkSizes, (data, changes, sizes) => {
        const stream = Buffer.concat([FLV_HEADER, avcTag(1, 0, data), avcTag(2, 1, data), avcTag(3, 1, data)]);
        for (const [at, value] of changes) if (at < stream.length) stream[at] = value;
        let given = 0;
        const demuxer = new FlvDemuxer((video) => (given += video.data.length), LIMIT);
        try {
          for (const chunk of cut(stream, sizes)) demuxer.push(chunk);
        } catch (error) {
          expect(error).toBeInstanceOf(FlvError);
        }
        expect(given).toBeLessThanOrEqual(stream.length);
      }),
    );
  });
});

/** NAL units as they are: no start code within (H.264, 7.4.1.1), no zero at the end. */
const nal = fc
  .array(fc.oneof(fc.constant(0), fc.constant(1), fc.nat(255)), { maxLength: 30 })
  .map((body) => Buffer.concat([Buffer.from([0x65]), Buffer.from(body), Buffer.from([0x80])]))
  .filter((unit) => unit.indexOf(Buffer.from([0, 0, 0])) < 0 && unit.indexOf(Buffer.from([0, 0, 1])) < 0);

describe('NAL units', () => {
  test('come out of both forms as they went in', () => {
    fc.assert(
      fc.property(fc.array(nal, { maxLength: 6 }), fc.constantFrom('000001', '00000001', '0000000001'), (nals, startCode) => {
        expect(splitAnnexB(Buffer.concat(nals.flatMap((unit) => [Buffer.from(startCode, 'hex'), unit])))).toEqual(nals);
        const prefixed = nals.flatMap((unit) => [Buffer.from([unit.length >> 8, unit.length & 0xff]), unit]);
        expect(splitLengthPrefixed(Buffer.concat(prefixed), 2)).toEqual(nals);
      }),
    );
  });

  test('of anything at all: no reader throws, none gives more than there is', () => {
    fc.assert(
      fc.property(bytes(200), fc.integer({ min: 1, max: 4 }), (any, lengthSize) => {
        for (const nals of [splitAnnexB(any), splitLengthPrefixed(any, lengthSize) ?? []]) {
          expect(nals.reduce((sum, each) => sum + each.length, 0)).toBeLessThanOrEqual(any.length);
          expect(nals.every((each) => each.length > 0)).toBe(true);
        }
        readAvcConfiguration(Buffer.from([1, ...any]));
      }),
    );
  });
});
