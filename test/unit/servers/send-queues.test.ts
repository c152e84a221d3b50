import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/core/clock.ts';
import type { TcpEntry } from '../../../src/protocols/proc/tcp-table.ts';
import { SendQueues, type WatchedQueue } from '../../../src/servers/send-queues.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const open: (Server | Socket)[] = [];
afterEach(() => {
  for (const each of open.splice(0)) 'destroy' in each ? each.destroy() : each.close();
});

/** A connection whose peer reads nothing; the end that writes. */
async function connection(listenAt: string, connectTo: string): Promise<Socket> {
  const server = createServer({ pauseOnConnect: true });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, listenAt, resolve));
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const peer = connect({ host: connectTo, port: (server.address() as AddressInfo).port });
  peer.pause();
  const socket = await accepted;
  open.push(peer, socket);
  return socket;
}

/** Watches one connection; gives the next reading. */
function reading(queues: SendQueues, socket: Socket): Promise<TcpEntry | undefined> {
  return new Promise((resolve) => {
    const queue: WatchedQueue = {
      socket,
      interval: 0,
      begin() {},
      measured: (entry) => {
        queues.unwatch(queue);
        resolve(entry);
      },
    };
    queues.watch(queue);
    queues.refresh(queue);
  });
}

const onLinux = platform() === 'linux' ? test : test.skip;

describe("what waits in the kernel's queue", () => {
  onLinux.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    // An IPv4 client of a server that listens on all addresses.
    ['::', '127.0.0.1'],
  ])('is read for a connection that came to %s, to %s', async (listenAt, connectTo) => {
    const socket = await connection(listenAt, connectTo);
    expect(await reading(new SendQueues({ clock: systemClock }), socket)).toMatchObject({ queued: 0 });
    const bytes = 32 * 1024 * 1024;
    socket.write(Buffer.alloc(bytes));
    const entry = await reading(new SendQueues({ clock: systemClock }), socket);
    expect(entry!.queued).toBeGreaterThan(0);
    expect(entry!.queued).toBeLessThanOrEqual(bytes);
    expect(entry!.rto).toBeGreaterThanOrEqual(10);
  });

  test('is read for all together, ten times a second at most', async () => {
    const clock = new FakeClock();
    const dir = mkdtempSync(join(tmpdir(), 'tables-'));
    writeFileSync(join(dir, 'tcp'), 'head\n');
    const queues = new SendQueues({ clock, dir });
    let readings = 0;
    let next: (() => void) | undefined;
    const sockets = [await connection('127.0.0.1', '127.0.0.1'), await connection('127.0.0.1', '127.0.0.1')];
    for (const socket of sockets) {
      const measured = () => {
        readings++;
        next?.();
      };
      queues.watch({ socket, interval: 0, begin() {}, measured });
    }
    for (let turn = 1; turn <= 5; turn++) {
      const done = new Promise<void>((resolve) => {
        next = () => readings === 2 * turn && resolve();
      });
      queues.refresh({ interval: 0 });
      queues.refresh({ interval: 0 });
      await done;
      // What the reading leaves to do is done.
      await new Promise(setImmediate);
      clock.advance(99);
      queues.refresh({ interval: 0 });
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(readings).toBe(2 * turn);
      clock.advance(1);
    }
    // Who has time waits longer.
    queues.refresh({ interval: 101 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(readings).toBe(10);
    rmSync(dir, { recursive: true });
  });

  test('is not known where there is no table, which is not looked for again', async () => {
    const queues = new SendQueues({ clock: systemClock, dir: '/nonexistent' });
    const socket = await connection('127.0.0.1', '127.0.0.1');
    expect(queues.covers(socket)).toBe(true);
    expect(await reading(queues, socket)).toBeUndefined();
    expect(queues.covers(socket)).toBe(false);
  });

  test('nor for a connection that is closed, or is in no table', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tables-'));
    for (const table of ['tcp', 'tcp6']) writeFileSync(join(dir, table), `head\n${'x'.repeat(200)}\n`.repeat(500));
    const queues = new SendQueues({ clock: systemClock, dir });
    const socket = await connection('127.0.0.1', '127.0.0.1');
    expect(await reading(queues, socket)).toBeUndefined();
    expect(queues.covers(socket)).toBe(true);
    socket.destroy();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(queues.covers(socket)).toBe(false);
    rmSync(dir, { recursive: true });
  });
});
