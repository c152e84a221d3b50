import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withH264 } from '../support/encoder.ts';
import { depacketizeH264 } from '../support/rtp/h264-depacketizer.ts';
import { depacketizeJpeg } from '../support/rtp/jpeg-depacketizer.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { Server } from '../support/server.ts';

let server: Server;
let dir: string;
const connect = (options?: Parameters<typeof RtspClient.connect>[1]) => RtspClient.connect(server.rtspPort, options);
const TCP = 'RTP/AVP/TCP;unicast;interleaved=0-1';

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rtsp-requests-'));
  server = await Server.start({
    args: ['--source', 'test', '--width', '320', '--height', '240', ...withH264(dir), '--name', 'Door & gate'],
  });
  await server.status((status) => JSON.stringify(status).includes('/h264'));
});
afterAll(async () => {
  await server.stop();
  rmSync(dir, { recursive: true });
});

describe('a conversation', () => {
  test.each([
    ['/mjpeg', /^m=video 0 RTP\/AVP 26\r\n/m, (packets: readonly Buffer[]) => depacketizeJpeg(packets).width === 320],
    [
      '/h264',
      /^a=rtpmap:96 H264\/90000\r\n/m,
      (packets: readonly Buffer[]) => depacketizeH264(packets).some((nal) => (nal[0]! & 0x1f) === 5),
    ],
  ])('from OPTIONS to TEARDOWN, for %s', async (path, sdp, whole) => {
    const client = await connect();
    const url = client.url(path);
    const options = await client.request('OPTIONS', url);
    expect(options.headers.public).toBe('OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER');

    const described = await client.request('DESCRIBE', url, { Accept: 'application/sdp' });
    expect(described).toMatchObject({ status: 200, headers: { 'content-type': 'application/sdp', 'content-base': `${url}/` } });
    expect(described.body).toMatch(sdp);
    expect(described.body).toContain('s=Door & gate\r\n');
    const control = /^m=video[\s\S]*?^a=control:(trackID=\d+)\r\n/m.exec(described.body)![1]!;

    const setUp = await client.request('SETUP', `${described.headers['content-base']}${control}`, { Transport: TCP });
    expect(setUp.headers.session).toMatch(/^[\da-f]{16};timeout=60$/);
    expect(setUp.headers.transport).toMatch(/^RTP\/AVP\/TCP;unicast;interleaved=0-1;ssrc=[\dA-F]{8};mode="PLAY"$/);

    const play = await client.request('PLAY', `${url}/`, { Range: 'npt=0.000-' });
    expect(play.headers).toMatchObject({ session: setUp.headers.session, range: 'npt=now-' });
    const [, infoUrl, seq, rtptime] = /^url=(.*);seq=(\d+);rtptime=(\d+)$/.exec(play.headers['rtp-info']!)!;
    expect(infoUrl).toBe(`${url}/trackID=0`);
    await client.until(() => client.stream().count >= 3, 'three pictures');
    const [first] = client.stream().pictures;
    expect(first!.sequence).toBe(Number(seq));
    // The camera starts after the answer; with a picture at hand it is the picture's own time.
    expect((first!.timestamp - Number(rtptime)) | 0).toBeGreaterThanOrEqual(0);
    expect(whole(first!.packets)).toBe(true);
    expect(client.stream()).toMatchObject({ missed: 0, torn: 0, strange: 0 });
    const ssrc = Number.parseInt(/ssrc=([\dA-F]{8})/.exec(setUp.headers.transport!)![1]!, 16);
    expect(client.stream().senderReports[0]!.ssrc).toBe(ssrc);

    expect(await client.request('GET_PARAMETER', url)).toMatchObject({ status: 200, headers: { session: setUp.headers.session } });
    expect((await client.request('PAUSE', url)).status).toBe(200);
    const { count } = client.stream();
    expect((await client.request('SET_PARAMETER', url)).status).toBe(200);
    expect(client.stream().count).toBe(count);
    expect((await client.request('PLAY', url)).status).toBe(200);
    await client.until(() => client.stream().count > count, 'a picture');
    expect((await client.request('TEARDOWN', url)).status).toBe(200);
    expect(client.stream().saidGoodbye).toBe(true);
    expect((await client.request('PLAY', url)).status).toBe(454);
    client.vanish();
  });

  test('each stream keeps its own session on one connection', async () => {
    const client = await connect();
    const sessions: string[] = [];
    for (const [channel, path] of [
      [0, '/mjpeg'],
      [2, '/h264'],
    ] as const) {
      client.session = undefined;
      await client.playInterleaved(path, channel);
      sessions.push(client.session!);
    }
    await client.until(() => client.stream(0).count > 1 && client.stream(2).count > 1, 'both');
    await client.request('TEARDOWN', client.url('/mjpeg'), { Session: sessions[0]! });
    const { count } = client.stream(2);
    await client.until(() => client.stream(2).count > count, 'the other goes on');
    expect(client.stream(2)).toMatchObject({ missed: 0, torn: 0 });
    client.vanish();
  });

  test('a session takes no second stream: 459, and it plays what it has', async () => {
    const client = await connect();
    await client.request('SETUP', client.url('/mjpeg'), { Transport: 'RTP/AVP/TCP;interleaved=0-1' });
    const refused = await client.request('SETUP', client.url('/h264'), { Transport: 'RTP/AVP/TCP;interleaved=2-3' });
    expect(refused.status).toBe(459);
    await client.request('PLAY', client.url('/mjpeg'));
    await client.until(() => client.stream(0).count > 1, 'pictures');
    client.vanish();
  });
});

describe('requests', () => {
  test('that come in one piece are answered in their order, CSeq by CSeq', async () => {
    const client = await connect();
    await client.request('DESCRIBE', client.url('/mjpeg'));
    const cseqs = ['OPTIONS', 'GET_PARAMETER', 'DESCRIBE', 'FLY', 'OPTIONS'].map((method) => client.post(method, client.url('/h264')));
    await client.until(() => client.replies.length === 7, 'all answers');
    expect(client.replies.slice(2).map(({ status, headers }) => [Number(headers.cseq), status])).toEqual([
      [cseqs[0], 200],
      [cseqs[1], 200],
      [cseqs[2], 200],
      [cseqs[3], 501],
      [cseqs[4], 200],
    ]);
    client.vanish();
  });

  test('whose end cannot be read are answered behind those before them, and the connection ends', async () => {
    const client = await connect();
    client.post('DESCRIBE', client.url('/h264'));
    client.post('OPTIONS', '*');
    client.raw('\x02\r\n\r\n');
    await client.until(() => client.closed, 'closed');
    expect(client.replies.map(({ status }) => status)).toEqual([401, 200, 400]);
  });

  test('that come byte by byte are understood', async () => {
    const client = await connect();
    const text = 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nabc';
    for (const byte of text) {
      client.raw(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until(() => client.replies.length === 1, 'the answer');
    expect(client.replies[0]).toMatchObject({ status: 200, headers: { cseq: '1' } });
    client.vanish();
  });

  test('name streams as clients do', async () => {
    const client = await connect();
    for (const path of ['/mjpeg', '/mjpeg/', '//mjpeg', '/mjpeg?profile=1', '/stream.mjpg', '/%6djpeg'])
      expect([path, (await client.request('DESCRIBE', client.url(path))).status]).toEqual([path, 200]);
    const withCredentials = `rtsp://admin:secret@127.0.0.1:${server.rtspPort}/mjpeg`;
    expect((await client.request('DESCRIBE', withCredentials)).headers['content-base']).toBe(client.url('/mjpeg/'));
    client.vanish();
  });
});

describe('a second SETUP of a session', () => {
  test('changes its transport', async () => {
    const client = await connect();
    const url = client.url('/mjpeg/trackID=0');
    await client.request('SETUP', url, { Transport: TCP });
    const { session } = client;
    const again = await client.request('SETUP', url, { Transport: 'RTP/AVP/TCP;unicast;interleaved=6-7' });
    expect(again.headers.session).toBe(`${session};timeout=60`);
    await client.request('PLAY', client.url('/mjpeg'));
    await client.until(() => client.stream(6).count > 0, 'a picture');
    expect(client.streams.has(0)).toBe(false);
    client.vanish();
  });

  test('that cannot be had leaves it as it was', async () => {
    const client = await connect();
    const url = client.url('/mjpeg/trackID=0');
    await client.request('SETUP', url, { Transport: TCP });
    expect((await client.request('SETUP', url, { Transport: 'RAW/RAW/UDP' })).status).toBe(461);
    expect((await client.request('PLAY', client.url('/mjpeg'))).status).toBe(200);
    await client.until(() => client.stream().count > 0, 'a picture');
    client.vanish();
  });
});
