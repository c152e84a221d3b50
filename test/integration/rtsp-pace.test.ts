import { afterEach, describe, expect, test } from '@jest/globals';
import { depacketizeH264 } from '../support/rtp/h264-depacketizer.ts';
import type { UdpReceiver } from '../support/rtsp-client.ts';
import { PlayedRtspServer, settle } from '../support/rtsp-server.ts';
import { eventually } from '../support/server.ts';

let played: PlayedRtspServer;
const receivers: UdpReceiver[] = [];

/** About 145 packets. */
const LARGE = 200_000;

const start = async () => {
  played = await PlayedRtspServer.start();
};
const watchUdp = async (path: string) => {
  const client = await played.connect();
  const receiver = await client.playUdp(path);
  receivers.push(receiver);
  return receiver;
};
const watchTcp = async (path: string) => {
  const client = await played.connect();
  await client.playInterleaved(path);
  return client;
};
/** Bytes of memory in buffers. */
const buffers = () => process.memoryUsage().arrayBuffers;

afterEach(async () => {
  for (const receiver of receivers.splice(0)) receiver.close();
  await played.stop();
  expect(played.complaints).toEqual([]);
});

describe('over UDP', () => {
  test('a picture of 200 kB is spread over a part of the interval', async () => {
    await start();
    const receiver = await watchUdp('/mjpeg');
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
    const first = await watchTcp('/h264');
    played.encoder.encode(true, LARGE / 2);
    for (let k = 0; k < 40; k++) played.encoder.encode(false, 10_000);
    await first.until(() => first.stream().count === 41, 'the group');
    const receiver = await watchUdp('/h264');
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
    receivers.push(receiver);
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
    const receiver = await watchUdp('/mjpeg');
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
    const slow = await watchTcp('/mjpeg');
    const ready = await watchTcp('/mjpeg');
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
    const slow = await watchTcp('/h264');
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
      const stuck = await watchTcp(path);
      const ready = await watchTcp(path);
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
    const client = await watchTcp('/mjpeg');
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
    const client = transport === 'udp' ? undefined : await watchTcp('/mjpeg');
    const receiver = client ?? (await watchUdp('/mjpeg'));
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

describe('what PLAY says', () => {
  test.each([
    ['/mjpeg', 'camera off'],
    ['/mjpeg', 'camera on'],
    ['/h264', 'encoder off'],
    ['/h264', 'encoder on'],
  ])('of the first packet of %s is so, with the %s', async (path, state) => {
    await start();
    const on = state.endsWith('on');
    const show = () => (path === '/mjpeg' ? void played.show() : played.encoder.encode(false));
    const other = on ? await watchTcp(path) : undefined;
    if (on) {
      if (path === '/h264') played.encoder.encode(true);
      show();
      await other!.until(() => other!.stream().count > 0, 'a picture');
    }
    const client = await played.connect();
    const { headers } = await client.playInterleaved(path);
    const [, seq, rtptime] = /seq=(\d+);rtptime=(\d+)$/.exec(headers['rtp-info']!)!;
    if (!on && path === '/h264') played.encoder.encode(true);
    else if (!on) played.show();
    await client.until(() => client.stream().count > 0, 'a picture');
    expect(client.stream().pictures[0]).toMatchObject({ sequence: Number(seq), timestamp: Number(rtptime) });
    // Nothing came before the answer.
    expect(client.events.findIndex((event) => event.startsWith('$'))).toBeGreaterThan(client.events.lastIndexOf('200'));
    show();
    await client.until(() => client.stream().count > 1, 'the next picture');
    expect(client.stream().missed).toBe(0);
  });

  test('a second PLAY gives where the stream goes on, and no picture twice', async () => {
    await start();
    const client = await watchTcp('/h264');
    played.encoder.encode(true);
    played.encoder.encode(false);
    await client.until(() => client.stream().count === 2, 'two pictures');
    const { headers } = await client.request('PLAY', client.url('/h264'));
    played.encoder.encode(false);
    await client.until(() => client.stream().count === 3, 'the third');
    expect(headers['rtp-info']).toContain(`seq=${client.stream().last.sequence};`);
    expect(client.stream().missed).toBe(0);
  });

  test('after PAUSE nothing comes, after PLAY the stream again', async () => {
    await start();
    const client = await watchTcp('/mjpeg');
    client.socket.pause();
    for (let k = 0; k < 60; k++) played.show(LARGE);
    client.socket.resume();
    await client.request('PAUSE', client.url('/mjpeg'));
    await settle();
    const { count } = client.stream();
    played.clock.advance(100);
    played.show();
    await client.request('OPTIONS');
    expect(client.stream().count).toBe(count);
    const { headers } = await client.request('PLAY', client.url('/mjpeg'));
    await client.until(() => client.stream().count === count + 1, 'a picture');
    expect(headers['rtp-info']).toContain(`seq=${client.stream().last.sequence};`);
  });
});

describe('after PAUSE, PLAY', () => {
  const started = (headers: Readonly<Record<string, string>>) => {
    const [, seq, rtptime] = /seq=(\d+);rtptime=(\d+)$/.exec(headers['rtp-info']!)!;
    return { sequence: Number(seq), timestamp: Number(rtptime) };
  };
  const encode = (keyframe: boolean) => {
    played.clock.advance(100);
    played.encoder.encode(keyframe);
  };
  /** Plays two pictures, pauses, and lets one more come that the client does not get. */
  const paused = async (transport: 'tcp' | 'udp') => {
    const client = await played.connect();
    const receiver = transport === 'udp' ? await client.playUdp('/h264') : undefined;
    if (receiver) receivers.push(receiver);
    else await client.playInterleaved('/h264');
    const stream = receiver?.stream ?? client.stream();
    encode(true);
    encode(false);
    await (receiver ?? client).until(() => stream.count === 2, 'two pictures');
    await client.request('PAUSE', client.url('/h264'));
    encode(false);
    return { client, stream, received: receiver ?? client };
  };
  const ticks = (later: number, earlier: number) => (later - earlier) | 0;

  test.each(['tcp', 'udp'] as const)('does not go back: over %s it waits for a key frame, and says when that was', async (transport) => {
    await start();
    const { client, stream, received } = await paused(transport);
    const had = stream.last.timestamp;
    const answer = client.request('PLAY', client.url('/h264'));
    await eventually(() => played.encoder.keyFramesAsked === 1, 'a key frame is asked for');
    encode(false);
    encode(true);
    const { headers } = await answer;
    encode(false);
    await received.until(() => stream.count === 4, 'pictures');
    const [first] = stream.pictures.slice(2);
    expect(ticks(first!.timestamp, had)).toBe(3 * 9000);
    expect(first).toMatchObject(started(headers));
    expect(depacketizeH264(first!.packets)[0]![0]! & 0x1f).toBe(5);
  });

  test('asks once for a key frame beside somebody who plays on', async () => {
    await start();
    const { client, stream } = await paused('tcp');
    const other = await played.connect();
    await other.playInterleaved('/h264');
    const before = played.encoder.keyFramesAsked;
    const answer = client.request('PLAY', client.url('/h264'));
    await eventually(() => played.encoder.keyFramesAsked > before, 'a key frame is asked for');
    played.encoder.encode(true);
    await answer;
    await client.until(() => stream.count === 3, 'a picture');
    expect(played.encoder.keyFramesAsked).toBe(before + 1);
  });

  test('begins at once with a group that began during the pause', async () => {
    await start();
    const { client, stream } = await paused('tcp');
    const had = stream.last.timestamp;
    encode(true);
    encode(false);
    const { headers } = await client.request('PLAY', client.url('/h264'));
    await client.until(() => stream.count === 4, 'pictures');
    expect(ticks(stream.pictures[2]!.timestamp, had)).toBe(2 * 9000);
    expect(stream.pictures[2]).toMatchObject(started(headers));
    expect(played.encoder.keyFramesAsked).toBe(0);
  });

  test('is answered although no key frame comes, and the pictures begin with the next one', async () => {
    await start();
    const { client, stream } = await paused('tcp');
    const had = stream.last.timestamp;
    const answer = client.request('PLAY', client.url('/h264'));
    await eventually(() => played.encoder.viewers === 1, 'pictures are waited for');
    for (let k = 0; k < 30; k++) encode(false);
    const { timestamp } = started((await answer).headers);
    encode(false);
    encode(true);
    await client.until(() => stream.count === 3, 'a picture');
    expect(depacketizeH264(stream.last.packets)[0]![0]! & 0x1f).toBe(5);
    expect(ticks(timestamp, had)).toBeGreaterThan(0);
    expect(ticks(stream.last.timestamp, timestamp)).toBeGreaterThanOrEqual(0);
  });

  test('whose client goes while it waits leaves nothing behind', async () => {
    await start();
    const { client } = await paused('tcp');
    client.post('PLAY', client.url('/h264'));
    await eventually(() => played.encoder.viewers === 1, 'pictures are waited for');
    client.vanish();
    await eventually(() => played.server.sessions === 0, 'the session is gone');
    encode(true);
    await eventually(() => played.encoder.viewers === 0, 'nobody waits');
  });

  test('takes no picture of MJPEG a second time', async () => {
    await start();
    const client = await watchTcp('/mjpeg');
    played.show();
    await client.until(() => client.stream().count === 1, 'a picture');
    const had = client.stream().last.timestamp;
    await client.request('PAUSE', client.url('/mjpeg'));
    const { headers } = await client.request('PLAY', client.url('/mjpeg'));
    expect(ticks(started(headers).timestamp, had)).toBeGreaterThan(0);
    played.clock.advance(100);
    played.show();
    await client.until(() => client.stream().count === 2, 'the next');
    expect(ticks(client.stream().last.timestamp, had)).toBe(9000);
    expect(client.stream().last.sequence).toBe(started(headers).sequence);
  });

  test('by another transport goes on where the pause was', async () => {
    await start();
    const { client, stream } = await paused('tcp');
    const had = stream.last.timestamp;
    await client.request('SETUP', client.url('/h264/trackID=0'), { Transport: 'RTP/AVP/TCP;unicast;interleaved=4-5' });
    encode(true);
    await client.request('PLAY', client.url('/h264'));
    await client.until(() => client.stream(4).count === 1, 'a picture');
    expect(ticks(client.stream(4).last.timestamp, had)).toBe(2 * 9000);
  });
});

test('a client that comes while no group is kept gets nothing that it cannot decode', async () => {
  await start();
  const first = await watchTcp('/h264');
  played.encoder.encode(true);
  await first.until(() => first.stream().count === 1, 'a picture');
  // The encoder keeps no group that grew too large.
  played.encoder.group = [];
  played.encoder.encode(false);
  played.encoder.group = [];
  const late = await watchTcp('/h264');
  played.encoder.encode(false);
  played.encoder.encode(true);
  await late.until(() => late.stream().count === 1, 'a picture');
  expect(depacketizeH264(late.stream().last.packets)[0]![0]! & 0x1f).toBe(5);
});

test('RTP-Info names no time later than a picture that was captured before the answer and comes behind it', async () => {
  await start();
  // Captured, and still to be encoded for the first client.
  played.show();
  const captured = { monotonic: played.clock.monotonic() };
  played.clock.advance(300);
  const client = await played.connect();
  const { headers } = await client.playInterleaved('/h264');
  played.encoder.encode(true, 1000, captured.monotonic);
  await client.until(() => client.stream().count === 1, 'a picture');
  const rtptime = Number(/rtptime=(\d+)$/.exec(headers['rtp-info']!)![1]);
  expect((client.stream().last.timestamp - rtptime) | 0).toBeGreaterThanOrEqual(0);
});
