import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { descriptorsOf, memoryOf } from '../support/process.ts';
import { recording } from '../support/rtsp.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { eventually, Server } from '../support/server.ts';

let server: Server;
let good: RtspClient;
/** Descriptors while nobody but the good client is there. */
let descriptors: number;

const socketTo = (port = server.rtspPort, from = '127.0.0.1'): Socket => {
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress: from });
  socket.on('error', () => {});
  return socket;
};
/** Numbers below `below`, the same ones at each run (Numerical Recipes' generator). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240', '--auth', 'off'] });
  good = await RtspClient.connect(server.rtspPort, { credentials: null });
  await good.playInterleaved('/mjpeg');
  await good.until(() => good.stream().count > 5, 'pictures');
  // The first storm warms everything up.
  const sockets = Array.from({ length: 100 }, () => socketTo());
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const socket of sockets) socket.destroy();
  await eventually(() => descriptorsOf(server.pid) < 60, 'the descriptors are back');
  descriptors = descriptorsOf(server.pid);
});
afterAll(async () => {
  good.vanish();
  await server.stop();
});
/** A good client is served all the while, and nothing is left. */
afterEach(async () => {
  const { count } = good.stream();
  await good.until(() => good.stream().count > count + 2, 'pictures for the good client');
  expect(good.stream()).toMatchObject({ torn: 0, strange: 0 });
  const another = await RtspClient.connect(server.rtspPort, { credentials: null });
  expect((await another.request('DESCRIBE', another.url('/mjpeg'))).status).toBe(200);
  another.vanish();
  await eventually(() => descriptorsOf(server.pid) <= descriptors, 'the descriptors are back', 20);
  expect(server.stderr).not.toMatch(/"error"|ERROR|TypeError|RangeError/);
});

describe('strangers', () => {
  test('100 connections that are half open: others get in', async () => {
    const sockets = Array.from({ length: 100 }, () => socketTo());
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    for (const [k, socket] of sockets.entries()) socket.write('OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n'.slice(0, k));
    const client = await RtspClient.connect(server.rtspPort, { credentials: null });
    await client.playInterleaved('/mjpeg');
    await client.until(() => client.stream().count > 3, 'pictures');
    client.vanish();
    for (const socket of sockets) socket.destroy();
  });

  test.each([
    ['that say nothing', ''],
    ['that have begun', 'OPTIONS * RTSP/1.0\r\n'],
  ])('connections beyond the limit, %s: the oldest go', async (_what, text) => {
    const sockets = Array.from({ length: 450 }, () => socketTo());
    let closed = 0;
    for (const socket of sockets) socket.on('close', () => closed++).write(text);
    const client = await RtspClient.connect(server.rtspPort, { credentials: null });
    expect((await client.request('DESCRIBE', client.url('/mjpeg'))).status).toBe(200);
    await eventually(() => closed >= 240, 'the oldest are gone');
    expect(descriptorsOf(server.pid)).toBeLessThan(descriptors + 420);
    client.vanish();
    for (const socket of sockets) socket.destroy();
  });

  test('who go while they set up leave no UDP ports behind', async () => {
    for (let round = 0; round < 20; round++) {
      const sockets = Array.from({ length: 10 }, () => socketTo());
      for (const socket of sockets) {
        socket.write('SETUP /mjpeg RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;unicast;client_port=40000-40001\r\n\r\n');
        if (round % 2) socket.once('connect', () => setImmediate(() => socket.resetAndDestroy()));
        else socket.end();
        socket.resume();
      }
      await Promise.all(sockets.map((socket) => once(socket, 'close')));
    }
  });

  test('50 sessions that never play', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => RtspClient.connect(server.rtspPort, { credentials: null })));
    for (const [k, client] of clients.entries()) {
      const Transport = k % 2 ? 'RTP/AVP/TCP;interleaved=0-1' : 'RTP/AVP;unicast;client_port=40000-40001';
      expect((await client.request('SETUP', client.url('/mjpeg'), { Transport })).status).toBe(200);
    }
    for (const client of clients) client.vanish();
  });
});

describe('one address', () => {
  const STRANGER = '127.0.0.2';
  const connectFrom = (from: string) => RtspClient.connect(server.rtspPort, { from, credentials: null });

  test.each([
    ['that say nothing', ''],
    ['that have asked', 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'],
  ])('has sixteen connections %s, and others get in, by the web port too', async (_what, text) => {
    const tunnel = await RtspClient.tunnel(server.port, { credentials: null });
    await tunnel.until(() => tunnel.head !== '', 'the tunnel');
    tunnel.sendPost();
    const sockets = Array.from({ length: 400 }, () => socketTo(undefined, STRANGER));
    let closed = 0;
    for (const socket of sockets) {
      socket
        .on('close', () => closed++)
        .resume()
        .write(text);
    }
    await eventually(() => closed === 384, 'the oldest are gone');
    const client = await connectFrom('127.0.0.3');
    expect((await client.request('DESCRIBE', client.url('/mjpeg'))).status).toBe(200);
    expect((await tunnel.request('OPTIONS')).status).toBe(200);
    for (const each of [client, tunnel]) each.vanish();
    for (const socket of sockets) socket.destroy();
  });

  test('has half of the sessions, and others get theirs', async () => {
    const transport = (k: number) => ({ Transport: `RTP/AVP/TCP;interleaved=${2 * k}-${2 * k + 1}` });
    const clients: RtspClient[] = [];
    const statuses: number[] = [];
    while (clients.length < 20) {
      const client = await connectFrom(STRANGER);
      clients.push(client);
      for (let k = 0; k < 4; k++) {
        const { status } = await client.exchange('SETUP', client.url('/mjpeg'), transport(k));
        statuses.push(status);
        client.session = undefined;
      }
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(50);
    expect(new Set(statuses.slice(50))).toEqual(new Set([453]));
    const other = await connectFrom('127.0.0.3');
    expect((await other.request('SETUP', other.url('/mjpeg'), transport(0))).status).toBe(200);
    for (const client of [...clients, other]) client.vanish();
  });
});

describe('bytes', () => {
  test('garbage ends the connection', async () => {
    const roll = dice(1);
    for (let k = 0; k < 50; k++) {
      const socket = socketTo();
      socket.resume();
      const bytes = Buffer.from(Array.from({ length: 4096 }, () => roll(256)));
      // Not a letter, a line end nor a dollar.
      bytes[0] = 1;
      socket.write(bytes);
      await once(socket, 'close');
    }
  });

  test('interleaved garbage in a session is passed over', async () => {
    const client = await RtspClient.connect(server.rtspPort, { credentials: null });
    await client.playInterleaved('/mjpeg');
    const roll = dice(2);
    for (let k = 0; k < 300; k++) client.frame(roll(256), Buffer.from(Array.from({ length: roll(200) }, () => roll(256))));
    for (const channel of [0, 1, 200]) for (let k = 0; k < 50; k++) client.frame(channel, Buffer.alloc(65_535, k));
    expect((await client.request('OPTIONS')).status).toBe(200);
    const { count } = client.stream();
    await client.until(() => client.stream().count > count, 'it plays on');
    client.vanish();
  });

  test('headers and bodies without end are not kept', async () => {
    const before = memoryOf(server.pid);
    const starts = [
      'OPTIONS * RTSP/1.0\r\nx: ',
      `OPTIONS /`,
      'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 65536\r\n\r\n',
      'GET /',
      `POST / HTTP/1.0\r\nx-sessioncookie: q\r\n\r\n`,
    ];
    const sockets = starts.flatMap((start) => Array.from({ length: 4 }, () => [start, socketTo()] as const));
    for (const [start, socket] of sockets) {
      socket.resume();
      socket.write(start);
      for (let k = 0; k < 40; k++) socket.write(Buffer.alloc(64 * 1024, 'A'));
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(memoryOf(server.pid) - before).toBeLessThan(60);
    for (const [, socket] of sockets) socket.destroy();
  });

  test('who asks without reading answers gets no more of them, and costs no memory', async () => {
    const before = memoryOf(server.pid);
    const socket = socketTo();
    socket.pause();
    const asked = 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n'.repeat(1000);
    const ask = () => {
      while (!socket.destroyed && socket.write(asked));
    };
    socket.on('drain', ask);
    ask();
    let [taken, since] = [0, Date.now()];
    await eventually(
      () => {
        const now = socket.bytesWritten - socket.writableLength;
        if (now !== taken) [taken, since] = [now, Date.now()];
        return Date.now() - since > 1500;
      },
      'the server takes no more',
      60,
    );
    expect(memoryOf(server.pid) - before).toBeLessThan(40);
    // Who then reads gets what he asked for.
    socket.removeListener('drain', ask);
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.resume();
    const enough = (taken / asked.length) * 1000 * 'RTSP/1.0 200 OK\r\nCSeq: 1\r\n'.length;
    await eventually(() => bytes > enough, 'the answers', 60);
    socket.destroy();
  }, 150_000);

  test('1000 requests in one piece are all answered', async () => {
    const client = await RtspClient.connect(server.rtspPort, { credentials: null });
    for (let k = 0; k < 1000; k++) client.post(k % 2 ? 'OPTIONS' : 'DESCRIBE', client.url('/mjpeg'));
    await client.until(() => client.replies.length === 1000, 'all answers');
    expect(client.replies.every(({ status, headers }, k) => status === 200 && headers.cseq === String(k + 1))).toBe(true);
    client.vanish();
  });

  test('10,000 conversations with mistakes', async () => {
    const roll = dice(3);
    const conversations = ['ffmpeg-tcp.rtsp', 'gstreamer-udp.rtsp', 'vlc-udp.rtsp', 'go2rtc.rtsp'].map((name) =>
      Buffer.from(
        recording(name)
          .toString('latin1')
          .replace(/(rtsp:\/\/[^/]*)\/\w+/g, '$1/mjpeg'),
        'latin1',
      ),
    );
    const mistake = (): Buffer => {
      let bytes = Buffer.from(conversations[roll(conversations.length)]!);
      for (let k = roll(4); k >= 0; k--) {
        const at = roll(bytes.length);
        const kind = roll(5);
        if (kind === 0) bytes[at] = roll(256);
        else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + roll(40))]);
        else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(roll(bytes.length))]);
        else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.of(0x24, roll(4), 0, roll(64)), bytes.subarray(at)]);
        else bytes = bytes.subarray(0, at + 1);
      }
      return bytes;
    };
    const before = memoryOf(server.pid);
    let left = 10_000;
    const one = async () => {
      while (left-- > 0) {
        const socket = socketTo();
        socket.on('data', () => socket.end());
        socket.write(mistake());
        // Some are answered, some wait for more, some are closed.
        const timer = setTimeout(() => socket.destroy(), 20);
        await once(socket, 'close');
        clearTimeout(timer);
      }
    };
    await Promise.all(Array.from({ length: 50 }, one));
    expect(memoryOf(server.pid) - before).toBeLessThan(60);
  }, 120_000);
});
