import type { Socket } from 'node:net';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../../src/core/log.ts';
import { EventBus } from '../../../../src/device/events.ts';
import type { RtpBatch } from '../../../../src/protocols/rtp/batch.ts';
import { parseRtpPacket } from '../../../../src/protocols/rtp/packet.ts';
import { newRtspCounters } from '../../../../src/servers/rtsp/counters.ts';
import { InterleavedSink } from '../../../../src/servers/rtsp/interleaved-sink.ts';
import { METADATA_PAYLOAD_TYPE, MetadataTrack } from '../../../../src/servers/rtsp/metadata-track.ts';
import type { Sink } from '../../../../src/servers/rtsp/sink.ts';
import { cnameOf, newRtpStream } from '../../../../src/servers/rtsp/track.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { told } from '../../../support/onvif-events.ts';
import { describeNeeding } from '../../../support/programs.ts';
import { cannotValidate, schemaProblems } from '../../../support/soap-object-to-xml.ts';

const SOURCE = { Source: 'video_source' };
const MOTION = 'VideoSource/MotionAlarm';

class FakeSink implements Sink {
  readonly batches: RtpBatch[] = [];
  deliver(batch: RtpBatch) {
    this.batches.push(batch);
  }
  report() {}
  drop() {}

  get documents(): string[] {
    return this.batches.map((batch) =>
      Buffer.concat(Array.from({ length: batch.count }, (_, at) => parseRtpPacket(batch.packet(at))!.payload)).toString(),
    );
  }
}

let clock: FakeClock;
let bus: EventBus;
let track: MetadataTrack;

beforeEach(() => {
  clock = new FakeClock();
  bus = new EventBus({ clock, log: silentLogger });
  bus.set(MOTION, SOURCE, { State: false });
  track = new MetadataTrack({ name: 'metadata', stream: newRtpStream(METADATA_PAYLOAD_TYPE), cname: cnameOf('pi'), feed: bus, clock });
});

const join = () => {
  const sink = new FakeSink();
  track.add(sink, track.begin());
  return sink;
};
const all = ({ documents }: FakeSink) => documents.flatMap((xml) => told({ xml }));

test('who begins to play is told every state, then what happens, each moment in one document', () => {
  const sink = join();
  // Players set up every track there is, whether or not motion means something to them.
  expect(bus.isWanted(MOTION)).toBe(false);
  expect(all(sink)).toEqual(['MotionAlarm Initialized State=false']);
  bus.set(MOTION, SOURCE, { State: true });
  bus.tell('Media/ProfileChanged', { Token: 'mjpeg' }, {});
  clock.advance(0);
  expect(sink.documents).toHaveLength(2);
  expect(all(sink).slice(1)).toEqual(['MotionAlarm Changed State=true', 'ProfileChanged']);
  track.remove(sink);
  bus.set(MOTION, SOURCE, { State: false });
  expect(clock.pending).toBe(0);
});

test('who comes later is told the states, after what has not gone out yet', () => {
  const first = join();
  bus.set(MOTION, SOURCE, { State: true });
  const second = join();
  expect(all(second)).toEqual(['MotionAlarm Changed State=true', 'MotionAlarm Initialized State=true']);
  expect(all(first)).toEqual(['MotionAlarm Initialized State=false', ...all(second)]);
  track.synchronize();
  expect(all(second).at(-1)).toBe('MotionAlarm Initialized State=true');
});

test('a long document goes in several packets with one time, the marker on the last', () => {
  for (let i = 0; i < 40; i++) bus.set('Device/HardwareFailure/StorageFailure', { Token: `disk ${i}` }, { Failed: false });
  const [batch] = join().batches;
  const packets = Array.from({ length: batch!.count }, (_, at) => parseRtpPacket(batch!.packet(at))!);
  expect(packets.length).toBeGreaterThan(5);
  expect(packets.map(({ marker }) => marker)).toEqual(packets.map((_, at) => at === packets.length - 1));
  expect(new Set(packets.map(({ timestamp }) => timestamp)).size).toBe(1);
  for (const { payload } of packets) expect(payload.length).toBeLessThanOrEqual(1388);
});

describe('to a recorder whose connection takes nothing for a while', () => {
  const CHANNELS = { rtp: 0, rtcp: 1 };
  /** A connection that takes what it was given when the test says so. */
  class StuckSocket {
    readonly destroyed = false;
    readonly writable = true;
    readonly writableLength = 1;
    /** Documents in their packets, without what else there is. */
    readonly written: Buffer[] = [];
    readonly #calls: (() => void)[] = [];
    write(bytes: Buffer | '', call?: () => void): boolean {
      if (bytes !== '' && bytes[1] === CHANNELS.rtp) this.written.push(bytes);
      if (call) this.#calls.push(call);
      return false;
    }
    take(): void {
      for (const call of this.#calls.splice(0)) call();
    }
    /** The payloads of the packets, joined. */
    get text(): string {
      const texts: string[] = [];
      for (const bytes of this.written)
        for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt16BE(at + 2))
          texts.push(parseRtpPacket(bytes.subarray(at + 4, at + 4 + bytes.readUInt16BE(at + 2)))!.payload.toString());
      return texts.join('');
    }
  }

  const stuck = () => {
    const socket = new StuckSocket();
    const counters = newRtspCounters();
    const sink = new InterleavedSink({
      socket: socket as unknown as Socket,
      pace: undefined,
      movedAt: () => Number.NEGATIVE_INFINITY,
      channels: CHANNELS,
      resumption: track.resumption,
      requestKeyFrame: () => track.requestKeyFrame(),
      clock,
      counters,
    });
    track.add(sink, track.begin());
    return { socket, counters };
  };
  const become = (State: boolean) => {
    bus.set(MOTION, SOURCE, { State });
    clock.advance(1000);
  };
  const toldTo = ({ text }: StuckSocket) => told({ xml: text });

  test('all that happens meanwhile is told, in its order', () => {
    const { socket, counters } = stuck();
    become(true);
    become(false);
    become(true);
    become(false);
    expect(toldTo(socket)).toEqual([
      'MotionAlarm Initialized State=false',
      ...['true', 'false', 'true', 'false'].map((state) => `MotionAlarm Changed State=${state}`),
    ]);
    socket.take();
    clock.advance(10_000);
    expect(toldTo(socket)).toHaveLength(5);
    expect(counters.framesSkipped).toBe(0);
  });

  test('where that is more than can wait, every state follows anew, once', () => {
    const { socket, counters } = stuck();
    for (let at = 0; at < 1500; at++) {
      bus.tell('Media/ProfileChanged', { Token: 'x'.repeat(1500) }, {});
      become(at % 2 === 0);
    }
    expect(counters.framesSkipped).toBeGreaterThan(0);
    expect(Buffer.concat(socket.written).length).toBeLessThan(2.1e6);
    const state = bus.current()[0]!.data.State;
    const before = socket.written.length;
    clock.advance(60_000);
    expect(socket.written).toHaveLength(before);
    socket.take();
    expect(socket.written).toHaveLength(before + 1);
    expect(toldTo(socket).at(-1)).toBe(`MotionAlarm Initialized State=${state}`);
    become(!state);
    expect(toldTo(socket).at(-1)).toBe(`MotionAlarm Changed State=${!state}`);
  });
});

describeNeeding(cannotValidate, 'by the official schemas', () => {
  test('documents are valid', () => {
    const sink = join();
    bus.tell('Media/ConfigurationChanged', { Token: 'x', Type: 'VideoEncoder' }, {});
    clock.advance(0);
    expect(schemaProblems(new Map(sink.documents.map((text, at) => [`document ${at}`, text])), 'metadatastream.xsd')).toEqual([]);
  });
});
