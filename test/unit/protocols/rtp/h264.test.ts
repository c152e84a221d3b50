import { describe, expect, test } from '@jest/globals';
import { packetizeH264 } from '../../../../src/protocols/rtp/h264.ts';
import { parseRtpPacket } from '../../../../src/protocols/rtp/packet.ts';
import { depacketizeH264 } from '../../../support/rtp/h264-depacketizer.ts';
import { makeStream, packetsOf } from '../../../support/rtp/streams.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const SPS = hex('6742c028d900780227e5c044000003000400000300083c60c920');
const PPS = hex('68cb83cb20');
const stream = () => makeStream({ payloadType: 96, sequence: 0xffff });
/** Payloads of the packets, and where the marker is. */
function packed(nals: readonly Buffer[], maxPacket?: number) {
  const packets = packetsOf(packetizeH264(stream(), nals, 90_000, maxPacket)).map((bytes) => parseRtpPacket(bytes)!);
  return { payloads: packets.map(({ payload }) => payload.toString('hex')), markers: packets.map(({ marker }) => marker) };
}

describe('packetizeH264', () => {
  test('puts parameter sets into one packet, in front of their picture', () => {
    const idr = hex('65b8400a');
    const { payloads, markers } = packed([SPS, PPS, idr]);
    expect(payloads).toEqual([`78001a${SPS.toString('hex')}0005${PPS.toString('hex')}`, '65b8400a']);
    expect(markers).toEqual([false, true]);
  });

  test('an aggregate is as important as its most important part, and damaged if one is', () => {
    expect(packed([hex('2742'), hex('4801')]).payloads[0]!.slice(0, 2)).toBe('58');
    expect(packed([hex('2742'), hex('c801')]).payloads[0]!.slice(0, 2)).toBe('d8');
  });

  test('sends everything else by itself, and so a single parameter set', () => {
    const nals = [hex('09f0'), SPS, hex('0605'), PPS, hex('419b')];
    expect(packed(nals).payloads).toEqual(nals.map((nal) => nal.toString('hex')));
    expect(packed(nals).markers).toEqual([false, false, false, false, true]);
  });

  test('parameter sets that do not fit into one packet go apart', () => {
    expect(packed([SPS, PPS], 12 + 1 + 2 + SPS.length + 2 + PPS.length).payloads).toHaveLength(1);
    expect(packed([SPS, PPS], 12 + 2 + SPS.length + 2 + PPS.length).payloads).toEqual([SPS.toString('hex'), PPS.toString('hex')]);
  });

  test('cuts a NAL unit larger than a packet into fragments, to the byte', () => {
    const slice = hex('65000102030405060708');
    expect(packed([slice], 22).payloads).toEqual(['65000102030405060708']);
    // Indicator: importance 3, type 28. Header: start, nothing, end; type 5.
    const { payloads, markers } = packed([slice], 18);
    expect(payloads).toEqual(['7c8500010203', '7c0504050607', '7c4508']);
    expect(markers).toEqual([false, false, true]);
  });

  test('says whether a receiver can start with the picture', () => {
    expect(packetizeH264(stream(), [SPS, PPS, hex('6588')], 0).keyframe).toBe(true);
    expect(packetizeH264(stream(), [hex('419b')], 0).keyframe).toBe(false);
  });

  test('numbers and counts as a batch of one picture', () => {
    const numbered = stream();
    const slice = Buffer.alloc(5000, 0x41);
    const batch = packetizeH264(numbered, [hex('09f0'), slice], 2 ** 32 + 7);
    expect(batch).toMatchObject({ sequence: 0xffff, timestamp: 7, count: 5, payloadOctets: 2 + 4999 + 4 * 2 });
    expect(numbered).toMatchObject({ nextSequence: 4, packets: 5, octets: batch.payloadOctets });
    expect(depacketizeH264(packetsOf(batch))).toEqual([hex('09f0'), slice]);
    expect(Math.max(...packetsOf(batch).map(({ length }) => length))).toBe(1400);
  });

  test('refuses packets too small for a fragment', () => {
    expect(() => packetizeH264(stream(), [hex('419b')], 0, 14)).toThrow(RangeError);
    expect(packed([hex('41010203')], 15).payloads).toEqual(['5c8101', '5c0102', '5c4103']);
  });

  test('makes no packets of nothing', () => {
    expect(packetizeH264(stream(), [], 0)).toMatchObject({ count: 0, keyframe: false });
    expect(packetizeH264(stream(), [Buffer.alloc(0)], 0).framed).toHaveLength(0);
  });
});
