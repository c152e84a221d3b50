import type { Socket } from 'node:dgram';
import { describe, expect, test } from '@jest/globals';
import { BatchWriter } from '../../src/protocols/rtp/batch.ts';
import { RtpStream } from '../../src/protocols/rtp/stream.ts';
import { newRtspCounters } from '../../src/servers/rtsp/counters.ts';
import { Pacer, UdpSender } from '../../src/servers/rtsp/udp-sender.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A clock whose timers come as late as the test says. */
class LateClock extends FakeClock {
  late = 0;

  override monotonic(): number {
    return super.monotonic() + this.late;
  }
}

function makeSender() {
  const clock = new LateClock();
  const stream = new RtpStream({ ssrc: 1, payloadType: 26, sequence: 0, timestampOffset: 0 });
  const sent: number[] = [];
  const rtp = { send: (packet: Buffer) => sent.push(packet.readUInt16BE(2)), getSendQueueSize: () => 0 } as unknown as Socket;
  const counters = newRtspCounters();
  const pacer = new Pacer(clock, () => 30);
  const sender = new UdpSender({ rtp, rtcp: rtp, resumption: 'any', requestKeyFrame: () => {}, pacer, counters });
  const picture = (packets: number) => {
    const writer = new BatchWriter(stream, packets, packets * 100, 0, true);
    for (let left = packets; left > 0; left--) writer.next(100);
    return writer.finish();
  };
  return { clock, sender, sent, counters, picture };
}

/** More than one burst, and less than the usual socket buffer of 208 KiB holds. */
const SOCKET_BUFFER = 90;

describe('RTP over UDP', () => {
  test('spreads a picture over a part of the time until the next, in order', () => {
    const { clock, sender, sent, picture } = makeSender();
    sender.deliver(picture(200));
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.length).toBeLessThan(SOCKET_BUFFER);
    const before = sent.length;
    clock.advance(2);
    expect(sent.length - before).toBeLessThan(SOCKET_BUFFER);
    clock.advance(1000 / 30);
    expect(sent).toEqual(Array.from({ length: 200 }, (_unused, at) => at));
    expect(clock.pending).toBe(0);
  });

  test('makes up for a timer that came late, but never with more than a socket buffer holds', () => {
    const usual = makeSender();
    const late = makeSender();
    for (const { sender, picture } of [usual, late]) sender.deliver(picture(400));
    late.clock.late = 500;
    const before = late.sent.length;
    for (const { clock } of [usual, late]) clock.advance(2);
    expect(late.sent.length).toBeGreaterThan(usual.sent.length);
    expect(late.sent.length - before).toBeLessThan(SOCKET_BUFFER);
    expect(late.sent).toEqual(Array.from({ length: late.sent.length }, (_unused, at) => at));
  });

  test('finishes a picture that has been begun, and drops those behind it for the newest', () => {
    const { clock, sender, sent, counters, picture } = makeSender();
    sender.deliver(picture(60));
    sender.deliver(picture(60));
    sender.deliver(picture(60));
    clock.advance(100);
    expect(counters.framesSkipped).toBe(1);
    expect(sent).toEqual([...Array(180).keys()].filter((sequence) => sequence < 60 || sequence >= 120));
  });

  test('sends nothing after it was closed', () => {
    const { clock, sender, sent, picture } = makeSender();
    sender.deliver(picture(200));
    const before = sent.length;
    sender.close();
    clock.advance(100);
    expect(sent).toHaveLength(before);
    expect(clock.pending).toBe(0);
  });
});
