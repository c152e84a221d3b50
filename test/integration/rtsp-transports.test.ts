import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { receiverReport } from '../support/rtp/received.ts';
import { RtspClient, UdpReceiver } from '../support/rtsp-client.ts';
import { eventually, Server } from '../support/server.ts';

let server: Server;
let clients: RtspClient[];
const connect = async () => {
  const client = await RtspClient.connect(server.rtspPort);
  clients.push(client);
  return client;
};
const tunnel = async (options: Parameters<typeof RtspClient.tunnel>[1] = {}, port = server.port) => {
  const client = await RtspClient.tunnel(port, options);
  clients.push(client);
  return client;
};
const metric = async (name: string) => {
  const text = await (await server.fetch('/metrics')).text();
  return Number(new RegExp(`^onvif_camera_${name}(?:_total)? (\\d+)`, 'm').exec(text)![1]);
};

beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'] });
});
afterAll(async () => {
  await server.stop();
});
beforeEach(() => {
  clients = [];
});
afterEach(() => {
  for (const client of clients) client.vanish();
});

describe('over UDP', () => {
  test('packets come from a pair of ports that the answer names, with the SSRC that it names', async () => {
    const client = await connect();
    const receiver = await UdpReceiver.open();
    const from = new Set<string>();
    receiver.rtp.on('message', (_bytes, { address, port }) => from.add(`${address}:${port}`));
    receiver.rtcp.on('message', (_bytes, { address, port }) => from.add(`${address}:${port - 1}`));
    const setUp = await client.request('SETUP', client.url('/mjpeg/trackID=0'), {
      Transport: `RTP/AVP/UDP;unicast;client_port=${receiver.port}-${receiver.port + 1};mode="PLAY"`,
    });
    const [, source, clientPort, serverPort, ssrc] =
      /^RTP\/AVP;unicast;source=([\d.]+);client_port=(\d+)-\d+;server_port=(\d+)-\d+;ssrc=([\dA-F]{8});mode="PLAY"$/.exec(
        setUp.headers.transport!,
      )!;
    expect(Number(clientPort)).toBe(receiver.port);
    expect(Number(serverPort) % 2).toBe(0);
    await client.request('PLAY', client.url('/mjpeg'));
    await receiver.until(() => receiver.stream.count >= 3, 'three pictures');
    await client.request('TEARDOWN', client.url('/mjpeg'));
    await receiver.until(() => receiver.stream.saidGoodbye, 'goodbye');
    expect([...from]).toEqual([`${source}:${serverPort}`]);
    expect(receiver.stream.senderReports[0]!.ssrc).toBe(Number.parseInt(ssrc!, 16));
    expect(receiver.stream).toMatchObject({ missed: 0, torn: 0, strange: 0 });
    receiver.close();
  });

  test('reports from another address or port count for nothing', async () => {
    const client = await connect();
    const receiver = await client.playUdp('/mjpeg');
    await receiver.until(() => receiver.stream.senderReports.length > 0, 'a report');
    const { ssrc } = receiver.stream.senderReports[0]!;
    const before = await metric('rtsp_packets_lost');
    const stranger = createSocket('udp4');
    for (const address of ['127.0.0.1', '127.0.0.2']) {
      const other = address === '127.0.0.1' ? stranger : createSocket('udp4').bind({ address, port: receiver.port + 1 });
      await new Promise<void>((resolve) => other.send(receiverReport(ssrc, 1000), receiver.serverPort + 1, '127.0.0.1', () => resolve()));
      other.close();
    }
    receiver.report(receiverReport(ssrc, 5));
    await eventually(async () => (await metric('rtsp_packets_lost')) > before, 'the loss is counted');
    expect(await metric('rtsp_packets_lost')).toBe(before + 5);
    receiver.close();
  });

  test.each([
    ['a port of the system', 'client_port=1022-1023'],
    ['the DNS server', 'client_port=53-54'],
    ['RTCP to a port of the system', 'client_port=5000-123'],
    ['SSDP', 'client_port=1900-1901'],
    ["the camera's own WS-Discovery", 'client_port=3702-3703'],
    ["the camera's own mDNS", 'client_port=5352-5353'],
    ['another machine', 'destination=127.0.0.2;client_port=40000-40001'],
    ['a multicast group', 'destination=239.1.2.3;client_port=40000-40001'],
    ['everybody', 'destination=255.255.255.255;client_port=40000-40001'],
  ])('nothing is sent to %s (%s)', async (_what, parameters) => {
    const client = await connect();
    const reply = await client.request('SETUP', client.url('/mjpeg'), { Transport: `RTP/AVP;unicast;${parameters}` });
    expect(reply.status).toBe(461);
    expect(reply.headers).not.toHaveProperty('transport');
  });

  test('the session ends with the connection', async () => {
    const client = await connect();
    const receiver = await client.playUdp('/mjpeg');
    await receiver.until(() => receiver.stream.count > 0, 'a picture');
    client.vanish();
    await receiver.until(() => receiver.stream.saidGoodbye, 'goodbye');
    receiver.close();
  });
});

describe('in the connection', () => {
  test.each([
    ['interleaved=0-1', 0],
    ['interleaved=254-255', 254],
    ['unicast', 0],
  ])('with %s', async (parameter, channel) => {
    const client = await connect();
    const { headers } = await client.request('SETUP', client.url('/mjpeg'), { Transport: `RTP/AVP/TCP;${parameter}` });
    expect(headers.transport).toContain(`interleaved=${channel}-${channel + 1};`);
    await client.request('PLAY', client.url('/mjpeg'));
    await client.until(() => client.stream(channel).count > 2, 'pictures');
    expect([...client.streams.keys()]).toEqual([channel]);
    expect(client.stream(channel)).toMatchObject({ missed: 0, torn: 0, strange: 0 });
  });

  test('the first offer that can be had is taken', async () => {
    const client = await connect();
    const { headers } = await client.request('SETUP', client.url('/mjpeg'), {
      Transport:
        'RTP/SAVP;unicast;client_port=5000-5001, RTP/AVP;multicast, RTP/AVP/TCP;interleaved=2-3, RTP/AVP;unicast;client_port=5000-5001',
    });
    expect(headers.transport).toContain('interleaved=2-3');
  });
});

describe.each(['web', 'RTSP'])('through HTTP, on the %s port', (name) => {
  const port = () => (name === 'web' ? server.port : server.rtspPort);

  test.each(['get', 'post'] as const)('with the %s first', async (order) => {
    const client = await tunnel({ order }, port());
    if (order === 'get') client.sendPost();
    else client.sendGet();
    await client.until(() => client.head.endsWith('\r\n\r\n'), 'the head');
    expect(client.head).toMatch(/^HTTP\/1\.0 200 OK\r\n[\s\S]*Content-Type: application\/x-rtsp-tunnelled\r\n/);
    expect((await client.request('DESCRIBE', client.url('/stream.mjpg'))).status).toBe(200);
    await client.playInterleaved('/stream.mjpg');
    await client.until(() => client.stream().count > 2, 'pictures');
    expect(client.stream()).toMatchObject({ missed: 0, torn: 0, strange: 0 });
    // More than the POST says it would be.
    for (let k = 0; k < 400; k++) client.post('OPTIONS', client.url(`/${'x'.repeat(60)}`));
    await client.until(() => client.replies.length > 403, 'all answers');
    await client.request('TEARDOWN', client.url('/stream.mjpg'));
    expect(client.stream().saidGoodbye).toBe(true);
  });

  test('a new POST goes on where the last one ended', async () => {
    const client = await tunnel({}, port());
    client.sendPost();
    await client.playInterleaved('/mjpeg');
    for (let k = 0; k < 5; k++) {
      await client.renewPost();
      expect((await client.request('GET_PARAMETER', client.url('/mjpeg'))).status).toBe(200);
    }
    const { count } = client.stream();
    await client.until(() => client.stream().count > count, 'it plays on');
  });

  test('what is no base64 ends it', async () => {
    const client = await tunnel({}, port());
    client.sendPost();
    client.input.write('T1BUSU9OUw!!');
    await client.until(() => client.closed, 'closed');
  });

  test('the end of the GET is the end of it', async () => {
    const client = await tunnel({}, port());
    client.sendPost();
    await client.playInterleaved('/mjpeg');
    const closed = once(client.input, 'close');
    client.get.end();
    client.input.resume();
    await closed;
    await eventually(async () => (await metric('rtsp_sessions')) === 0, 'the session is gone');
  });

  test('a half alone is closed in the end', async () => {
    const lone = [await tunnel({ order: 'get' }, port()), await tunnel({ order: 'post' }, port())];
    lone[1]!.input.resume();
    const closed = [once(lone[0]!.get, 'close'), once(lone[1]!.input, 'close')];
    await Promise.all(closed);
  }, 30_000);

  test('POSTs without end are not collected', async () => {
    const client = await tunnel({}, port());
    client.sendPost();
    await client.request('OPTIONS');
    const posts = Array.from({ length: 20 }, () => connectTcp(port(), '127.0.0.1'));
    let closed = 0;
    for (const post of posts) {
      post.on('error', () => {}).on('close', () => closed++);
      post.resume();
      post.write(`POST /mjpeg HTTP/1.0\r\nx-sessioncookie: ${client.cookie}\r\n\r\n`);
    }
    await eventually(() => closed >= 18, 'the older ones are closed');
    for (const post of posts) post.destroy();
  });
});
