import { describe, expect, test } from '@jest/globals';
import { BatchWriter } from '../../../../src/protocols/rtp/batch.ts';
import { parseRtpPacket, RTP_HEADER, writeRtpHeader } from '../../../../src/protocols/rtp/packet.ts';
import { makeStream, packetsOf, readInterleaved } from '../../../support/rtp/streams.ts';

describe('RTP packets', () => {
  const header = { marker: true, payloadType: 96, sequence: 0xfffe, timestamp: 0xfedcba98, ssrc: 0x89abcdef };

  test('have the fixed header of RFC 3550', () => {
    const bytes = Buffer.alloc(RTP_HEADER + 2, 0xaa);
    writeRtpHeader(bytes, 2, header);
    expect(bytes.toString('hex')).toBe('aaaa80e0fffefedcba9889abcdef');
    expect(parseRtpPacket(bytes.subarray(2))).toEqual({ ...header, payload: Buffer.alloc(0) });
  });

  test('wrap what is too large for its field', () => {
    const bytes = Buffer.alloc(RTP_HEADER);
    writeRtpHeader(bytes, 0, { ...header, marker: false, sequence: 0x10001, timestamp: 2 ** 32 + 5 });
    expect(parseRtpPacket(bytes)).toMatchObject({ marker: false, sequence: 1, timestamp: 5 });
  });

  test('are read past contributing sources, an extension and padding', () => {
    const bytes = Buffer.from(`b260000100000002000000030000000400000005${'bede0001aabbccdd'}${'0102'}${'000003'}`, 'hex');
    expect(parseRtpPacket(bytes)).toMatchObject({ payloadType: 96, sequence: 1, payload: Buffer.of(1, 2) });
  });

  test.each([
    ['shorter than its header', '8060000100000002000000'],
    ['of another version', '406000010000000200000003'],
    ['with fewer contributing sources than it says', '81600001000000020000000300'],
    ['with half an extension header', '906000010000000200000003bede'],
    ['with an extension longer than itself', '906000010000000200000003bede0001aabbcc'],
    ['with padding of nothing', 'a0600001000000020000000300'],
    ['with padding longer than its payload', 'a0600001000000020000000300ff'],
  ])('are none if %s', (_name, hex) => {
    expect(parseRtpPacket(Buffer.from(hex, 'hex'))).toBeUndefined();
  });
});

describe('RtpStream', () => {
  test('counts time in 90 kHz from its offset, and wraps', () => {
    const stream = makeStream({ timestampOffset: 1000 });
    expect(stream.timestampAt(0)).toBe(1000);
    expect(stream.timestampAt(1000)).toBe(91_000);
    expect(stream.timestampAt(1000 / 30)).toBe(4000);
    expect(makeStream({ timestampOffset: 0xffffffff }).timestampAt(1)).toBe(89);
    // A year of running wraps many times; the distance of two pictures stays right.
    const year = 365 * 86_400_000;
    expect((stream.timestampAt(year + 40) - stream.timestampAt(year)) >>> 0).toBe(3600);
  });

  test('hands out sequence numbers once each, and wraps', () => {
    const stream = makeStream({ sequence: 0xfffd });
    expect(stream.claim(2, 100)).toBe(0xfffd);
    expect(stream.claim(3, 50)).toBe(0xffff);
    expect(stream.nextSequence).toBe(2);
    expect(stream).toMatchObject({ packets: 5, octets: 150 });
  });

  test('counters wrap at 32 bits, as sender reports have them', () => {
    const stream = makeStream();
    stream.claim(1, 0xffffffff);
    stream.claim(1, 3);
    expect(stream.octets).toBe(2);
  });
});

describe('RtpBatch', () => {
  function makeBatch(payloads: readonly string[]) {
    const bytes = payloads.map((text) => Buffer.from(text));
    const octets = bytes.reduce((sum, each) => sum + each.length, 0);
    const writer = new BatchWriter(makeStream({ sequence: 0xffff }), bytes.length, octets, 77, false);
    for (const payload of bytes) payload.copy(writer.buffer, writer.next(payload.length));
    return writer.finish();
  }

  test('holds the packets with their framing for channel 0 in one buffer', () => {
    const batch = makeBatch(['abc', 'd']);
    const header = (sequence: string, marker: string) => `80${marker}${sequence}0000004ddecade01`;
    expect(batch.framed.toString('hex')).toBe(`2400000f${header('ffff', '1a')}616263${'2400000d'}${header('0000', '9a')}64`);
    expect([...batch.offsets]).toEqual([4, 23]);
    expect(batch).toMatchObject({ count: 2, payloadOctets: 4, sequence: 0xffff, timestamp: 77, ssrc: 0xdecade01, keyframe: false });
  });

  test('gives single packets as views into that buffer, the same ones each time', () => {
    const batch = makeBatch(['abc', 'd']);
    expect(packetsOf(batch).map((packet) => parseRtpPacket(packet)!.payload.toString())).toEqual(['abc', 'd']);
    expect(batch.packet(1).buffer).toBe(batch.framed.buffer);
    expect(batch.packet(1)).toBe(batch.packet(1));
    expect(() => batch.packet(2)).toThrow(RangeError);
  });

  test('is copied once for each other channel', () => {
    const batch = makeBatch(['abc', 'd']);
    expect(batch.onChannel(0)).toBe(batch.framed);
    const copy = batch.onChannel(200);
    expect(batch.onChannel(200)).toBe(copy);
    expect(readInterleaved(copy)).toEqual(packetsOf(batch).map((packet) => ({ channel: 200, packet })));
    expect(readInterleaved(batch.framed).map(({ channel }) => channel)).toEqual([0, 0]);
  });

  test('of nothing is empty', () => {
    const batch = makeBatch([]);
    expect(batch.count).toBe(0);
    expect(batch.framed).toHaveLength(0);
  });
});
