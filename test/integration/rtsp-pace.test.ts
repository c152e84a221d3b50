import { afterEach, describe, expect, test } from '@jest/globals';
import { depacketizeH264 } from '../support/rtp/h264-depacketizer.ts';
import { PlayedRtspServer, settle } from '../support/rtsp-server.ts';
import { eventually } from '../support/server.ts';

let played: PlayedRtspServer;

/** About 145 packets. */
const LARGE = 200_000;

const start = async () => {
  played = await PlayedRtspServer.start();
};
/** Bytes of memory in buffers. */
const buffers = () => process.memoryUsage().arrayBuffers;

afterEach(async () => {
  await played.stop();
  expect(played.complaints).toEqual([]);
});

describe('over UDP', () => {
  test('a picture of 200 kB is spread over a part of the interval', async () => {
    await start();
    const receiver = await played.watchUdp('/mjpeg');
    played.show();
    await receiver.until(() => receiver.stream.count === 1, 'the first picture');
    const before = played.server.counters.packetsSent;
    const sent = () => played.server.counters.packetsSent - before;
    played.clock.advance(100);
    played.show(LARGE);
    let most = sent();
    for (let tick = 0, last = sent(); tick < 25; tick++, last = sent()) {
      played.clock.advance(2);
      most = Math.max(most, sent() - last);
      if (tick === 9) expect(receiver.stream.count).toBe(1);
    }
    await receiver.until(() => receiver.stream.count === 2, 'the picture');
    expect(sent()).toBeGreaterThan(140);
    // A fifth of what the usual socket buffer holds.
    expect(most).toBeLessThanOrEqual(16);
  });

  test('a late client of H.264 gets the running group, not all of it at once', async () => {
    await start();
    const first = await played.watchTcp('/h264');
    played.encoder.encode(true, LARGE / 2);
    for (let k = 0; k < 40; k++) played.encoder.encode(false, 10_000);
    await first.until(() => first.stream().count === 41, 'the group');
    const receiver = await played.watchUdp('/h264');
    await settle();
    expect(receiver.stream.order.filter((kind) => kind === 'rtp').length).toBeLessThan(20);
    let most = 0;
    for (let last = played.server.counters.packetsSent; receiver.stream.count < 41; ) {
      played.clock.advance(2);
      await settle();
      most = Math.max(most, played.server.counters.packetsSent - last);
      last = played.server.counters.packetsSent;
    }
    expect(most).toBeLessThan(20);
    expect(receiver.stream).toMatchObject({ missed: 0, torn: 0, strange: 0 });
    expect(depacketizeH264(receiver.stream.pictures[0]!.packets).at(-1)![0]! & 0x1f).toBe(5);
    // What comes next follows without a gap.
    played.encoder.encode(false);
    played.clock.advance(2);
    await receiver.until(() => receiver.stream.count === 42, 'the next one');
    expect(receiver.stream.missed).toBe(0);
  });

  test('a session that ends while its packets wait leaves no timer behind', async () => {
    await start();
    const client = await played.connect();
    const receiver = await client.playUdp('/mjpeg');
    played.receivers.push(receiver);
    played.show(LARGE);
    expect(played.clock.pending).toBe(3);
    await client.request('TEARDOWN', client.url('/mjpeg'));
    played.clock.advance(2);
    // The sweep, and the camera's rest.
    expect(played.clock.pending).toBe(2);
  });

  test('a client that has closed its ports does no harm', async () => {
    await start();
    const gone = await played.connect();
    (await gone.playUdp('/mjpeg')).close();
    const receiver = await played.watchUdp('/mjpeg');
    for (let k = 1; k <= 20; k++) {
      played.show();
      played.clock.advance(100);
      await receiver.until(() => receiver.stream.count >= k, 'the next picture');
    }
    expect(played.server.sessions).toBe(2);
    expect(receiver.stream).toMatchObject({ missed: 0, torn: 0 });
  });
});

describe('in the connection', () => {
  test('who reads slowly misses whole pictures and gets the others whole', async () => {
    await start();
    const slow = await played.watchTcp('/mjpeg');
    const ready = await played.watchTcp('/mjpeg');
    slow.socket.pause();
    for (let k = 1; k <= 100; k++) {
      played.show(LARGE);
      played.clock.advance(100);
      await ready.until(() => ready.stream().count === k, 'the picture');
      // Now and then he takes a little.
      if (k === 60) slow.socket.resume();
      else slow.socket.pause();
    }
    slow.socket.resume();
    played.show();
    await ready.until(() => ready.stream().count === 101, 'the last one');
    const { timestamp } = ready.stream().last;
    await slow.until(() => slow.stream().last?.timestamp === timestamp, 'the last one');
    expect(slow.stream()).toMatchObject({ torn: 0, strange: 0 });
    expect(slow.stream().missed).toBeGreaterThan(0);
    expect(slow.stream().count).toBeLessThan(101);
    expect(played.server.counters.framesSkipped).toBe(101 - slow.stream().count);
    expect(ready.stream()).toMatchObject({ torn: 0, missed: 0 });
  });

  test('who reads no H.264 for a while goes on with a key frame, which is asked for', async () => {
    await start();
    const slow = await played.watchTcp('/h264');
    slow.socket.pause();
    played.encoder.encode(true, LARGE);
    for (let k = 0; k < 80; k++) {
      played.encoder.encode(false, LARGE);
      await settle();
    }
    expect(played.server.counters.framesSkipped).toBeGreaterThan(0);
    expect(played.encoder.keyFramesAsked).toBe(0);
    slow.socket.resume();
    await eventually(() => played.encoder.keyFramesAsked === 1, 'a key frame is asked for');
    const whole = 81 - played.server.counters.framesSkipped;
    await slow.until(() => slow.stream().count === whole, 'what was sent');
    played.encoder.encode(false);
    played.encoder.encode(true);
    played.encoder.encode(false);
    await slow.until(() => slow.stream().count === whole + 2, 'the next two');
    expect(depacketizeH264(slow.stream().pictures.at(-2)!.packets)[0]![0]! & 0x1f).toBe(5);
    expect(slow.stream()).toMatchObject({ torn: 0, strange: 0 });
  });

  test.each(['/mjpeg', '/h264'])(
    'who stops reading %s is dropped after 30 s, costs little memory, and others keep their rate',
    async (path) => {
      await start();
      const stuck = await played.watchTcp(path);
      const ready = await played.watchTcp(path);
      stuck.socket.pause();
      const show = () => (path === '/mjpeg' ? void played.show(LARGE) : played.encoder.encode(true, LARGE));
      const before = buffers();
      let most = 0;
      for (let k = 1; k <= 290; k++) {
        show();
        played.clock.advance(100);
        await ready.until(() => ready.stream().count === k, 'the picture');
        most = Math.max(most, buffers() - before);
      }
      expect(played.server.sessions).toBe(2);
      for (let k = 0; k < 40; k++) {
        show();
        await settle();
        played.clock.advance(100);
      }
      await eventually(() => played.server.sessions === 1, 'the one that is stuck is dropped');
      expect(played.server.counters.sessionsDropped).toBe(1);
      await ready.until(() => ready.stream().count === 330, 'all pictures');
      expect(ready.stream()).toMatchObject({ missed: 0, torn: 0 });
      // Pictures kept by the test's own clients included: 64 of them.
      expect(most).toBeLessThan(100e6);
    },
  );

  test('who leaves while pictures wait for him leaves nothing behind', async () => {
    await start();
    const client = await played.watchTcp('/mjpeg');
    client.socket.pause();
    for (let k = 0; k < 30; k++) played.show(LARGE);
    client.vanish();
    await eventually(() => played.server.sessions === 0, 'the session is gone');
    for (let k = 0; k < 3; k++) played.show(LARGE);
    await settle();
    played.clock.advance(5000);
    expect(played.demand).toEqual(['start', 'stop']);
  });
});

test.each(['udp', 'tcp'] as const)(
  'pictures that come in one turn, since the program was held up, are not skipped over %s',
  async (transport) => {
    await start();
    const client = transport === 'udp' ? undefined : await played.watchTcp('/mjpeg');
    const receiver = client ?? (await played.watchUdp('/mjpeg'));
    const { stream } = 'port' in receiver ? receiver : { stream: receiver.stream() };
    for (let round = 1; round <= 5; round++) {
      for (let k = 0; k < 4; k++) played.show(15_000);
      for (let tick = 0; tick < 40; tick++) played.clock.advance(2);
      await receiver.until(() => stream.count === 4 * round, 'all four');
    }
    expect(stream).toMatchObject({ missed: 0, torn: 0 });
    expect(played.server.counters.framesSkipped).toBe(0);
  },
);
