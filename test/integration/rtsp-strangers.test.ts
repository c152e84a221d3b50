import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { RtspClient } from '../support/rtsp-client.ts';
import { PlayedRtspServer, settle } from '../support/rtsp-server.ts';

/** What those can do who have not logged in. */

let played: PlayedRtspServer;
beforeEach(async () => {
  played = await PlayedRtspServer.start();
});
afterEach(async () => {
  await played.stop();
});

const stranger = () => played.connect({ credentials: null });
const OPTIONS = 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n';
const SETUP = 'SETUP /mjpeg RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;unicast;client_port=40000-40001\r\n\r\n';

test.each([
  ['OPTIONS', OPTIONS],
  ['SETUP', SETUP],
])('who sends thousands of requests in one piece (%s) keeps nobody waiting until they are answered', async (_name, request) => {
  const [greedy, other] = [await stranger(), await stranger()];
  const count = Math.floor(60_000 / request.length);
  greedy.raw(request.repeat(count));
  await other.exchange('OPTIONS', '*');
  expect(greedy.replies.length).toBeLessThan(count / 2);
  await greedy.until(() => greedy.replies.length === count, 'all answers');
});

const isClosed = (client: RtspClient) => client.until(() => client.closed, 'closed');

test('a packet before the login ends the connection: there is no stream that it could be about', async () => {
  const [first, second] = [await stranger(), await stranger()];
  first.frame(1, Buffer.alloc(20));
  await isClosed(first);
  await second.exchange('OPTIONS', '*');
  second.frame(0, Buffer.alloc(0));
  await isClosed(second);
  expect(second.replies.length).toBe(1);
});

test('one after the login does not, whatever is in it', async () => {
  const client = await played.connect();
  expect((await client.request('SETUP', client.url('/mjpeg'), { Transport: 'RTP/AVP/TCP;interleaved=0-1' })).status).toBe(200);
  for (const channel of [0, 1, 200]) client.frame(channel, Buffer.alloc(1000, channel));
  await client.request('TEARDOWN', client.url('/mjpeg'));
  client.frame(1, Buffer.alloc(20));
  await settle();
  expect((await client.request('OPTIONS')).status).toBe(200);
});
