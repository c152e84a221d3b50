import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inTurn } from '../../src/servers/http/in-turn.ts';
import { TunnelHandler } from '../../src/servers/tunnel-handler.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { settle } from '../support/rtsp-server.ts';
import { eventually } from '../support/server.ts';

const GET = (k: number) => `GET /${k} HTTP/1.1\r\nHost: x\r\n\r\n`;

let server: Server;
let client: { readonly socket: Socket; said: string; closed: boolean };
/** Requests that Node took apart. */
let seen: number;
/** Those that were begun and not yet answered. */
let begun: { req: IncomingMessage; res: ServerResponse }[];

async function start(decorate: (server: Server) => void = () => {}): Promise<void> {
  const handle = inTurn((req, res) => void begun.push({ req, res }));
  server = createServer((req, res) => {
    seen++;
    handle(req, res);
  });
  decorate(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
  const one = { socket, said: '', closed: false };
  client = one;
  socket
    .on('error', () => {})
    .on('data', (chunk) => {
      one.said += chunk.toString('latin1');
    });
  socket.on('close', () => {
    one.closed = true;
  });
  await once(socket, 'connect');
}
const answerNext = async () => {
  await eventually(() => begun.length > 0, 'a request is begun');
  const [{ req, res }] = begun.splice(0, 1) as [(typeof begun)[number]];
  res.end(`[${req.url}]`);
};
const answers = () => [...client.said.matchAll(/\[(.*?)\]/g)].map(([, url]) => url);

beforeEach(() => {
  seen = 0;
  begun = [];
});
afterEach(async () => {
  client.socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('requests of one connection are begun one after the other, and answered in order', async () => {
  await start();
  client.socket.write(GET(1) + GET(2) + GET(3));
  for (let k = 1; k <= 3; k++) {
    await eventually(() => begun.length > 0, 'a request is begun');
    await settle();
    expect(begun.map(({ req }) => req.url)).toEqual([`/${k}`]);
    await answerNext();
  }
  await eventually(() => answers().length === 3, 'all answers');
  expect(answers()).toEqual(['/1', '/2', '/3']);
  client.socket.write(GET(4));
  await answerNext();
  await eventually(() => answers().length === 4, 'one more, on the same connection');
});

test('eight may wait', async () => {
  await start();
  client.socket.write(Array.from({ length: 9 }, (_unused, k) => GET(k)).join(''));
  for (let k = 0; k < 9; k++) await answerNext();
  await eventually(() => answers().length === 9, 'all answers');
  expect(client.closed).toBe(false);
});

test.each([
  ['in the first piece', ''],
  ['in a later one', GET(0)],
])('of a thousand %s hardly any is taken apart: the connection is dropped', async (_what, before) => {
  // As the web server does: what came first is handed on by the tunnel handler.
  await start((made) => new TunnelHandler(made, { event: 'connection', take: () => {}, timeoutMs: 10_000, clock: new FakeClock() }));
  if (before) {
    client.socket.write(before);
    await answerNext();
    await eventually(() => answers().length === 1, 'the answer');
  }
  seen = 0;
  client.socket.write(GET(1).repeat(1000));
  await eventually(() => client.closed, 'dropped');
  expect(seen).toBe(10);
  expect(begun).toHaveLength(1);
});

test.each([
  ['a length', 'Content-Length: 3\r\n\r\nabc'],
  ['chunks', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
])('a body with %s that is sent ahead is not kept: the connection is dropped', async (_what, body) => {
  await start();
  client.socket.write(`${GET(1)}POST /2 HTTP/1.1\r\nHost: x\r\n${body}`);
  await eventually(() => client.closed, 'dropped');
});

test('what waits for somebody who goes is never begun', async () => {
  await start();
  client.socket.write(GET(1) + GET(2));
  await eventually(() => begun.length === 1 && seen === 2, 'the first is begun');
  const gone = once(begun[0]!.res, 'close');
  client.socket.destroy();
  await gone;
  await settle();
  expect(begun.map(({ req }) => req.url)).toEqual(['/1']);
});
