import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { backoffDelay } from '../../../src/core/backoff.ts';

const POLICY = { firstMs: 300, maxMs: 30_000 };
const middle = () => 0.5;

describe('backoffDelay', () => {
  test('doubles up to the longest wait', () => {
    const delays = Array.from({ length: 9 }, (_, at) => backoffDelay(POLICY, at + 1, middle));
    expect(delays).toEqual([300, 600, 1200, 2400, 4800, 9600, 19_200, 30_000, 30_000]);
  });

  test('stays at the longest wait however often it failed', () => {
    expect(backoffDelay(POLICY, 10_000, middle)).toBe(30_000);
    expect(backoffDelay(POLICY, Number.MAX_SAFE_INTEGER, middle)).toBe(30_000);
  });

  test('is 20 % shorter to 20 % longer by chance', () => {
    expect(backoffDelay(POLICY, 1, () => 0)).toBeCloseTo(240);
    expect(backoffDelay(POLICY, 1, () => 1 - Number.EPSILON)).toBeCloseTo(360);
    const delays = Array.from({ length: 200 }, () => backoffDelay(POLICY, 1));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(240);
    expect(Math.max(...delays)).toBeLessThanOrEqual(360);
    expect(new Set(delays).size).toBeGreaterThan(100);
  });

  test('is a wait of some length for any policy and attempt', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: 10_000, max: 1_000_000 }),
        fc.integer({ min: 1, max: 2 ** 40 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (firstMs, maxMs, attempt, chance) => {
          const delay = backoffDelay({ firstMs, maxMs }, attempt, () => chance);
          expect(delay).toBeGreaterThanOrEqual(firstMs * 0.8);
          expect(delay).toBeLessThanOrEqual(maxMs * 1.2);
        },
      ),
    );
  });
});
