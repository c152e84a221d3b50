import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { silentLogger } from '../../../src/core/log.ts';
import type { SendQueues } from '../../../src/servers/send-queues.ts';
import { ViewerPace } from '../../../src/servers/viewer-pace.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const socket = () => Object.assign(new EventEmitter(), { destroyed: false, writableLength: 0 });

/** Notes who is watched; the test itself makes the readings. */
class FakeQueues {
  readonly watched = new Set<unknown>();
  covered = true;
  covers = () => this.covered;
  watch = (queue: unknown) => this.watched.add(queue);
  unwatch = (queue: unknown) => this.watched.delete(queue);
  refreshes = 0;
  refresh() {
    this.refreshes++;
  }
}

let clock: FakeClock;
let queues: FakeQueues;
let connection: ReturnType<typeof socket>;
let pace: ViewerPace;
let told: string[];

/** A reading, after so long. */
function measure(ms: number, queued: number, doubt = 0): void {
  clock.advance(ms);
  pace.begin();
  pace.measured({ queued, rto: 200 }, clock.monotonic(), doubt);
}

beforeEach(() => {
  clock = new FakeClock();
  queues = new FakeQueues();
  connection = socket();
  told = [];
  pace = new ViewerPace({
    socket: connection as unknown as Socket,
    queues: queues as unknown as SendQueues,
    clock,
    log: { ...silentLogger, info: (text) => told.push(text) },
    name: () => '192.168.1.7 (MJPEG)',
  });
});

describe('ViewerPace', () => {
  test('a viewer who keeps up is not looked at, and has everything', () => {
    for (let count = 0; count < 100; count++) {
      expect(pace.takes()).toBe(true);
      pace.gave(75_000);
      clock.advance(33);
    }
    expect(queues.watched.size).toBe(0);
    expect(pace.slow).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  test('a slow one gets the next picture when what waits is nearly gone', () => {
    pace.proveSlow();
    expect(queues.watched.has(pace)).toBe(true);
    measure(10, 200_000);
    expect(pace.takes()).toBe(false);
    measure(100, 100_000);
    let calls = 0;
    pace.whenReady(() => calls++);
    // 1000 bytes a millisecond, of which 20,000 may wait.
    clock.advance(79);
    expect([calls, pace.takes()]).toEqual([0, false]);
    clock.advance(2);
    expect([calls, pace.takes()]).toEqual([1, true]);
    expect(clock.pending).toBe(0);
    expect(pace.slow).toEqual({ since: expect.any(Number), bitRate: 8_000_000 });
  });

  test('a reading that shows less than was thought lets it go at once', () => {
    pace.proveSlow();
    measure(10, 900_000);
    measure(100, 890_000);
    let calls = 0;
    pace.whenReady(() => calls++);
    measure(100, 0);
    clock.advance(1);
    expect(calls).toBe(1);
  });

  test.each([0, 1])(
    'one whose link stops, but for %d kB every 29 s, sets no timers for that, and goes on at the first reading after it',
    (kB) => {
      pace.proveSlow();
      measure(10, 900_000);
      measure(100, 890_000);
      let calls = 0;
      pace.whenReady(() => calls++);
      const set = jest.spyOn(clock, 'after');
      let queued = 890_000;
      for (let count = 1; count <= 800; count++) {
        pace.missed();
        if (count % 193 === 0) queued -= kB * 1000;
        measure(150, queued);
      }
      expect(calls).toBe(0);
      expect(clock.pending).toBe(0);
      // Each of the first readings does, while it may be for a moment.
      expect(set.mock.calls.length).toBeLessThan(30);
      measure(150, 0);
      clock.advance(1);
      expect(calls).toBe(1);
      expect(pace.takes()).toBe(true);
    },
  );

  test('a reading during which something was given is not used', () => {
    pace.proveSlow();
    measure(10, 200_000);
    measure(100, 100_000);
    clock.advance(100);
    pace.begin();
    pace.gave(75_000);
    pace.measured({ queued: 0, rto: 200 }, clock.monotonic(), 0);
    expect(pace.takes()).toBe(false);
  });

  test('unless there was none else for some seconds, as on a machine where each takes long', () => {
    const longReading = (queued: number) => {
      clock.advance(150);
      pace.begin();
      clock.advance(10);
      pace.gave(3000);
      clock.advance(10);
      pace.measured({ queued, rto: 200 }, clock.monotonic() - 10, 10);
    };
    const rateAfter = (ms: number, queued: number) => {
      for (let passed = 0; passed < ms; passed += 170) {
        pace.missed();
        longReading(queued);
      }
      return pace.slow!.bitRate;
    };
    pace.proveSlow();
    expect(rateAfter(2900, 3000)).toBeUndefined();
    expect(rateAfter(3500, 3000)).toBeGreaterThan(100_000);
    measure(150, 200_000);
    measure(1000, 0);
    const before = pace.slow!.bitRate!;
    expect(rateAfter(2500, 50_000)).toBe(before);
    // The first one ends the search for the time of a round trip, and the second is of the rate.
    expect(rateAfter(4500, 50_000)).toBeLessThan(before);
  });

  test('so a slice waits for the reading that is being made, but not for long', () => {
    pace.proveSlow();
    measure(10, 200_000);
    measure(100, 100_000);
    measure(90, 1000);
    expect(pace.capacity()).toBeGreaterThan(0);
    pace.begin();
    expect(pace.capacity()).toBe(0);
    let calls = 0;
    pace.whenReady(() => calls++);
    clock.advance(7);
    expect([pace.capacity(), calls]).toEqual([0, 0]);
    clock.advance(2);
    expect(calls).toBe(1);
    expect(pace.capacity()).toBeGreaterThan(0);
    pace.begin();
    pace.measured({ queued: 0, rto: 200 }, clock.monotonic(), 0);
    expect(pace.capacity()).toBeGreaterThan(0);
  });

  test('while a picture is under way the queue is looked at for each that comes', () => {
    pace.proveSlow();
    measure(10, 200_000);
    const before = queues.refreshes;
    pace.proveSlow();
    expect(queues.refreshes).toBe(before + 1);
  });

  test('there is room for everything where nothing is known of the link', () => {
    expect(pace.capacity()).toBe(Number.POSITIVE_INFINITY);
    pace.proveSlow();
    expect(pace.capacity()).toBe(Number.POSITIVE_INFINITY);
    measure(10, 200_000);
    measure(100, 100_000);
    expect(pace.capacity()).toBe(0);
    pace.measured(undefined, clock.monotonic(), 0);
    expect(pace.capacity()).toBe(Number.POSITIVE_INFINITY);
  });

  test('nor one of which nobody knows when it was made, unless there is no better', () => {
    pace.proveSlow();
    measure(10, 200_000);
    measure(100, 100_000);
    measure(10, 0, 50);
    expect(pace.takes()).toBe(false);
    measure(1, 0);
    expect(pace.takes()).toBe(true);
    pace.gave(900_000);
    measure(1001, 0, 50);
    expect(pace.takes()).toBe(true);
  });

  test('what waits in the stream counts', () => {
    pace.proveSlow();
    connection.writableLength = 50_000;
    measure(10, 0);
    expect(pace.takes()).toBe(false);
  });

  test('pictures that others are built on may go while nothing is known yet', () => {
    pace.proveSlow();
    expect([pace.takes(), pace.takes(400)]).toEqual([false, true]);
  });

  test('a connection that is not in the table is as without one, and is looked for again later', () => {
    pace.proveSlow();
    let calls = 0;
    pace.whenReady(() => calls++);
    pace.measured(undefined, clock.monotonic(), 0);
    clock.advance(1);
    expect([pace.takes(), calls, queues.watched.size]).toEqual([true, 1, 0]);
    pace.proveSlow();
    expect(queues.watched.size).toBe(0);
    clock.advance(61_000);
    pace.proveSlow();
    expect(queues.watched.size).toBe(1);
  });

  test('without a table nobody is looked at', () => {
    queues.covered = false;
    pace.proveSlow();
    expect([queues.watched.size, pace.takes()]).toEqual([0, true]);
  });

  test('the owner is told once of one who never keeps up', () => {
    for (let ms = 0; ms < 120_000; ms += 1000) {
      clock.advance(1000);
      pace.proveSlow();
      measure(1, 100_000);
    }
    expect(told).toEqual([expect.stringContaining('The viewer 192.168.1.7 (MJPEG) cannot keep up: ')]);
  });

  test('one who was slow for a moment is not told of, and is looked at no more after half a minute', () => {
    pace.proveSlow();
    for (let count = 0; count < 31; count++) measure(1000, 0);
    expect(queues.watched.size).toBe(0);
    expect([pace.slow, told, pace.takes()]).toEqual([undefined, [], true]);
  });

  test('a viewer who leaves takes everything with him', () => {
    pace.proveSlow();
    measure(10, 200_000);
    measure(100, 100_000);
    pace.whenReady(() => {
      throw new Error('called');
    });
    connection.destroyed = true;
    connection.emit('close');
    expect([queues.watched.size, clock.pending]).toEqual([0, 0]);
  });
});
