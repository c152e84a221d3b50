import { describe, expect, test } from '@jest/globals';
import { FlvDemuxer, FlvError, type FlvVideo } from '../../../../src/protocols/flv/demuxer.ts';
import { avcTag, FLV_HEADER, flvTag } from '../../../support/flv.ts';

function demux(...parts: Buffer[]): FlvVideo[] {
  const videos: FlvVideo[] = [];
  const demuxer = new FlvDemuxer((video) => videos.push(video), 1000);
  for (const part of parts) demuxer.push(part);
  return videos;
}

const data = Buffer.from('picture');

describe('FlvDemuxer', () => {
  test('gives configuration and pictures with their times, and passes over the rest', () => {
    const metadata = flvTag(18, 0, Buffer.from('onMetaData'));
    const videos = demux(
      FLV_HEADER,
      metadata,
      avcTag(0, 0, Buffer.alloc(0)),
      avcTag(66, 1, data),
      flvTag(8, 70, data),
      avcTag(90, 2, data),
    );
    expect(videos).toEqual([
      { kind: 'configuration', timestamp: 0, data: Buffer.alloc(0) },
      { kind: 'nal-units', timestamp: 66, data },
    ]);
  });

  test('a picture is there with its last byte, before the next one begins', () => {
    const videos: FlvVideo[] = [];
    const demuxer = new FlvDemuxer((video) => videos.push(video), 1000);
    const bytes = Buffer.concat([FLV_HEADER, avcTag(1, 1, data)]);
    demuxer.push(bytes.subarray(0, -1));
    expect(videos).toEqual([]);
    demuxer.push(bytes.subarray(-1));
    expect(videos).toHaveLength(1);
  });

  test('times go up to 31 bits', () => {
    expect(demux(FLV_HEADER, avcTag(2 ** 31 - 1, 1, data), avcTag(2 ** 24, 1, data)).map(({ timestamp }) => timestamp)).toEqual([
      2 ** 31 - 1,
      2 ** 24,
    ]);
  });

  const wrongEnd = avcTag(1, 1, data);
  wrongEnd[wrongEnd.length - 1]! ^= 1;
  const withStream = avcTag(1, 1, data);
  withStream[10] = 1;
  const reordered = avcTag(1, 1, data);
  reordered[15] = 33;
  test.each<[string, Buffer]>([
    ['text', Buffer.from('ffmpeg: no such file or directory')],
    ['zeros', Buffer.alloc(100)],
    ['a tag of an unknown type', Buffer.concat([FLV_HEADER, flvTag(7, 0, data)])],
    ['a tag whose lengths differ', Buffer.concat([FLV_HEADER, wrongEnd])],
    ['another stream', Buffer.concat([FLV_HEADER, withStream])],
    ['a tag that is too large', Buffer.concat([FLV_HEADER, flvTag(9, 0, Buffer.alloc(1001))])],
    ['another codec', Buffer.concat([FLV_HEADER, flvTag(9, 0, Buffer.from([0x22, 1, 0, 0, 0]))])],
    ['a video tag without a header', Buffer.concat([FLV_HEADER, flvTag(9, 0, Buffer.alloc(0))])],
    ['pictures out of order', Buffer.concat([FLV_HEADER, reordered])],
    ['an unknown packet type', Buffer.concat([FLV_HEADER, avcTag(0, 3, data)])],
  ])('refuses %s', (_, bytes) => {
    expect(() => demux(bytes)).toThrow(FlvError);
  });

  test('refuses a tag that is too large by its header alone', () => {
    expect(() => demux(FLV_HEADER, flvTag(9, 0, Buffer.alloc(1001)).subarray(0, 11))).toThrow(/too large/);
  });
});
