import { beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import type { Frame } from '../../../src/frames/frame.ts';
import type { StreamState } from '../../../src/frames/stream-state.ts';
import { Hub } from '../../../src/streams/hub.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { makeFrame } from '../../support/frames.ts';

let clock: FakeClock;
let calls: string[];
let hub: Hub;
let sequence: number;
const never = () => new AbortController().signal;

const make = (idleTimeout: number | 'always') => {
  hub = new Hub({
    demand: { start: () => calls.push('start'), stop: () => calls.push('stop'), retry: () => calls.push('retry') },
    idleTimeout,
    clock,
  });
};
const report = (state: StreamState, error?: AppError) => hub.setStatus({ state, error, notices: [], source: 'camera' });
const publish = (): Frame => {
  const frame = makeFrame(++sequence, clock);
  hub.publish(frame);
  return frame;
};

beforeEach(() => {
  clock = new FakeClock();
  calls = [];
  sequence = 0;
  make(30);
});

describe('leases', () => {
  test('the first turns the camera on, the last turns it off after the idle time', () => {
    const first = hub.lease();
    const second = hub.lease();
    expect(calls).toEqual(['start']);
    first();
    clock.advance(100_000);
    expect(calls).toEqual(['start']);
    second();
    clock.advance(29_999);
    expect(calls).toEqual(['start']);
    clock.advance(1);
    expect(calls).toEqual(['start', 'stop']);
  });

  test('a page change within the idle time leaves the camera on', () => {
    hub.lease()();
    clock.advance(20_000);
    const again = hub.lease();
    clock.advance(60_000);
    expect(calls).toEqual(['start']);
    again();
    clock.advance(30_000);
    expect(calls).toEqual(['start', 'stop']);
    expect(clock.pending).toBe(0);
  });

  test('giving one up twice counts once', () => {
    const first = hub.lease();
    hub.lease();
    first();
    first();
    clock.advance(60_000);
    expect(calls).toEqual(['start']);
  });

  test('0 stops at once, always never', () => {
    make(0);
    hub.lease()();
    expect(calls).toEqual(['start', 'stop']);
    calls.length = 0;
    make('always');
    hub.start();
    hub.lease()();
    clock.advance(1e9);
    expect(calls).toEqual(['start']);
  });
});

describe('watched', () => {
  test('while somebody has a lease, and for a while after; the setting `always` is nobody', () => {
    make('always');
    hub.start();
    expect(hub.watched).toBe(false);
    const release = hub.lease();
    clock.advance(100_000);
    expect(hub.watched).toBe(true);
    release();
    clock.advance(14_000);
    expect(hub.watched).toBe(true);
    clock.advance(2000);
    expect(hub.watched).toBe(false);
  });

  test('who comes to a camera that failed while nobody watched asks it to start again', () => {
    make('always');
    hub.start();
    report('failed', new AppError('CAMERA_BUSY', 'busy'));
    hub.lease();
    hub.lease();
    expect(calls).toEqual(['start', 'start']);
  });

  test('a try that is asked for turns the camera on, and is passed on', () => {
    hub.retry();
    expect(calls).toEqual(['start', 'retry']);
    clock.advance(30_000);
    expect(calls).toEqual(['start', 'retry', 'stop']);
  });
});

describe('frames', () => {
  test('reach every subscriber until it leaves', () => {
    const seen: string[] = [];
    const leaveA = hub.subscribe((frame) => seen.push(`a${frame.sequence}`));
    hub.subscribe((frame) => seen.push(`b${frame.sequence}`));
    publish();
    leaveA();
    publish();
    expect(seen).toEqual(['a1', 'b1', 'b2']);
  });

  test('a camera that goes off takes its last picture with it; one that stalls does not', () => {
    report('live');
    const frame = publish();
    report('stalled');
    expect(hub.latest).toBe(frame);
    report('idle');
    expect(hub.latest).toBeUndefined();
  });

  test('the rate is measured while pictures come', () => {
    report('live');
    expect(hub.fps).toBe(0);
    for (let k = 0; k < 30; k++) {
      publish();
      clock.advance(40);
    }
    expect(hub.fps).toBeCloseTo(25, 5);
    report('stalled');
    expect(hub.fps).toBe(0);
  });
});

describe('current', () => {
  test('gives the latest picture of a live camera at once, and keeps it on for the idle time', async () => {
    report('live');
    const frame = publish();
    clock.advance(1000);
    expect(await hub.current(10_000, never())).toBe(frame);
    expect(calls).toEqual(['start']);
    clock.advance(30_000);
    expect(calls).toEqual(['start', 'stop']);
  });

  test('never gives an old picture: it waits for the next', async () => {
    report('live');
    publish();
    clock.advance(2000);
    const waiting = hub.current(10_000, never());
    const next = publish();
    expect(await waiting).toBe(next);
  });

  test('many who ask an idle camera start it once and get the same picture', async () => {
    const all = Array.from({ length: 50 }, () => hub.current(10_000, never()));
    expect(calls).toEqual(['start']);
    report('live');
    const frame = publish();
    expect(new Set(await Promise.all(all))).toEqual(new Set([frame]));
  });

  test('gives up after the time, and lets the camera go', async () => {
    const waiting = hub.current(10_000, never());
    clock.advance(10_000);
    expect(await waiting).toBeUndefined();
    clock.advance(30_000);
    expect(calls).toEqual(['start', 'stop']);
  });

  test('gives up at once where waiting is hopeless, but waits for a busy camera', async () => {
    const hopeless = hub.current(10_000, never());
    const busy = hub.current(10_000, never());
    report('failed', new AppError('CAMERA_BUSY', 'busy'));
    report('failed', new AppError('NO_CAMERA', 'none'));
    expect(await hopeless).toBeUndefined();
    expect(await busy).toBeUndefined();
    expect(await hub.current(10_000, never())).toBeUndefined();
    report('failed', new AppError('CAMERA_BUSY', 'busy'));
    const patient = hub.current(10_000, never());
    report('live');
    const frame = publish();
    expect(await patient).toBe(frame);
  });

  test('a client that goes leaves nothing behind', async () => {
    const gone = new AbortController();
    const waiting = hub.current(10_000, gone.signal);
    gone.abort();
    expect(await waiting).toBeUndefined();
    clock.advance(30_000);
    expect(calls).toEqual(['start', 'stop']);
    expect(clock.pending).toBe(0);
  });
});

describe('following', () => {
  const frames = (count: number, intervalMs: number) => {
    report('live');
    for (let k = 0; k < count; k++) {
      clock.advance(intervalMs);
      publish();
    }
    return hub.latest!;
  };

  test('gives the next frame to who has the latest, and keeps the camera on for it', async () => {
    const { sequence } = frames(3, 100);
    const waiting = hub.following(sequence, never());
    expect(calls).toEqual(['start']);
    clock.advance(100);
    const next = publish();
    expect(await waiting).toBe(next);
    clock.advance(30_000);
    expect(calls).toEqual(['start', 'stop']);
    expect(clock.pending).toBe(0);
  });

  test('does not wait where another frame is there already', async () => {
    const { sequence } = frames(3, 100);
    publish();
    expect(await hub.following(sequence, never())).toBeUndefined();
    expect(await hub.following(0, never())).toBeUndefined();
    expect(calls).toEqual([]);
  });

  test.each([
    [100, 300],
    [500, 1500],
    [5000, 2000],
  ])('at one frame in %d ms waits for %d ms at most', async (interval, longest) => {
    const { sequence } = frames(5, interval);
    let done = false;
    const waiting = hub.following(sequence, never()).finally(() => (done = true));
    await clock.advanceAsync(longest - 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    clock.advance(1);
    expect(await waiting).toBeUndefined();
  });

  test.each<StreamState>(['idle', 'starting', 'stalled', 'failed'])('expects none while the camera is %s', async (state) => {
    const { sequence } = frames(3, 100);
    const waiting = hub.following(sequence, never());
    report(state);
    expect(await waiting).toBeUndefined();
    expect(await hub.following(sequence, never())).toBeUndefined();
  });

  test('a client that goes leaves nothing behind', async () => {
    const { sequence } = frames(3, 100);
    const gone = new AbortController();
    const waiting = hub.following(sequence, gone.signal);
    gone.abort();
    expect(await waiting).toBeUndefined();
    expect(await hub.following(sequence, gone.signal)).toBeUndefined();
    clock.advance(30_000);
    expect(clock.pending).toBe(0);
  });
});
