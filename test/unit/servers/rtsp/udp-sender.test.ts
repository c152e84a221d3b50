import type { Socket } from 'node:dgram';
import { expect, test } from '@jest/globals';
import type { Clock } from '../../../../src/core/clock.ts';
import { packetizeH264 } from '../../../../src/protocols/rtp/h264.ts';
import { RtpStream } from '../../../../src/protocols/rtp/stream.ts';
import { newRtspCounters } from '../../../../src/servers/rtsp/counters.ts';
import { Pacer, UdpSender } from '../../../../src/servers/rtsp/udp-sender.ts';

/** A clock whose timers come when the test calls them, however much time has passed. */
function lateClock() {
  let now = 0;
  let timer: (() => void) | undefined;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after: () => () => {},
    every: (_ms, fn) => {
      timer = fn;
      return () => (timer = undefined);
    },
  };
  return {
    clock,
    fire: (at: number) => {
      now = at;
      timer?.();
    },
    running: () => timer !== undefined,
  };
}

test('a timer that comes late makes up for it, so that a busy machine sends no slower, up to a bound', () => {
  const { clock, fire, running } = lateClock();
  let sent = 0;
  const socket = { send: () => sent++, getSendQueueSize: () => 0 } as unknown as Socket;
  const pacer = new Pacer(clock, () => 10);
  const options = { rtp: socket, rtcp: socket, requestKeyFrame: () => {}, pacer, counters: newRtspCounters() };
  const sender = new UdpSender({ ...options, resumption: 'any' });
  const stream = new RtpStream({ ssrc: 1, payloadType: 96, sequence: 0, timestampOffset: 0 });
  const batch = packetizeH264(stream, [Buffer.alloc(560_000, 0x41)], 0);
  expect(pacer.bursts).toBe(20);
  const burst = Math.ceil(batch.count / 20);

  sender.deliver(batch);
  expect(sent).toBe(burst);
  fire(2.1);
  expect(sent).toBe(2 * burst);
  fire(8);
  expect(sent).toBe(5 * burst);
  // As many as a receiver's socket buffer holds.
  fire(1000);
  expect(sent).toBe(5 * burst + 64);
  fire(1002);
  expect(sent).toBe(6 * burst + 64);
  for (let at = 1004; at < 1040; at += 2) fire(at);
  expect(sent).toBe(batch.count);
  expect(running()).toBe(false);
});
