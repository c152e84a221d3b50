import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../src/core/log.ts';
import { ConnectionLimit, type ConnectionLimitOptions } from '../../src/servers/connection-limit.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { eventually } from '../support/server.ts';

/** An unknown address may hold 64 of these, 16 of them as a stranger; a known one 256, and 64. */
const MAX = 512;
const HERE = '127.0.0.1';
const NEIGHBOUR = '127.0.0.2';
const OTHER = '127.0.0.3';
const RECORDER = '127.0.0.4';
const PROXY = '127.0.0.5';

interface Client {
  readonly socket: Socket;
  closed: boolean;
}

let server: Server;
let limit: ConnectionLimit;
let known: Set<string>;
/** Local ports of the clients that have logged in. */
let trusted: Set<number>;
let clients: Client[];
let warnings: string[];

async function start(change: Partial<ConnectionLimitOptions> = {}): Promise<void> {
  server = createServer((socket) => socket.on('error', () => {}).resume());
  limit = new ConnectionLimit({
    name: 'test server',
    max: MAX,
    known,
    isShared: (address) => address === PROXY,
    isTrusted: (socket) => trusted.has(socket.remotePort!),
    clock: new FakeClock(),
    log: { ...silentLogger, warn: (message, fields) => warnings.push(`${message} ${JSON.stringify(fields)}`) },
    ...change,
  });
  limit.guard(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

/** Connects, and waits until the server has counted or refused it. */
async function open(from: string, { logIn = false } = {}): Promise<Client> {
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', localAddress: from });
  const client = { socket, closed: false };
  clients.push(client);
  socket
    .on('error', () => {})
    .on('close', () => {
      client.closed = true;
    });
  socket.resume();
  const counted = once(server, 'connection');
  await once(socket, 'connect');
  if (logIn) trusted.add(socket.localPort!);
  await counted;
  return client;
}
async function openMany(from: string, count: number, options?: { logIn: boolean }): Promise<Client[]> {
  const made: Client[] = [];
  for (let k = 0; k < count; k++) made.push(await open(from, options));
  return made;
}
const closedOnes = (some: readonly Client[]) => some.flatMap(({ closed }, k) => (closed ? [k] : []));
/** What the server has closed is known to its clients after this. */
const settle = async () => {
  await open(HERE);
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(() => {
  known = new Set();
  trusted = new Set();
  clients = [];
  warnings = [];
});
afterEach(async () => {
  for (const { socket } of clients) socket.destroy();
  await eventually(() => limit.size === 0, 'all are let go');
  await new Promise((resolve) => server.close(resolve));
});

describe('one address', () => {
  test('of strangers loses its oldest connections, and nobody else does', async () => {
    await start();
    const other = await open(OTHER);
    const flood = await openMany(NEIGHBOUR, 46);
    await settle();
    expect(closedOnes(flood)).toEqual([0, 1, 2, 3]);
    expect(other.closed).toBe(false);
    expect(warnings).toEqual([expect.stringContaining('test server: too many connections: closed the oldest connection of 127.0.0.2')]);
  });

  test('keeps those who have logged in, up to an eighth of all; then new ones are refused', async () => {
    await start();
    const viewers = await openMany(NEIGHBOUR, 64, { logIn: true });
    const more = await open(NEIGHBOUR, { logIn: true });
    await settle();
    expect(closedOnes(viewers)).toEqual([]);
    expect(more.closed).toBe(true);
    expect((await open(OTHER)).closed).toBe(false);
  });

  test('may hold four times as many once somebody there has logged in', async () => {
    known.add(RECORDER);
    await start();
    const some = await openMany(RECORDER, 66);
    await settle();
    expect(closedOnes(some)).toEqual([0, 1]);
  });

  test.each([
    ['this machine', HERE],
    ['a proxy', PROXY],
  ])('that is %s has no limit of its own', async (_what, from) => {
    await start();
    const some = await openMany(from, 300);
    await settle();
    expect(closedOnes(some)).toEqual([]);
  });

  test('has a few also where there are few in all', async () => {
    await start({ max: 40 });
    const some = await openMany(NEIGHBOUR, 18);
    await settle();
    expect(closedOnes(some)).toEqual([0, 1]);
  });
});

describe('when all are in use', () => {
  /** Strangers of as many addresses as it takes, until there is room for no more of them. */
  const crowd = async () => {
    const room = MAX - 2 * 25;
    for (let host = 10; limit.size < room; host++) await openMany(`127.0.1.${host}`, Math.min(16, room - limit.size));
  };

  test('a stranger gets in for the oldest of the address that holds the most', async () => {
    await start();
    const early = await open(OTHER);
    await crowd();
    const newcomer = await open(NEIGHBOUR);
    await settle();
    expect([early.closed, newcomer.closed]).toEqual([false, false]);
    expect(closedOnes(clients)).toHaveLength(1);
  });

  test('who has logged in, and this machine, get in without anybody having to go', async () => {
    known.add(RECORDER);
    await start();
    await crowd();
    await openMany(RECORDER, 25);
    await openMany(HERE, 20);
    await settle();
    expect(closedOnes(clients)).toEqual([]);
  });

  test('by people who have logged in: strangers are refused, this machine is not', async () => {
    for (const address of [RECORDER, OTHER]) known.add(address);
    await start();
    await openMany(RECORDER, 256, { logIn: true });
    await openMany(OTHER, 231, { logIn: true });
    const [stranger, friend] = [await open(NEIGHBOUR), await open(OTHER)];
    const here = await openMany(HERE, 24);
    await settle();
    expect([stranger.closed, friend.closed]).toEqual([true, true]);
    expect(closedOnes(here)).toEqual([]);
    expect(closedOnes(clients)).toHaveLength(2);
  });

  test('through a proxy: others get in for the oldest behind it', async () => {
    await start();
    const behind = await openMany(PROXY, MAX - 25);
    const [stranger, more, another] = [await open(NEIGHBOUR), await open(PROXY), await open(OTHER)];
    await settle();
    expect([stranger.closed, more.closed, another.closed]).toEqual([false, false, false]);
    expect(closedOnes(behind).slice(0, 2)).toEqual([0, 1]);
  });
});

test('a connection that another server goes on with does not count any more', async () => {
  await start();
  const serverSide = once(server, 'connection') as Promise<[Socket]>;
  await open(NEIGHBOUR);
  const [socket] = await serverSide;
  expect(limit.size).toBe(1);
  limit.release(socket);
  limit.release(socket);
  expect(limit.size).toBe(0);
  expect([limit.admit(socket), limit.admit(socket), limit.size]).toEqual([true, true, 1]);
});
