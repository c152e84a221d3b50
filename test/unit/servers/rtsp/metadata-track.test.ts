import { beforeEach, expect, test } from '@jest/globals';
import { silentLogger } from '../../../../src/core/log.ts';
import { EventBus } from '../../../../src/device/events.ts';
import type { RtpBatch } from '../../../../src/protocols/rtp/batch.ts';
import { parseRtpPacket } from '../../../../src/protocols/rtp/packet.ts';
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
  // Players set up every track: that says nothing of what they want to know.
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

describeNeeding(cannotValidate, 'by the official schemas', () => {
  test('documents are valid', () => {
    const sink = join();
    bus.tell('Media/ConfigurationChanged', { Token: 'x', Type: 'VideoEncoder' }, {});
    clock.advance(0);
    expect(schemaProblems(new Map(sink.documents.map((text, at) => [`document ${at}`, text])), 'metadatastream.xsd')).toEqual([]);
  });
});
