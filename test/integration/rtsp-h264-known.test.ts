import { afterEach, expect, test } from '@jest/globals';
import { H264 } from '../../src/device/stream-names.ts';
import { type H264Source, StreamCatalogue } from '../../src/device/streams.ts';
import { PlayedRtspServer, streamsOf } from '../support/rtsp-server.ts';

/** The RTSP server while it is not known whether there is H.264, and when there turns out to be none. */

const TCP = 'RTP/AVP/TCP;unicast;interleaved=0-1';
let played: PlayedRtspServer;
let h264: H264Source | 'trying' | undefined;
/** Lets those go on who wait until it is known. */
let goOn: () => void;
afterEach(() => played.stop());

const start = async () => {
  const waited = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  played = await PlayedRtspServer.start({
    streams: streamsOf(
      () => h264,
      undefined,
      () => waited,
    ),
  });
};

test.each(['DESCRIBE', 'SETUP'])('%s waits until it is known, and is answered with the stream', async (method) => {
  h264 = 'trying';
  await start();
  const client = await played.connect();
  const answer = client.request(method, client.url('/h264'), { Transport: TCP });
  await client.until(() => client.replies.length === 1, 'the question who it is');
  h264 = played.encoder;
  goOn();
  expect((await answer).status).toBe(200);
});

test.each(['DESCRIBE', 'SETUP'])(
  '%s says 503 and when to come again where that takes too long, and 404 only once there is none',
  async (method) => {
    h264 = 'trying';
    await start();
    goOn();
    const client = await played.connect();
    const ask = () => client.request(method, client.url('/h264'), { Transport: TCP });
    expect(await ask()).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    h264 = undefined;
    expect((await ask()).status).toBe(404);
  },
);

test('a stranger is asked who he is and does not wait', async () => {
  h264 = 'trying';
  await start();
  const client = await played.connect({ credentials: null });
  expect((await client.request('DESCRIBE', client.url('/h264'))).status).toBe(401);
});

test('MJPEG does not wait', async () => {
  h264 = 'trying';
  await start();
  const client = await played.connect();
  expect((await client.request('DESCRIBE', client.url('/mjpeg'))).status).toBe(200);
});

test('a stream that is gone ends for those who play it, and for nobody else', async () => {
  await start();
  h264 = played.encoder;
  const [one, other] = [await played.connect(), await played.connect()];
  await one.playInterleaved('/h264');
  await other.playInterleaved('/mjpeg');
  played.encoder.encode(true);
  await one.until(() => one.stream().count === 1, 'a picture');
  h264 = undefined;
  played.server.endStream('h264');
  await one.until(() => one.closed, 'closed');
  expect(one.stream().saidGoodbye).toBe(true);
  expect(played.encoder.viewers).toBe(0);
  played.show();
  await other.until(() => other.stream().count === 1, 'a picture');
});

test('a further stream in the catalogue is served, with times of its own', async () => {
  h264 = undefined;
  const sub = { ...H264, id: 'sub', path: '/sub', webPath: '/sub' };
  const { all } = streamsOf(() => h264);
  let source: H264Source | undefined;
  const feed = { ...sub, fps: () => 10, source: () => source, known: async () => {} };
  played = await PlayedRtspServer.start({ streams: new StreamCatalogue([feed, ...all]) });
  source = played.encoder;
  const client = await played.connect();
  await client.playInterleaved('/sub');
  played.encoder.encode(true);
  await client.until(() => client.stream().count === 1, 'a picture');
  expect((await client.request('DESCRIBE', client.url('/h264'))).status).toBe(404);
});
