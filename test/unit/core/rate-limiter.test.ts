import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RateLimiter } from '../../../src/core/rate-limiter.ts';

/** The moments (milliseconds) that pass. */
function passing(rate: number, moments: readonly number[]): number[] {
  const limiter = new RateLimiter(rate);
  return moments.filter((moment) => limiter.pass(moment));
}

/** Moments of a source at `rate` per second, each moved by up to `jitter` of its interval; `chance` gives 0 to 1. */
const source = (rate: number, count: number, jitter = 0, chance: (at: number) => number = () => 0.5) =>
  Array.from({ length: count }, (_, at) => ((at + (2 * chance(at) - 1) * jitter) * 1000) / rate);

const gaps = (moments: readonly number[]) => moments.slice(1).map((moment, at) => moment - moments[at]!);

const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 300, maxLength: 300 });

describe('RateLimiter', () => {
  test.each([
    [30, 15],
    [30, 10],
    [10, 1],
    [60, 15],
    [10, 2.5],
    [100, 0.5],
  ])('%d per second become %d, evenly spread', (from, to) => {
    const passed = passing(
      to,
      source(from, 40 * (from / to), 0.05, (at) => (at * 0.618) % 1),
    );
    const spread = gaps(passed.slice(1));
    expect(spread.length).toBeGreaterThan(30);
    for (const gap of spread) expect(Math.abs(gap - 1000 / to)).toBeLessThanOrEqual(1.2 * (1000 / from));
  });

  test('every second picture of a source at twice the rate, however its moments waver', () => {
    fc.assert(
      fc.property(chances, (chance) => {
        const passed = passing(
          15,
          source(30, 300, 0.09, (at) => chance[at]!),
        );
        for (const gap of gaps(passed)) expect(Math.abs(gap - 1000 / 15)).toBeLessThan(0.2 * (1000 / 30));
      }),
    );
  });

  test('loses nothing of a source at exactly the rate whose intervals vary by 40 %', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.1, max: 120, noNaN: true }), chances, (rate, chance) => {
        // Two neighbours that move by 20 % towards each other make an interval 40 % shorter.
        const moments = source(rate, 300, 0.199, (at) => chance[at]!);
        expect(passing(rate, moments)).toHaveLength(300);
      }),
    );
  });

  test('loses nothing of a slower source', () => {
    expect(passing(15, source(14.9, 500))).toHaveLength(500);
    expect(passing(15, source(1, 50))).toHaveLength(50);
  });

  test('keeps the average rate, and half an interval between any two, whatever comes', () => {
    const anything = fc.array(fc.double({ min: 0, max: 150, noNaN: true }), { minLength: 50, maxLength: 400 });
    fc.assert(
      fc.property(fc.double({ min: 1, max: 50, noNaN: true }), anything, (rate, pauses) => {
        let now = 12_345;
        const moments = pauses.map((pause) => {
          now += pause;
          return now;
        });
        const interval = 1000 / rate;
        const passed = passing(rate, moments);
        expect(passed[0]).toBe(moments[0]);
        for (const gap of gaps(passed)) expect(gap).toBeGreaterThan(interval * 0.499);
        for (const [at, from] of passed.entries()) {
          // From any moment on: never more than the rate allows, but for the one at the start, one early and one late.
          for (const [more, to] of passed.slice(at).entries()) expect(more).toBeLessThanOrEqual((to - from) / interval + 1.5);
        }
      }),
    );
  });

  test('gives the full rate from any source that is faster', () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 60, noNaN: true }), fc.double({ min: 1.01, max: 20, noNaN: true }), (rate, factor) => {
        const count = 2000;
        const seconds = count / (rate * factor);
        const passed = passing(rate, source(rate * factor, count)).length;
        expect(passed).toBeGreaterThan(rate * seconds - 2);
        expect(passed).toBeLessThan(rate * seconds + 2);
      }),
    );
  });

  test('starts anew after a pause instead of catching up', () => {
    const limiter = new RateLimiter(10);
    const minute = 60_000;
    for (let at = 0; at <= 1000; at += 100) limiter.pass(at);
    const after = Array.from({ length: 100 }, (_, at) => minute + at * 10).filter((moment) => limiter.pass(moment));
    expect(after[0]).toBe(minute);
    expect(after.length).toBeLessThanOrEqual(11);
  });
});
