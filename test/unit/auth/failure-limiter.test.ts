import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { addressKey } from '../../../src/auth/address-key.ts';
import { FailureLimiter, type Turn } from '../../../src/auth/failure-limiter.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const A = '192.168.1.10';
const B = '192.168.1.11';

/** A limiter, each of whose addresses guesses at a user of its own, on a new connection each time. */
function setup() {
  const clock = new FakeClock();
  const real = new FailureLimiter({ clock, users: { current: (user) => ({ ...user, level: 'User' }) } });
  const from = (address: string, signal?: AbortSignal) => ({ address, name: `user of ${address}`, connection: {}, signal });
  const limiter = {
    turn: (address: string, signal?: AbortSignal) => real.turn(from(address, signal)),
    failed: (address: string) => real.failed(from(address)),
    succeeded: (address: string) => real.succeeded(from(address), { name: `user of ${address}`, password: 'right', level: 'User' }),
  };
  const fail = (times: number, address = A) => {
    for (let i = 0; i < times; i++) limiter.failed(address);
  };
  return { clock, limiter, fail };
}

/** Makes attempts as a server does and notes at which time each had its turn, in milliseconds from now. */
function attempts(clock: FakeClock, limiter: ReturnType<typeof setup>['limiter'], results: readonly ('right' | 'wrong')[], address = A) {
  const start = clock.monotonic();
  const times: number[] = [];
  const attempt = async (result: 'right' | 'wrong') => {
    const turn = await limiter.turn(address);
    if (turn !== 'granted') return;
    times.push(clock.monotonic() - start);
    if (result === 'right') limiter.succeeded(address);
    else limiter.failed(address);
  };
  const done = Promise.all(results.map(attempt));
  return { times, done };
}

describe('an address without failures', () => {
  test('never waits, and is not remembered', () => {
    const { limiter, fail } = setup();
    for (let i = 0; i < 1000; i++) expect(limiter.turn(A)).toBe('granted');
    limiter.succeeded(A);
    expect(limiter.turn(A)).toBe('granted');
    fail(9, B);
    expect(limiter.turn(A)).toBe('granted');
  });
});

describe('failures', () => {
  test('five within a minute are free, counting the one that makes the next wait', () => {
    const { limiter, fail } = setup();
    fail(4);
    expect(limiter.turn(A)).toBe('granted');
    fail(1);
    expect(limiter.turn(A)).toBeInstanceOf(Promise);
  });

  test('four a minute stay free for ever', () => {
    const { limiter, clock, fail } = setup();
    for (let i = 0; i < 50; i++) {
      expect(limiter.turn(A)).toBe('granted');
      fail(1);
      clock.advance(15_001);
    }
  });

  test('a fifth one just inside the minute counts', () => {
    const { limiter, clock, fail } = setup();
    fail(1);
    clock.advance(59_999);
    fail(4);
    expect(limiter.turn(A)).toBeInstanceOf(Promise);
  });

  test('attempts are then taken one at a time, 0.25, 0.5, 1, 2, 2 seconds apart', async () => {
    const { limiter, clock, fail } = setup();
    fail(5);
    const { times, done } = attempts(
      clock,
      limiter,
      Array.from({ length: 7 }, () => 'wrong'),
    );
    await clock.advanceAsync(60_000);
    await done;
    expect(times).toEqual([250, 750, 1750, 3750, 5750, 7750, 9750]);
    expect(clock.pending).toBe(0);
  });

  test('an attempt that comes later than its distance goes at once, a second one beside it waits', async () => {
    const { limiter, clock, fail } = setup();
    fail(5);
    clock.advance(250);
    expect(limiter.turn(A)).toBe('granted');
    const second = limiter.turn(A);
    expect(second).toBeInstanceOf(Promise);
    clock.advance(250);
    expect(await second).toBe('granted');
  });

  test('attempts without a result are spaced as well', async () => {
    const { limiter, clock, fail } = setup();
    fail(5);
    const granted: number[] = [];
    const start = clock.monotonic();
    for (let i = 0; i < 3; i++) void Promise.resolve(limiter.turn(A)).then(() => granted.push(clock.monotonic() - start));
    await clock.advanceAsync(10_000);
    expect(granted).toEqual([250, 500, 750]);
  });

  test('are forgotten ten minutes after the last one', () => {
    const { limiter, clock, fail } = setup();
    fail(9);
    clock.advance(600_000 - 1);
    expect(limiter.turn(A)).toBe('granted');
    expect(limiter.turn(A)).toBeInstanceOf(Promise);
    const other = setup();
    other.fail(9);
    other.clock.advance(600_000);
    for (let i = 0; i < 5; i++) {
      expect(other.limiter.turn(A)).toBe('granted');
      other.fail(1);
    }
    expect(other.limiter.turn(A)).toBeInstanceOf(Promise);
  });

  test('of one address do not slow another', async () => {
    const { limiter, clock, fail } = setup();
    fail(9);
    const { done } = attempts(clock, limiter, ['wrong', 'wrong', 'wrong']);
    expect(limiter.turn(B)).toBe('granted');
    limiter.failed(B);
    expect(limiter.turn(B)).toBe('granted');
    await clock.advanceAsync(10_000);
    await done;
  });
});

describe('the right credentials', () => {
  test('wait their turn, then nobody behind them waits any longer', async () => {
    const { limiter, clock, fail } = setup();
    fail(8);
    const { times, done } = attempts(clock, limiter, ['wrong', 'right', 'right', 'right']);
    await clock.advanceAsync(10_000);
    await done;
    // The newest and the one before it come first, and both are right.
    expect(times).toEqual([2000, 2000, 2000, 2000]);
    expect(limiter.turn(A)).toBe('granted');
  });

  test('buy no free guesses: after the next failure the wait is as long as before', async () => {
    const { limiter, clock, fail } = setup();
    fail(8);
    const { times, done } = attempts(clock, limiter, ['right', 'wrong', 'wrong', 'right', 'wrong', 'wrong']);
    await clock.advanceAsync(10_000);
    await done;
    // Those that are wrong at 2, 4, 6 and 8 s: what is right in between makes them no faster.
    expect(times).toEqual([2000, 4000, 4000, 6000, 8000, 10_000]);
  });

  test('before the fifth failure give no failure back', () => {
    const { limiter, fail } = setup();
    fail(4);
    limiter.succeeded(A);
    fail(1);
    expect(limiter.turn(A)).toBeInstanceOf(Promise);
  });

  test('a minute after them five failures are free again', () => {
    const { limiter, clock, fail } = setup();
    fail(9);
    limiter.succeeded(A);
    clock.advance(60_000);
    fail(4);
    expect(limiter.turn(A)).toBe('granted');
  });
});

describe('waiting', () => {
  test('sixty-four may wait; with one more, the first of them is rejected at once', async () => {
    const { limiter, clock, fail } = setup();
    fail(5);
    const turns = Array.from({ length: 64 }, () => limiter.turn(A));
    const next = limiter.turn(A);
    expect(await turns[0]).toBe('rejected');
    clock.advance(250);
    expect(await next).toBe('granted');
    expect(limiter.turn(A)).toBeInstanceOf(Promise);
    void limiter.turn(A);
    expect(await turns[1]).toBe('rejected');
    expect(limiter.turn(B)).toBe('granted');
  });

  test('is for the newest and the one before it, by turns', async () => {
    const { limiter, clock, fail } = setup();
    fail(5);
    const order: number[] = [];
    for (let i = 0; i < 5; i++) void Promise.resolve(limiter.turn(A)).then(() => order.push(i));
    await clock.advanceAsync(10_000);
    expect(order).toEqual([4, 2, 3, 0, 1]);
  });

  test('is not jumped by who comes later, even when the wait is over for all', async () => {
    const { limiter, clock, fail } = setup();
    fail(8);
    const waiting = limiter.turn(A);
    limiter.succeeded(A);
    const later = limiter.turn(A);
    expect(later).toBeInstanceOf(Promise);
    clock.advance(0);
    expect(await Promise.all([waiting, later])).toEqual(['granted', 'granted']);
    expect(limiter.turn(A)).toBe('granted');
  });

  test('ends when the client has gone, and its place is free', async () => {
    const { limiter, clock, fail } = setup();
    fail(5);
    const gone = new AbortController();
    const first = limiter.turn(A, gone.signal);
    const second = limiter.turn(A);
    gone.abort();
    expect(await first).toBe('aborted');
    clock.advance(250);
    expect(await second).toBe('granted');
  });

  test('leaves no timer when all have gone', async () => {
    const { limiter, clock, fail } = setup();
    fail(5);
    const gone = new AbortController();
    const turns: (Turn | Promise<Turn>)[] = [limiter.turn(A, gone.signal), limiter.turn(A, gone.signal)];
    expect(clock.pending).toBe(1);
    gone.abort();
    expect(await Promise.all(turns)).toEqual(['aborted', 'aborted']);
    expect(clock.pending).toBe(0);
    const next = limiter.turn(A);
    clock.advance(250);
    expect(await next).toBe('granted');
  });

  test('does not begin for a client that has gone already', () => {
    const { limiter, fail } = setup();
    fail(5);
    expect(limiter.turn(A, AbortSignal.abort())).toBe('aborted');
  });

  test('an abort after the turn was granted changes nothing', async () => {
    const { limiter, clock, fail } = setup();
    fail(5);
    const gone = new AbortController();
    const first = limiter.turn(A);
    const second = limiter.turn(A, gone.signal);
    clock.advance(250);
    gone.abort();
    expect(await second).toBe('granted');
    clock.advance(250);
    expect(await first).toBe('granted');
  });

  test('leaves no listener on the signal', async () => {
    const { limiter, clock, fail } = setup();
    fail(5);
    const { signal } = new AbortController();
    const turn = limiter.turn(A, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    clock.advance(250);
    await turn;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

describe('memory', () => {
  const address = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;

  test('holds 10 000 addresses; the one that failed longest ago goes, and those that wait are served', async () => {
    const { limiter, clock, fail } = setup();
    fail(5, address(0));
    fail(5, address(1));
    const waiting = limiter.turn(address(1));
    for (let i = 2; i < 10_000; i++) limiter.failed(address(i));
    limiter.failed(address(2));
    expect(limiter.turn(address(0))).toBeInstanceOf(Promise);
    limiter.failed(address(0));
    expect(limiter.turn(address(0))).toBeInstanceOf(Promise);
    limiter.failed(address(10_000));
    expect(limiter.turn(address(0))).toBeInstanceOf(Promise);
    expect(limiter.turn(address(1))).toBe('granted');
    clock.advance(250);
    expect(await waiting).toBe('granted');
  });
});

describe('addressKey', () => {
  test.each([
    ['192.168.1.10', '192.168.1.10'],
    ['::ffff:192.168.1.10', '192.168.1.10'],
    ['::FFFF:192.168.1.10', '192.168.1.10'],
    ['::ffff:c0a8:10a', '192.168.1.10'],
    ['0:0:0:0:0:ffff:c0a8:010a', '192.168.1.10'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::1', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['64:ff9b::192.168.1.10', '64:ff9b:0:0'],
    ['', ''],
  ])('%s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });

  test('one network is one peer, two are two', () => {
    const { limiter, fail } = setup();
    fail(3, '2001:db8:1:2::1');
    fail(2, '2001:db8:1:2::2');
    expect(limiter.turn('2001:db8:1:2:ffff::3')).toBeInstanceOf(Promise);
    expect(limiter.turn('2001:db8:1:3::1')).toBe('granted');
    fail(5, '::ffff:10.0.0.1');
    expect(limiter.turn('10.0.0.1')).toBeInstanceOf(Promise);
  });

  test('never throws', () => {
    for (const text of [':', ':::', '::::::::::::', 'a:b:c', '::1::2', 'x:y:z:%', '::ffff:1.2', '1:2:3:4:5:6:7:8:9', ':1.2.3.4.5']) {
      expect(typeof addressKey(text)).toBe('string');
    }
  });
});

test('keeps of a failure no more than the beginning of the name, not the message that it stood in', () => {
  const COUNT = 100;
  const { clock } = setup();
  const limiter = new FailureLimiter({ clock, users: { current: () => undefined } });
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  for (let k = 0; k < COUNT; k++) {
    const message = `<Username>${k} ${'x'.repeat(200_000)}</Username>`;
    limiter.failed({ address: A, name: message.slice(10, -11), connection: {} });
  }
  expect((used() - before) / COUNT).toBeLessThan(20_000);
});
