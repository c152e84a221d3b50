import type { Socket } from 'node:net';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { RtpBatch } from '../../../../src/protocols/rtp/batch.ts';
import { packetizeH264 } from '../../../../src/protocols/rtp/h264.ts';
import { newRtspCounters } from '../../../../src/servers/rtsp/counters.ts';
import { InterleavedSink } from '../../../../src/servers/rtsp/interleaved-sink.ts';
import type { Resumption } from '../../../../src/servers/rtsp/sink.ts';
import type { ViewerPace } from '../../../../src/servers/viewer-pace.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { makeStream } from '../../../support/rtp/streams.ts';

/** Says what the test wants said, and notes what it hears. */
class FakePace {
  buffer = true;
  /** For pictures that others are built on. */
  someRoom = true;
  /** Bytes. */
  left = Number.POSITIVE_INFINITY;
  given = 0;
  misses = 0;
  stalledFor = 0;
  movedAt = Number.NEGATIVE_INFINITY;
  call: (() => void) | undefined;
  takes = (extraMs = 0) => (extraMs > 0 ? this.someRoom : this.buffer);
  capacity = () => this.left;
  gave = (bytes: number) => {
    this.given += bytes;
    this.left -= bytes;
  };
  missed = () => this.misses++;
  proveSlow = () => this.misses++;
  whenReady = (call: () => void) => (this.call = call);
  makeRoom(bytes = Number.POSITIVE_INFINITY): void {
    this.buffer = true;
    this.someRoom = true;
    this.left = bytes;
    const { call } = this;
    this.call = undefined;
    call?.();
  }
}

const stream = makeStream();
const batch = (key: boolean): RtpBatch => packetizeH264(stream, [Buffer.alloc(1000, key ? 0x65 : 0x41)], 0);

let clock: FakeClock;
let pace: FakePace;
let written: Buffer[];
let asked: number;
let counters: ReturnType<typeof newRtspCounters>;

function makeSink(resumption: Resumption, writableLength = 0): InterleavedSink {
  const socket = {
    destroyed: false,
    writable: true,
    writableLength,
    write: (bytes: Buffer) => bytes.length > 0 && written.push(bytes),
  };
  return new InterleavedSink({
    socket: socket as unknown as Socket,
    pace: pace as unknown as ViewerPace,
    movedAt: () => pace.movedAt,
    channels: { rtp: 0, rtcp: 1 },
    resumption,
    requestKeyFrame: () => asked++,
    clock,
    counters,
  });
}

beforeEach(() => {
  clock = new FakeClock();
  pace = new FakePace();
  written = [];
  asked = 0;
  counters = newRtspCounters();
});

describe('of pictures that stand by themselves', () => {
  test('those that would wait are left out, and the newest goes as soon as it may', () => {
    const sink = makeSink('any');
    const batches = [batch(true), batch(true), batch(true), batch(true)] as const;
    sink.deliver(batches[0]);
    pace.buffer = false;
    for (const each of batches.slice(1)) sink.deliver(each);
    expect(written).toEqual([batches[0].framed]);
    pace.makeRoom();
    expect(written).toEqual([batches[0].framed, batches[3].framed]);
    expect(counters.framesSkipped).toBe(2);
    expect(pace.given).toBe(batches[0].framed.length + batches[3].framed.length);
  });

  test('one that was left out is not sent behind a newer one, nor after a pause', () => {
    const sink = makeSink('any');
    const batches = [batch(true), batch(true), batch(true)] as const;
    pace.buffer = false;
    sink.deliver(batches[0]);
    pace.buffer = true;
    sink.deliver(batches[1]);
    pace.makeRoom();
    expect(written).toEqual([batches[1].framed]);
    expect(counters.framesSkipped).toBe(1);
    pace.buffer = false;
    sink.deliver(batches[2]);
    sink.drop();
    pace.makeRoom();
    expect(written).toEqual([batches[1].framed]);
  });
});

describe('on a slow link', () => {
  /** A full one with its framing, bytes. */
  const PACKET = 1404;
  /** Some packets. */
  const large = () => packetizeH264(stream, [Buffer.alloc(9000, 0x65)], 0);
  const sent = () => Buffer.concat(written);
  /** Whether these bytes are whole packets in their framing. */
  const areWhole = (bytes: Buffer) => {
    let at = 0;
    while (at < bytes.length) at += 4 + bytes.readUInt16BE(at + 2);
    return at === bytes.length;
  };

  test('a picture goes in slices of whole packets, and RTCP between them', () => {
    const sink = makeSink('any');
    const picture = large();
    pace.left = 2 * PACKET;
    sink.deliver(picture);
    expect(written).toHaveLength(1);
    sink.report(Buffer.alloc(28));
    pace.makeRoom(2 * PACKET);
    expect(written).toHaveLength(3);
    for (const each of written) expect(areWhole(each)).toBe(true);
    expect(written[1]![1]).toBe(1);
    pace.makeRoom(100_000);
    written.splice(1, 1);
    expect(sent()).toEqual(picture.framed);
    expect(pace.given).toBe(picture.framed.length);
  });

  test('one packet goes at least, and what comes meanwhile is left out', () => {
    const sink = makeSink('any');
    const [picture, missed] = [large(), large()];
    pace.left = 1;
    sink.deliver(picture);
    sink.deliver(missed);
    expect(written).toHaveLength(1);
    expect(areWhole(written[0]!)).toBe(true);
    expect(pace.misses).toBe(1);
    while (pace.call) pace.makeRoom(1);
    expect(sent()).toEqual(picture.framed);
    expect(written.length).toBeGreaterThan(4);
  });

  test('pictures that are built on others follow in their order', () => {
    const sink = makeSink('keyframe');
    const pictures = [large(), large(), batch(false)];
    pace.left = 2000;
    for (const each of pictures) sink.deliver(each);
    while (pace.call) pace.makeRoom(4000);
    expect(sent()).toEqual(Buffer.concat(pictures.map(({ framed }) => framed)));
  });

  test('before the answer to PAUSE comes all of what was begun', () => {
    const sink = makeSink('any');
    const picture = large();
    pace.left = 2 * PACKET;
    sink.deliver(picture);
    sink.drop();
    expect(sent()).toEqual(picture.framed);
    pace.makeRoom();
    expect(sent()).toEqual(picture.framed);
  });
});

test.each(['any', 'keyframe', 'retold'] as const)('a client of %s has stalled only if the kernel sends nothing either', (resumption) => {
  const sink = makeSink(resumption, 1);
  sink.deliver(batch(true));
  clock.advance(20_000);
  expect(sink.stalledFor(clock.monotonic())).toBe(20_000);
  pace.movedAt = clock.monotonic();
  clock.advance(20_000);
  expect(sink.stalledFor(clock.monotonic())).toBe(20_000);
});

describe('of pictures that are built on others', () => {
  test('some may wait; after one that was left out comes nothing before a key frame', () => {
    const sink = makeSink('keyframe');
    const [first, waiting, missed, between, key, next] = [true, false, false, false, true, false].map(batch) as RtpBatch[];
    sink.deliver(first!);
    pace.buffer = false;
    sink.deliver(waiting!);
    expect(written).toEqual([first!.framed, waiting!.framed]);
    pace.someRoom = false;
    sink.deliver(missed!);
    expect(asked).toBe(0);
    pace.makeRoom();
    expect(asked).toBe(1);
    for (const each of [between, key, next]) sink.deliver(each!);
    expect(written).toEqual([first, waiting, key, next].map((each) => each!.framed));
    expect(counters.framesSkipped).toBe(2);
  });

  test('a key frame has to wait until nearly nothing does', () => {
    const sink = makeSink('keyframe');
    pace.someRoom = false;
    sink.deliver(batch(false));
    pace.buffer = false;
    pace.someRoom = true;
    sink.deliver(batch(true));
    expect(written).toEqual([]);
    pace.makeRoom();
    sink.deliver(batch(true));
    expect(written).toHaveLength(1);
  });

  test('one who has paused or gone, and waited for room before, does not ask for a key frame', () => {
    const sink = makeSink('keyframe');
    pace.someRoom = false;
    sink.deliver(batch(false));
    sink.drop();
    pace.makeRoom();
    expect(asked).toBe(0);
    sink.deliver(batch(true));
    expect(written).toHaveLength(1);
  });

  test('a client who can never keep up does not ask for a key frame each time: all who watch would pay for them', () => {
    const sink = makeSink('keyframe');
    for (let count = 0; count < 20; count++) {
      pace.someRoom = false;
      sink.deliver(batch(false));
      pace.makeRoom();
      sink.deliver(batch(true));
      clock.advance(500);
    }
    expect(asked).toBe(5);
  });

  /** The next picture is too much, and then the link has carried all. */
  const missOne = (sink: InterleavedSink) => {
    pace.someRoom = false;
    sink.deliver(batch(false));
    clock.advance(900);
    pace.makeRoom();
  };

  test('one who misses a picture soon after a key frame that was made for him gets the next as soon as he may', () => {
    const sink = makeSink('keyframe');
    missOne(sink);
    expect(asked).toBe(1);
    sink.deliver(batch(true));
    missOne(sink);
    clock.advance(1099);
    expect(asked).toBe(1);
    clock.advance(1);
    expect(asked).toBe(2);
    expect(clock.pending).toBe(0);
  });

  test('nobody asks for one who has got one meanwhile, or has gone', () => {
    const sink = makeSink('keyframe');
    missOne(sink);
    sink.deliver(batch(true));
    missOne(sink);
    sink.deliver(batch(true));
    clock.advance(10_000);
    expect([asked, written.length]).toEqual([1, 2]);
    missOne(sink);
    sink.deliver(batch(true));
    missOne(sink);
    sink.drop();
    expect([asked, clock.pending]).toEqual([2, 0]);
  });

  test('a key frame that comes while there is no room is followed by another', () => {
    const sink = makeSink('keyframe');
    missOne(sink);
    pace.buffer = false;
    sink.deliver(batch(true));
    expect(written).toEqual([]);
    clock.advance(500);
    pace.makeRoom();
    expect(asked).toBe(1);
    clock.advance(1500);
    expect(asked).toBe(2);
    sink.deliver(batch(true));
    expect(written).toHaveLength(1);
  });
});
