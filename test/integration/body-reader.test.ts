import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Body, BodyReader, describeBodyProblem } from '../../src/servers/http/body-reader.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { settle } from '../support/rtsp-server.ts';
import { eventually } from '../support/server.ts';

const LIMIT = 4096;
const NEIGHBOUR = '127.0.0.2';
const PROXY = '127.0.0.5';

let clock: FakeClock;
let reader: BodyReader;
let server: Server;
let bodies: Body[];
let open: number;
let sockets: { readonly socket: Socket; said: string }[];

/** What a body came to: its text, or why not. */
const outcome = (body: Body): string => ('text' in body ? body.text : 'problem' in body ? `<${body.problem}>` : '<gone>');
const outcomes = () => bodies.map(outcome);

async function send(text: string | Buffer, from = '127.0.0.1') {
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', localAddress: from, noDelay: true });
  const one = { socket, said: '' };
  sockets.push(one);
  socket
    .on('error', () => {})
    .on('data', (chunk) => {
      one.said += chunk.toString('latin1');
    });
  await once(socket, 'connect');
  socket.write(text);
  return one;
}
const head = (fields: string) => `POST / HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`;
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const chunked = (...pieces: string[]) => `${head('Transfer-Encoding: chunked')}${[...pieces.map(chunk), '0\r\n\r\n'].join('')}`;
/** Sends a body that never ends, and waits until it is being read. */
async function sendEndless(from?: string) {
  const before = open;
  const one = await send(`${head('Content-Length: 100')}abc`, from);
  await eventually(() => open === before + 1, 'it is being read');
  return one;
}

beforeEach(async () => {
  clock = new FakeClock();
  reader = new BodyReader(clock, (address) => address === PROXY);
  bodies = [];
  sockets = [];
  open = 0;
  server = createServer(async (req, res) => {
    open++;
    const body = await reader.read(req, LIMIT);
    bodies.push(body);
    if ('problem' in body) {
      const { status, message } = describeBodyProblem(body.problem, LIMIT);
      res.writeHead(status, { Connection: 'close' });
      res.end(message);
    } else res.end('read');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const { socket } of sockets) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await eventually(() => bodies.length === open, 'none is being read any more');
  reader.close();
  expect(clock.pending).toBe(0);
});

describe('a body is read', () => {
  test('however it is cut, in bytes or in letters', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(300), { maxLength: 5 }), fc.boolean(), async (whole, cuts, inChunks) => {
        bodies.length = 0;
        open = 0;
        const bytes = Buffer.from(whole);
        const places = [0, ...cuts.map((at) => Math.min(at, bytes.length)).sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((at, k) => bytes.subarray(places[k], at));
        const { socket } = await send(head(inChunks ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes.length}`));
        for (const piece of pieces.filter(({ length }) => length > 0)) {
          if (inChunks) socket.write(`${piece.length.toString(16)}\r\n`);
          socket.write(piece);
          if (inChunks) socket.write('\r\n');
          await new Promise((resolve) => setImmediate(resolve));
        }
        if (inChunks) socket.write('0\r\n\r\n');
        await eventually(() => bodies.length === 1, 'it is read');
        expect(outcomes()).toEqual([bytes.toString()]);
        socket.destroy();
      }),
      { numRuns: 40 },
    );
  });

  test('of the largest size', async () => {
    await send(head(`Content-Length: ${LIMIT}`) + 'x'.repeat(LIMIT));
    await send(chunked('x'.repeat(LIMIT / 2), 'x'.repeat(LIMIT / 2)));
    await eventually(() => bodies.length === 2, 'both are read');
    expect(outcomes()).toEqual(['x'.repeat(LIMIT), 'x'.repeat(LIMIT)]);
  });

  test('after 100 Continue, with chunk extensions and with trailers', async () => {
    const polite = await send(head('Expect: 100-continue\r\nContent-Length: 3'));
    await eventually(() => polite.said.includes('100 Continue'), 'it may go on');
    polite.socket.write('abc');
    await send(`${head('Transfer-Encoding: chunked')}3;name="value"\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n`);
    await eventually(() => bodies.length === 2, 'both are read');
    expect(outcomes()).toEqual(['abc', 'abc']);
  });

  test('that is not there, as one of no length', async () => {
    await send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await send(head('Content-Length: 0'));
    await send(chunked());
    await eventually(() => bodies.length === 3, 'all are read');
    expect(outcomes()).toEqual(['', '', '']);
  });
});

describe('a body is refused, in words,', () => {
  test.each([
    ['that is too long by its head', () => head(`Content-Length: ${LIMIT + 1}`), 413, 'A body may have 4 kB.'],
    ['that turns out too long', () => chunked('x'.repeat(LIMIT), 'x'), 413, 'A body may have 4 kB.'],
    ['that is compressed', () => `${head('Content-Encoding: gzip\r\nContent-Length: 3')}abc`, 415, 'Compressed bodies are not read.'],
    ['that comes in a thousand pieces', () => chunked(...'x'.repeat(1025)), 400, 'in more than 1024 pieces'],
  ])('%s', async (_what, made, status, words) => {
    const one = await send(made());
    await eventually(() => one.said.includes(words), 'the refusal');
    expect(one.said).toContain(`HTTP/1.1 ${status} `);
  });

  test('that is not there after ten seconds, also when a byte comes now and then', async () => {
    const slow = await sendEndless();
    for (let second = 0; second < 9; second++) {
      clock.advance(1000);
      slow.socket.write('x');
      await settle();
      expect(slow.said).toBe('');
      // The timer of the first is that of all.
      if (second === 4) await sendEndless();
    }
    clock.advance(1000);
    await eventually(() => slow.said.includes('was not there after 10 s'), 'the refusal');
    expect(slow.said).toContain('HTTP/1.1 408 ');
    expect(outcomes()).toEqual(['<too slow>']);
    clock.advance(4999);
    await settle();
    expect(outcomes()).toEqual(['<too slow>']);
    clock.advance(1);
    await eventually(() => bodies.length === 2, 'the second, too');
  });
});

test('of one address sixteen are read at a time: with one more, its oldest is given up', async () => {
  const other = await sendEndless();
  const first = await sendEndless(NEIGHBOUR);
  for (let k = 1; k < 16; k++) await sendEndless(NEIGHBOUR);
  expect(bodies).toEqual([]);
  await sendEndless(NEIGHBOUR);
  await eventually(() => first.said.includes('HTTP/1.1 503 '), 'the refusal');
  expect(first.said).toContain('Try again in a moment.');
  expect(outcomes()).toEqual(['<too many bodies>']);
  other.socket.write('x'.repeat(97));
  await eventually(() => other.said.includes('read'), 'the other is served');
});

test('of all 64 are read at a time: with one more, the oldest of the address that has the most is given up', async () => {
  const crowd = [];
  for (let k = 0; k < 63; k++) crowd.push(await sendEndless(`127.0.1.${1 + (k % 60)}`));
  const many = crowd.filter(({ socket }) => socket.localAddress === '127.0.1.1');
  expect(many).toHaveLength(2);
  await sendEndless();
  expect(bodies).toEqual([]);
  await sendEndless(NEIGHBOUR);
  await eventually(() => many[0]!.said.includes('HTTP/1.1 503 '), 'the refusal');
  expect(bodies).toHaveLength(1);
});

test('an address that many share has the bound of all alone', async () => {
  for (let k = 0; k < 40; k++) await sendEndless(PROXY);
  expect(bodies).toEqual([]);
});

test('who goes leaves nothing behind', async () => {
  for (let round = 1; round <= 3; round++) {
    const some = [];
    for (let k = 0; k < 16; k++) some.push(await sendEndless(NEIGHBOUR));
    for (const { socket } of some) socket.destroy();
    await eventually(() => bodies.length === 16 * round, 'all are given up');
  }
  expect(new Set(outcomes())).toEqual(new Set(['<gone>']));
});
