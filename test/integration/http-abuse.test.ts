import { get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { descriptorsOf, memoryOf } from '../support/process.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { basic, eventually, PASSWORD, Server } from '../support/server.ts';
import { Viewer } from '../support/viewer.ts';

/** What strangers may do to the web server, over real sockets: others are served all the while, and nothing is left. */

/** The stranger, and somebody else who has not logged in either. */
const STRANGER = '127.0.0.2';
const NEIGHBOUR = '127.0.0.3';
/** Who knows the password. */
const FRIEND = '127.0.0.4';
const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
const TIME = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetSystemDateAndTime xmlns="${DEVICE}"/></s:Body></s:Envelope>`;

interface Client {
  readonly socket: Socket;
  said: string;
  closed: boolean;
}

let server: Server;
let viewer: Viewer;
let clients: Client[] = [];
let descriptors: number;

async function open(from = STRANGER, to = server): Promise<Client> {
  const socket = connect({ port: to.port, host: '127.0.0.1', localAddress: from, noDelay: true });
  const client = { socket, said: '', closed: false };
  clients.push(client);
  socket
    .on('data', (chunk) => {
      client.said += chunk.toString('latin1');
    })
    .on('error', () => {});
  socket.on('close', () => {
    client.closed = true;
  });
  // Not events.once: that throws when the server closes it at once.
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()).once('close', () => resolve()));
  return client;
}
async function openMany(count: number, from?: string): Promise<Client[]> {
  const made: Client[] = [];
  for (let k = 0; k < count; k += 50) made.push(...(await Promise.all(Array.from({ length: Math.min(50, count - k) }, () => open(from)))));
  return made;
}
/** The status of an answer to one request on a connection of its own. */
const ask = (path: string, from: string, { to = server, headers = {} }: { to?: Server; headers?: Record<string, string> } = {}) =>
  new Promise<number>((resolve, reject) => {
    get({ port: to.port, host: '127.0.0.1', localAddress: from, path, agent: false, headers }, (answer: IncomingMessage) => {
      answer.resume().on('end', () => resolve(answer.statusCode!));
    }).on('error', reject);
  });
/** Lets the network have what was written. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
const post = (path: string, fields: string) => `POST ${path} HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n`;

beforeAll(async () => {
  server = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'] });
  // The SOAP machinery is loaded, and the camera runs.
  expect((await server.fetch('/onvif/device_service', { method: 'POST', body: TIME })).status).toBe(200);
  viewer = new Viewer(server);
  await viewer.next(3);
  await eventually(() => descriptorsOf(server.pid) < 40, 'all is calm');
  descriptors = descriptorsOf(server.pid);
});
afterEach(async () => {
  const { length } = viewer.parts;
  await viewer.until(() => viewer.parts.length > length + 2, 'pictures for the viewer');
  for (const address of ['127.0.0.1', NEIGHBOUR]) expect(await ask('/healthz', address)).toBe(200);
  for (const { socket } of clients) socket.destroy();
  clients = [];
  await eventually(() => descriptorsOf(server.pid) <= descriptors + 2, 'the descriptors are back', 20);
  expect(server.stderr).not.toMatch(/"error"|ERROR|TypeError|RangeError/);
});
afterAll(async () => {
  await viewer.close();
  await server.stop();
});

describe('requests sent ahead', () => {
  test('for files of the page, from who goes before he is answered: no file stays open', async () => {
    const asked = 'GET /assets/page.js HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20);
    for (let round = 0; round < 5; round++) {
      const some = await openMany(10);
      for (const { socket } of some) {
        socket.pause();
        socket.write(asked);
      }
      await turn();
      expect(await ask('/healthz', NEIGHBOUR)).toBe(200);
      for (const { socket } of some) socket.resetAndDestroy();
    }
  });

  test.each([
    ['pictures', '/snapshot.jpg', true],
    ['descriptions', '/onvif/device_service?wsdl', false],
    ['pages', '/login', false],
  ])('for %s, by the thousand, from who reads nothing: they cost nothing, and the connection', async (_what, path, logsIn) => {
    const before = memoryOf(server.pid);
    const login = logsIn ? `Authorization: ${basic('admin', PASSWORD)}\r\n` : '';
    const some = await openMany(14, logsIn ? FRIEND : STRANGER);
    for (const { socket } of some) {
      socket.pause();
      socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${login}\r\n`.repeat(1000));
    }
    await eventually(async () => {
      expect(await ask('/healthz', NEIGHBOUR)).toBe(200);
      return descriptorsOf(server.pid) <= descriptors + 2;
    }, 'the connections are dropped');
    expect(memoryOf(server.pid) - before).toBeLessThan(20);
  });
});

describe('bodies', () => {
  test.each(['/onvif/device_service', '/login'])('in a quarter of a million pieces, to %s: refused, and not kept', async (path) => {
    const before = memoryOf(server.pid);
    const pieces = '1\r\nx\r\n'.repeat(250_000);
    const some = await openMany(2);
    for (const { socket } of some) {
      socket.write(post(path, 'Transfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded'));
      socket.write(pieces);
    }
    await eventually(() => some.every(({ closed }) => closed), 'the connections are closed');
    expect(memoryOf(server.pid) - before).toBeLessThan(25);
  });

  test.each(['/onvif/device_service', '/login'])('in a thousand pieces, to %s: refused in words', async (path) => {
    const client = await open();
    client.socket.write(`${post(path, 'Transfer-Encoding: chunked')}${'1\r\nx\r\n'.repeat(1100)}`);
    await eventually(() => client.said.includes('in more than 1024 pieces'), 'the refusal');
    expect(client.said).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('that nobody reads end the connection', async () => {
    const client = await open();
    client.socket.write(`${post('/healthz', 'Transfer-Encoding: chunked')}3\r\nabc\r\n`);
    await eventually(() => client.closed, 'closed');
    expect(client.said).toMatch(/^HTTP\/1\.1 405 [\s\S]*Connection: close/);
  });

  test('that never end: sixteen are waited for, and others are read', async () => {
    const part = Buffer.alloc(200_000, 'x');
    const some: Client[] = [];
    for (let k = 0; k < 120; k++) {
      const client = await open();
      some.push(client);
      client.socket.write(post('/onvif/device_service', 'Content-Length: 262144'));
      client.socket.write(part);
    }
    await eventually(() => some.filter(({ closed }) => !closed).length === 16, 'sixteen are left');
    expect(some.find(({ said }) => said !== '')?.said).toMatch(/^HTTP\/1\.1 503 [\s\S]*Try again in a moment/);
    const neighbour = await open(NEIGHBOUR);
    neighbour.socket.write(post('/onvif/device_service', `Content-Length: ${TIME.length}`));
    await turn();
    neighbour.socket.write(TIME);
    await eventually(() => neighbour.said.includes('GetSystemDateAndTimeResponse'), 'the answer');
  });

  test.each([
    ['in one piece', [post('/onvif/device_service', `Content-Length: ${TIME.length}`) + TIME]],
    ['after their head', [post('/onvif/device_service', `Content-Length: ${TIME.length}`), TIME]],
    ['in two pieces', [post('/onvif/device_service', `Content-Length: ${TIME.length}`), TIME.slice(0, 90), TIME.slice(90)]],
    ['after 100 Continue', [post('/onvif/device_service', `Content-Length: ${TIME.length}\r\nExpect: 100-continue`), TIME]],
    [
      'in chunks',
      [
        post('/onvif/device_service', 'Transfer-Encoding: chunked'),
        `${(90).toString(16)}\r\n${TIME.slice(0, 90)}\r\n`,
        `${(TIME.length - 90).toString(16)}\r\n${TIME.slice(90)}\r\n0\r\n\r\n`,
      ],
    ],
    ['byte by byte', [post('/onvif/device_service', `Content-Length: ${TIME.length}`), ...TIME]],
  ])('of recorders, which send them %s, are read', async (_how, pieces) => {
    const client = await open(NEIGHBOUR);
    const { socket } = client;
    for (const piece of pieces) {
      socket.write(piece);
      await turn();
    }
    await eventually(() => client.said.includes('GetSystemDateAndTimeResponse'), 'the answer');
    // And the connection goes on.
    client.said = '';
    socket.write(post('/onvif/device_service', `Content-Length: ${TIME.length}`) + TIME);
    await eventually(() => client.said.includes('GetSystemDateAndTimeResponse'), 'the next answer');
  });
});

describe('a thousand connections of one address', () => {
  test.each([
    ['that say nothing', ''],
    ['that have begun', 'GET / HTTP/1.1\r\n'],
    ['that have asked', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('%s: others get in', async (_what, text) => {
    const some = await openMany(1100);
    if (text) for (const { socket } of some) socket.write(text);
    for (let k = 0; k < 5; k++) {
      for (const address of ['127.0.0.1', NEIGHBOUR]) expect(await ask('/healthz', address)).toBe(200);
    }
    expect(descriptorsOf(server.pid)).toBeLessThan(descriptors + 110);
    expect(server.stderr).toContain(`too many connections: closed the oldest connection of ${STRANGER}`);
  });

  test('where somebody has logged in do not end what he does', async () => {
    const friend = await open(FRIEND);
    friend.socket.write(`GET /stream.mjpg HTTP/1.1\r\nHost: x\r\nAuthorization: ${basic('admin', PASSWORD)}\r\n\r\n`);
    await eventually(() => friend.said.includes('--frame'), 'a picture');
    await openMany(300, FRIEND);
    const { length } = friend.said;
    await eventually(() => friend.said.length > length + 20_000, 'more pictures');
    expect(friend.closed).toBe(false);
    friend.said = '';
  });
});

describe('where somebody has logged in, an address may hold more', () => {
  const headers = { Authorization: basic('admin', PASSWORD) };
  const form = new URLSearchParams({ username: 'admin', password: PASSWORD }).toString();
  const soap = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetScopes xmlns="${DEVICE}"/></s:Body></s:Envelope>`;
  const exchange = async (from: string, text: string, answer: string) => {
    const client = await open(from);
    client.socket.write(text);
    await eventually(() => client.said.includes(answer), 'the answer');
    return client.said;
  };
  const logins: [string, (from: string) => Promise<unknown>, number][] = [
    ['nobody', async () => {}, 83],
    ['a wrong password', (from) => ask('/snapshot.jpg', from, { headers: { Authorization: basic('admin', 'wrong') } }), 83],
    ['Basic', (from) => ask('/snapshot.jpg', from, { headers }), 110],
    [
      'the form',
      async (from) => {
        const fields = `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}`;
        const said = await exchange(from, post('/login', fields) + form, '303');
        expect(await ask('/', from, { headers: { Cookie: /Set-Cookie: ([^;]*)/.exec(said)![1]! } })).toBe(200);
      },
      110,
    ],
    [
      'ONVIF',
      (from) =>
        exchange(
          from,
          post('/onvif/device_service', `Authorization: ${headers.Authorization}\r\nContent-Length: ${soap.length}`) + soap,
          'GetScopesResponse',
        ),
      110,
    ],
    [
      'RTSP',
      async (from) => {
        const client = await RtspClient.connect(server.rtspPort, { from });
        expect((await client.request('DESCRIBE', client.url('/mjpeg'))).status).toBe(200);
        client.vanish();
      },
      110,
    ],
  ];

  test.each(logins.map(([how, logIn, left], k) => [how, logIn, left, `127.0.2.${k + 1}`] as const))(
    'by %s',
    async (_how, logIn, left, from) => {
      await logIn(from);
      for (const { socket } of clients) socket.destroy();
      const some = await openMany(110, from);
      // Who comes after them is let in after them.
      expect(await ask('/healthz', '127.0.0.1')).toBe(200);
      await eventually(() => some.filter(({ closed }) => !closed).length === left, `${left} are left`);
    },
  );
});

test('with few files to open, connections leave enough of them for the camera', async () => {
  const small = await Server.start({ args: ['--source', 'test', '--width', '320', '--height', '240'], openFiles: 256 });
  for (let k = 0; k < 400; k++) await open(`127.0.1.${1 + (k % 40)}`, small);
  const headers = { Authorization: basic('admin', PASSWORD) };
  expect(await ask('/snapshot.jpg', '127.0.0.1', { to: small, headers })).toBe(200);
  expect(await ask('/snapshot.jpg', NEIGHBOUR, { to: small, headers })).toBe(200);
  expect(descriptorsOf(small.pid)).toBeLessThan(230);
  expect(small.stderr).toContain('The system leaves this program 192 open files for its clients');
  await small.stop();
});
