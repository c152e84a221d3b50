import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { withH264 } from '../support/encoder.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { basic, PASSWORD, Server } from '../support/server.ts';

const TCP = 'RTP/AVP/TCP;unicast;interleaved=0-1';
const UDP = 'RTP/AVP;unicast;client_port=40000-40001';
const NOBODY = { credentials: null };
const WRONG = { credentials: { user: 'admin', password: 'wrong' } };

let server: Server;
let clients: RtspClient[];
const start = async (...args: string[]) => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', ...args] });
};
const connect = async (options?: Parameters<typeof RtspClient.connect>[1]) => {
  const client = await RtspClient.connect(server.rtspPort, options);
  clients.push(client);
  return client;
};

beforeEach(() => {
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.vanish();
  await server.stop();
});

describe('a client', () => {
  test('without credentials gets OPTIONS, and a challenge for all else', async () => {
    await start();
    const client = await connect(NOBODY);
    expect((await client.request('OPTIONS')).status).toBe(200);
    for (const method of ['DESCRIBE', 'SETUP', 'PLAY', 'PAUSE', 'TEARDOWN', 'GET_PARAMETER', 'SET_PARAMETER']) {
      const { status, headers } = await client.request(method, client.url('/mjpeg'), { Transport: TCP });
      expect([method, status]).toEqual([method, 401]);
      expect(headers['www-authenticate']).toMatch(/^Digest realm="onvif-camera", nonce="[^"]{16,}"/);
      expect(headers['www-authenticate']).not.toMatch(/basic/i);
    }
  });

  test('with Basic is refused, and served where the owner allows it', async () => {
    await start();
    const credentials = { user: 'admin', password: PASSWORD, scheme: 'basic' } as const;
    const refused = await connect({ credentials });
    expect((await refused.request('DESCRIBE', refused.url('/mjpeg'))).status).toBe(401);
    await server.stop();
    await start('--rtsp-basic');
    const served = await connect({ credentials });
    expect((await served.request('DESCRIBE', served.url('/mjpeg'))).status).toBe(200);
    expect((await (await connect()).request('DESCRIBE', served.url('/mjpeg'))).status).toBe(200);
    const challenge = (await (await connect(NOBODY)).request('DESCRIBE', served.url('/mjpeg'))).headers['www-authenticate'];
    expect(challenge).toMatch(/^Digest [^\n]*\nBasic realm/);
  });

  test('who guesses slows the page down for his address, and the other way round', async () => {
    await start();
    let guesser!: RtspClient;
    for (let k = 0; k < 7; k++) {
      guesser = await connect(WRONG);
      expect((await guesser.request('DESCRIBE', guesser.url('/mjpeg'))).status).toBe(401);
    }
    // As many as may wait for their turn, and a few more.
    const hangUp = new AbortController();
    const attempts = Array.from({ length: 68 }, async () => {
      const headers = { Authorization: basic('admin', 'wrong') };
      const { status } = await fetch(`${server.url}/api/status`, { headers, signal: hangUp.signal });
      if (status !== 429) throw new Error(`answered ${status}`);
    });
    await Promise.any(attempts);
    // The same for RTSP: the failures of the page count there.
    expect((await guesser.request('DESCRIBE', guesser.url('/mjpeg'))).status).toBe(503);
    await guesser.until(() => guesser.closed, 'closed');
    hangUp.abort();
    await Promise.allSettled(attempts);
    const owner = await connect();
    expect((await owner.request('DESCRIBE', owner.url('/mjpeg'))).status).toBe(200);
  }, 30_000);

  test('who pipelines guesses gets them one by one', async () => {
    await start();
    const guesser = await connect(NOBODY);
    const authorization = basic('admin', 'wrong').replace(
      'Basic',
      'Digest username="admin", realm="onvif-camera", nonce="x", uri="/", response="00000000000000000000000000000000", x=',
    );
    const began = Date.now();
    for (let k = 0; k < 9; k++) guesser.post('DESCRIBE', guesser.url('/mjpeg'), { Authorization: authorization });
    await guesser.until(() => guesser.replies.length === 9, 'all answers', 20);
    expect(guesser.replies.every(({ status }) => status === 401)).toBe(true);
    expect(Date.now() - began).toBeGreaterThan(1000);
  }, 30_000);
});

describe('what cannot be done', () => {
  const cases: [status: number, what: string, (client: RtspClient) => Promise<{ status: number }>][] = [
    [404, 'another stream', (c) => c.request('DESCRIBE', c.url('/other'))],
    [404, 'another track', (c) => c.request('SETUP', c.url('/mjpeg/trackID=9'), { Transport: TCP })],
    [404, 'H.264 where nothing encodes it', (c) => c.request('DESCRIBE', c.url('/h264'))],
    [405, 'to record', (c) => c.request('RECORD', c.url('/mjpeg'))],
    [405, 'to announce', (c) => c.request('ANNOUNCE', c.url('/mjpeg'), {}, 'v=0\r\n')],
    [406, 'another description', (c) => c.request('DESCRIBE', c.url('/mjpeg'), { Accept: 'text/html' })],
    [451, 'to ask a parameter', (c) => c.request('GET_PARAMETER', c.url('/mjpeg'), {}, 'packets_received\r\n')],
    [451, 'to set one', (c) => c.request('SET_PARAMETER', c.url('/mjpeg'), {}, 'fps: 3\r\n')],
    [454, 'to play what is not set up', (c) => c.request('PLAY', c.url('/mjpeg'))],
    [454, 'a session of nobody', (c) => c.request('PAUSE', c.url('/mjpeg'), { Session: '0123456789abcdef' })],
    [454, 'to set up within it', (c) => c.request('SETUP', c.url('/mjpeg'), { Session: '0123456789abcdef', Transport: TCP })],
    [461, 'no transport', (c) => c.request('SETUP', c.url('/mjpeg'))],
    [461, 'another transport', (c) => c.request('SETUP', c.url('/mjpeg'), { Transport: 'RAW/RAW/UDP;unicast, RTP/SAVP;unicast' })],
    [461, 'to publish', (c) => c.request('SETUP', c.url('/mjpeg'), { Transport: `${TCP};mode=RECORD` })],
    [461, 'to send to others', (c) => c.request('SETUP', c.url('/mjpeg'), { Transport: `${UDP};destination=127.0.0.9` })],
    [461, 'multicast that is off', (c) => c.request('SETUP', c.url('/mjpeg'), { Transport: 'RTP/AVP;multicast' })],
    [501, 'another method', (c) => c.request('FLY', c.url('/mjpeg'))],
    [551, 'an extension', (c) => c.request('DESCRIBE', c.url('/mjpeg'), { Require: 'onvif-replay' })],
  ];

  test('is told by its status', async () => {
    await start();
    for (const [status, what, ask] of cases) {
      const client = await connect();
      expect([what, (await ask(client)).status]).toEqual([what, status]);
      expect((await client.request('OPTIONS')).status).toBe(200);
    }
    const client = await connect();
    client.raw('OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\nOPTIONS * RTSP/1.0\r\n\r\n');
    await client.until(() => client.replies.length === 2, 'the answers');
    expect(client.replies.map(({ status }) => status)).toEqual([505, 400]);
  });

  test('in a session: setting up while it plays, another stream, a range, channels in use, the session of another', async () => {
    await start();
    const client = await connect();
    const url = client.url('/mjpeg');
    await client.request('SETUP', url, { Transport: TCP });
    expect((await client.request('PLAY', url, { Range: 'yesterday' })).status).toBe(457);
    expect((await client.request('PLAY', url)).status).toBe(200);
    expect((await client.request('SETUP', url, { Transport: TCP })).status).toBe(455);
    const { session } = client;
    client.session = undefined;
    expect((await client.request('SETUP', url, { Transport: 'RTP/AVP/TCP;interleaved=1-2' })).status).toBe(461);
    const other = await connect();
    expect((await other.request('TEARDOWN', url, { Session: session! })).status).toBe(454);
    const { count } = client.stream();
    await client.until(() => client.stream().count > count, 'it plays on');
  });

  test.each([
    [400, 'hello\r\n\r\n'],
    [400, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    [400, `OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n${'x: 1\r\n'.repeat(101)}\r\n`],
    [413, 'SET_PARAMETER * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 65537\r\n\r\n'],
    [414, `OPTIONS /${'x'.repeat(8192)} RTSP/1.0\r\nCSeq: 1\r\n\r\n`],
  ])('%d ends the connection', async (status, text) => {
    await start();
    const client = await connect();
    client.raw(text);
    await client.until(() => client.closed, 'closed');
    expect(client.replies.map((reply) => reply.status)).toEqual([status]);
  });

  test('453: more sessions than there may be, on one connection or in all; those that are there play', async () => {
    await start();
    const set = async (client: RtspClient, channel: number) => {
      client.session = undefined;
      return (await client.request('SETUP', client.url('/mjpeg'), { Transport: `RTP/AVP/TCP;interleaved=${channel}-${channel + 1}` }))
        .status;
    };
    for (let k = 0; k < 25; k++) {
      const client = await connect();
      for (let session = 0; session < 4; session++) expect(await set(client, 2 * session)).toBe(200);
      if (k === 0) expect(await set(client, 8)).toBe(453);
    }
    const late = await connect();
    expect(await set(late, 0)).toBe(453);
    clients[0]!.vanish();
    let status = 453;
    while (status === 453) status = await set(late, 0);
    expect(status).toBe(200);
    await late.request('PLAY', late.url('/mjpeg'));
    await late.until(() => late.stream().count > 0, 'a picture');
  });
});

test('503 when the camera has failed, and pictures when it is back', async () => {
  const stage = new Stage({ busy: true });
  try {
    server = await Server.start({ args: ['--source', 'rpicam', '--rpicam-path', STANDIN, ...withH264(stage.dir)], env: stage.env });
    await server.status((status) => JSON.stringify(status).includes('/h264'));
    const client = await connect();
    await client.playInterleaved('/mjpeg');
    await server.status(({ camera }) => camera === 'failed');
    const other = await connect();
    for (const path of ['/mjpeg', '/h264']) {
      const { status, headers } = await other.request('DESCRIBE', other.url(path));
      expect([path, status, headers['retry-after']]).toEqual([path, 503, '5']);
    }
    stage.play({});
    await client.until(() => client.stream().count > 0, 'pictures', 20);
    expect((await other.request('DESCRIBE', other.url('/mjpeg'))).status).toBe(200);
  } finally {
    stage.remove();
  }
}, 40_000);
