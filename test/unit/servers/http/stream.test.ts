import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { silentLogger } from '../../../../src/core/log.ts';
import type { Frame } from '../../../../src/frames/frame.ts';
import { MjpegStreams } from '../../../../src/servers/http/stream.ts';
import type { SendQueues, WatchedQueue } from '../../../../src/servers/send-queues.ts';
import { Hub } from '../../../../src/streams/hub.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { makeFrame } from '../../../support/frames.ts';

/** A connection that takes what is written when the test says so. */
class SlowSocket extends EventEmitter {
  readonly written: string[] = [];
  readonly #callbacks: (() => void)[] = [];
  /** Bytes of each picture that was handed over and not taken yet. */
  readonly #pending: number[] = [];
  destroyed = false;
  reset = false;
  setTimeout(): void {}

  write(data: string | Buffer, encodingOrCallback?: unknown): boolean {
    if (data.length > 0) this.written.push(data.toString('latin1'));
    if (typeof data !== 'string') this.#pending.push(data.length);
    if (typeof encodingOrCallback === 'function') this.#callbacks.push(encodingOrCallback as () => void);
    return false;
  }

  get writableLength(): number {
    return this.#pending.reduce((sum, length) => sum + length, 0);
  }

  /** Pictures handed over and not taken yet. */
  get pending(): number {
    return this.#pending.length;
  }

  take(): void {
    this.#pending.shift();
    this.#callbacks.shift()?.();
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }

  resetAndDestroy(): void {
    this.reset = true;
    this.destroy();
  }

  get sequences(): number {
    return this.written.length - 1;
  }
}

/** A connection whose kernel takes everything at once. */
class QuickSocket extends SlowSocket {
  override write(data: string | Buffer, encodingOrCallback?: unknown): boolean {
    super.write(data, encodingOrCallback);
    if (typeof data !== 'string') this.take();
    return true;
  }
}

const CLIENT = { address: '192.168.1.9', user: 'max' };

let clock: FakeClock;
let hub: Hub;
let streams: MjpegStreams;
let sequence: number;

const publish = (): Frame => {
  const frame = makeFrame(++sequence, clock);
  hub.publish(frame);
  return frame;
};
const add = (options: { fps?: number; advance?: boolean; holds?: () => boolean } = {}, socket = new SlowSocket()) => {
  const { fps, advance = false, holds } = options;
  streams.add(socket as unknown as Socket, { fps, advance, client: CLIENT, holds }, () => {});
  return socket;
};

beforeEach(() => {
  clock = new FakeClock();
  sequence = 0;
  hub = new Hub({ demand: { start() {}, stop() {}, retry() {} }, idleTimeout: 30, clock });
  hub.setStatus({ state: 'live', error: undefined, notices: [], source: 'x' });
  streams = new MjpegStreams(hub, clock);
});

describe('MjpegStreams', () => {
  test('a slow viewer holds one picture, misses the ones between and gets the newest next', () => {
    const slow = add();
    const fast = add();
    const stamps: string[] = [];
    for (let k = 0; k < 10; k++) {
      const frame = publish();
      stamps.push((frame.capturedAt / 1000).toFixed(3));
      clock.advance(100);
      fast.take();
      expect(slow.pending).toBe(1);
    }
    expect(fast.sequences).toBe(10);
    expect(slow.sequences).toBe(1);
    slow.take();
    expect(slow.sequences).toBe(2);
    expect(slow.written.at(-1)).toContain(`X-Timestamp: ${stamps.at(-1)}`);
    slow.take();
    expect(slow.sequences).toBe(2);
    expect(streams.counters).toMatchObject({ framesSent: 12, framesSkipped: 9 });
  });

  test('one whose login ends is dropped: at once where it is told, else within a second', () => {
    const ended = new Set<string>();
    const viewer = (login: string) => add({ holds: () => !ended.has(login) });
    const [first, second, third] = [viewer('told'), viewer('not told'), add()];
    ended.add('told');
    streams.endOutdated();
    expect([first.destroyed, second.destroyed, third.destroyed]).toEqual([true, false, false]);
    ended.add('not told');
    clock.advance(1000);
    expect([second.destroyed, third.destroyed, streams.viewers]).toEqual([true, false, 1]);
  });

  test('one who takes nothing for 30 s is dropped; the others stay', () => {
    const stalled = add();
    const good = add();
    for (let k = 0; k < 32; k++) {
      publish();
      good.take();
      clock.advance(1000);
      expect(stalled.destroyed).toBe(k >= 29);
    }
    // A reset: else the kernel keeps what waits in its queue.
    expect(stalled.reset).toBe(true);
    expect(good.destroyed).toBe(false);
    expect(streams.listViewers()).toMatchObject([{ ...CLIENT, protocol: 'http', transport: 'tcp', stream: 'mjpeg' }]);
    expect(streams.counters.viewersDropped).toBe(1);
  });

  test('but not one whose kernel sends all the time, although it has no room for a whole picture yet', () => {
    const watched = new Set<WatchedQueue>();
    const queues = { covers: () => true, watch: (queue: WatchedQueue) => watched.add(queue), unwatch() {}, refresh() {} };
    streams = new MjpegStreams(hub, clock, undefined, { queues: queues as unknown as SendQueues, log: silentLogger });
    const viewer = add();
    publish();
    let queued = 4_000_000;
    const second = (bytes: number) => {
      publish();
      queued -= bytes;
      for (const queue of watched) {
        queue.begin();
        queue.measured({ queued, rto: 200 }, clock.monotonic(), 0);
      }
      clock.advance(1000);
    };
    for (let k = 0; k < 100; k++) second(7500);
    expect([viewer.pending, viewer.destroyed]).toEqual([1, false]);
    for (let k = 0; k < 28; k++) second(0);
    expect(viewer.destroyed).toBe(false);
    for (let k = 0; k < 2; k++) second(0);
    expect(viewer.reset).toBe(true);
  });

  test('one whose connection takes everything at once misses nothing and is not asked to report', () => {
    const socket = new QuickSocket();
    const write = jest.spyOn(socket, 'write');
    add({}, socket);
    for (let k = 0; k < 100; k++) {
      publish();
      clock.advance(1000);
    }
    expect(socket.sequences).toBe(100);
    expect(streams.counters).toMatchObject({ framesSent: 100, framesSkipped: 0, viewersDropped: 0 });
    // The head, and one write per picture.
    expect(write).toHaveBeenCalledTimes(101);
  });

  test('the last picture is repeated every five seconds while none come, to who takes them', () => {
    const viewer = add();
    publish();
    viewer.take();
    for (let k = 1; k <= 3; k++) {
      clock.advance(5000);
      expect(viewer.sequences).toBe(1 + k);
      viewer.take();
    }
    expect(new Set(viewer.written.slice(1)).size).toBe(1);
  });

  test('who asked for one picture a minute is not sent more', () => {
    const viewer = add({ fps: 1 / 60 });
    for (let k = 0; k < 59; k++) {
      publish();
      viewer.take();
      clock.advance(1000);
    }
    expect(viewer.sequences).toBeLessThanOrEqual(2);
  });

  test('a newcomer gets the latest picture at once', () => {
    publish();
    expect(add().sequences).toBe(1);
  });

  test('the last one to leave takes all timers along', () => {
    const sockets = [add(), add()];
    publish();
    for (const socket of sockets) socket.destroy();
    clock.advance(30_000);
    expect(clock.pending).toBe(0);
    const [first] = sockets;
    publish();
    expect(first!.sequences).toBe(1);
  });

  test('all viewers get the same bytes, in the frame’s own buffer', () => {
    const seen: ArrayBufferLike[] = [];
    const written: (string | Buffer)[] = [];
    const socket = new SlowSocket();
    socket.write = (data: string | Buffer) => {
      written.push(data);
      if (typeof data !== 'string') seen.push(data.buffer);
      return true;
    };
    streams.add(socket as unknown as Socket, { fps: undefined, advance: false, client: CLIENT }, () => {});
    streams.add(socket as unknown as Socket, { fps: undefined, advance: false, client: CLIENT }, () => {});
    streams.add(socket as unknown as Socket, { fps: undefined, advance: true, client: CLIENT }, () => {});
    const frame = publish();
    expect(seen).toHaveLength(3);
    expect(seen.every((buffer) => buffer === frame.buffer.buffer)).toBe(true);
    // Made once for both who want it plain.
    expect(written.at(-3)).toBe(written.at(-2));
  });
});
