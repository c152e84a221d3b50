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

afterEach(async () => {
  await played.stop();
  expect(played.complaints).toEqual([]);
});

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
    const other = on ? await played.watchTcp(path) : undefined;
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
    const client = await played.watchTcp('/h264');
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
    const client = await played.watchTcp('/mjpeg');
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
    if (receiver) played.receivers.push(receiver);
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
    const client = await played.watchTcp('/mjpeg');
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
  const first = await played.watchTcp('/h264');
  played.encoder.encode(true);
  await first.until(() => first.stream().count === 1, 'a picture');
  // The encoder keeps no group that grew too large.
  played.encoder.group = [];
  played.encoder.encode(false);
  played.encoder.group = [];
  const late = await played.watchTcp('/h264');
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
