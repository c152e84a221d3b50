import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../src/core/log.ts';
import { ConnectionLimit } from '../../src/servers/connection-limit.ts';
import { TunnelHandler } from '../../src/servers/tunnel-handler.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { settle } from '../support/rtsp-server.ts';
import { eventually } from '../support/server.ts';
import { connectTls, TLS_SERVER } from '../support/tls.ts';

const TIMEOUT_MS = 10_000;
const MAX_UNDECIDED = 250;

describe.each(['connection', 'secureConnection'] as const)('before a server, by its event %s:', (event) => {
  let clock: FakeClock;
  let server: Server;
  let handler: TunnelHandler;
  let taken: string[];
  let sockets: { socket: Socket; said: string; closed: boolean }[];

  const open = async (text: string) => {
    const { port } = server.address() as AddressInfo;
    const socket = event === 'connection' ? connect({ port, host: '127.0.0.1', noDelay: true }) : connectTls(port);
    const one = { socket, said: '', closed: false };
    sockets.push(one);
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        one.said += chunk.toString('latin1');
      });
    socket.on('close', () => {
      one.closed = true;
    });
    await once(socket, event === 'connection' ? 'connect' : 'secureConnect');
    socket.write(text);
    return one;
  };
  const bodies = (said: string) => [...said.matchAll(/\[(.*?)\]/g)].map(([, body]) => body);

  beforeEach(async () => {
    clock = new FakeClock();
    taken = [];
    sockets = [];
    const answer: RequestListener = async (req, res) => {
      let size = 0;
      for await (const chunk of req) size += (chunk as Buffer).length;
      res.end(`[${req.method} ${req.url} ${size}]`);
    };
    server = event === 'connection' ? createServer(answer) : createTlsServer(TLS_SERVER, answer);
    handler = new TunnelHandler(server, {
      event,
      take: ({ method, cookie }, socket, rest) => {
        taken.push(`${method} ${cookie} ${rest.toString()}`);
        socket
          .on('error', () => {})
          .on('end', () => socket.destroy())
          .resume();
      },
      timeoutMs: TIMEOUT_MS,
      clock,
    });
    new ConnectionLimit({
      name: 'test',
      max: MAX_UNDECIDED,
      known: undefined,
      isTrusted: () => false,
      clock,
      log: silentLogger,
    }).guard(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    handler.close();
    for (const { socket } of sockets) socket.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await eventually(() => clock.pending === 0, 'no timer is left');
  });

  test('the web server gets requests as they came: pipelined, with long bodies, and in pieces', async () => {
    const body = 'x'.repeat(300_000);
    const pipelined = await open(
      `GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}GET /3 HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    await eventually(() => bodies(pipelined.said).length === 3, 'three answers');
    expect(bodies(pipelined.said)).toEqual(['GET /1 0', 'POST /2 300000', 'GET /3 0']);

    const pieces = await open('');
    for (const byte of 'POST /4 HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd') {
      pieces.socket.write(byte);
      await settle();
    }
    await eventually(() => pieces.said !== '', 'the answer');
    expect(bodies(pieces.said)).toEqual(['POST /4 4']);
    const other = await open('OPTIONS /5 HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => other.said !== '', 'the answer');
    expect(bodies(other.said)).toEqual(['OPTIONS /5 0']);
    expect(taken).toEqual([]);
  });

  test('200 connections at once are all served', async () => {
    const all = await Promise.all(Array.from({ length: 200 }, (_unused, k) => open(`GET /${k} HTTP/1.1\r\nHost: x\r\n\r\n`)));
    await eventually(() => all.every(({ said }) => said !== ''), 'all answers');
    expect(all.map(({ said }) => bodies(said)[0])).toEqual(all.map((_one, k) => `GET /${k} 0`));
  });

  test('a tunnel is handed over with what came behind its head', async () => {
    await open('GET /stream.mjpg HTTP/1.0\r\nx-sessioncookie: abc\r\n\r\n');
    const post = await open('POST /stream.mjpg HTTP/1.0\r\nx-sessi');
    await settle();
    post.socket.write('oncookie: abc\r\nContent-Length: 32767\r\n\r\nT1BU');
    await eventually(() => taken.length === 2, 'both halves');
    expect(taken.sort()).toEqual(['GET abc ', 'POST abc T1BU']);
  });

  test.each([
    ['says nothing', ''],
    ['has begun', 'GET / HTTP/1.1\r\n'],
  ])('who %s is closed after the time, also when a byte comes now and then', async (_what, text) => {
    const slow = await open(text);
    await settle();
    for (let second = 0; second < 10; second++) {
      expect(slow.closed).toBe(false);
      if (text) slow.socket.write('x');
      await settle();
      clock.advance(1000);
    }
    await eventually(() => slow.closed, 'closed');
  });

  test('who ends before he has begun is closed at once', async () => {
    const short = await open('GET /');
    short.socket.end();
    await eventually(() => short.closed, 'closed');
  });

  test('of those who have not begun, the oldest go when there are too many', async () => {
    const waiting: Awaited<ReturnType<typeof open>>[] = [];
    for (let k = 0; k < MAX_UNDECIDED + 3; k++) waiting.push(await open('GET'));
    await eventually(() => waiting.filter(({ closed }) => closed).length === 3, 'three are closed');
    expect(waiting.slice(0, 3).every(({ closed }) => closed)).toBe(true);
    const served = await open('GET /1 HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => served.said !== '', 'the answer');
  });
});
