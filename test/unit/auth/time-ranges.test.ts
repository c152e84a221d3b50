import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type TimeRange, TimeRanges } from '../../../src/auth/time-ranges.ts';

const range = fc
  .tuple(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 500 }))
  .map(([from, length]): TimeRange => [from, from + length]);
const few = fc.array(range, { maxLength: 16 });

describe('TimeRanges', () => {
  test('have both ends, and nothing beside', () => {
    const ranges = new TimeRanges([[10, 20]]);
    expect([9, 10, 20, 21].map((time) => ranges.has(time))).toEqual([false, true, true, false]);
    expect(new TimeRanges().has(0)).toBe(false);
  });

  test('up to sixteen hold exactly what was put in, whatever the order', () => {
    fc.assert(
      fc.property(few, fc.integer({ min: -1, max: 10_501 }), (list, time) => {
        expect(new TimeRanges(list).has(time)).toBe(list.some(([from, to]) => from <= time && time <= to));
      }),
    );
  });

  test('any number hold at least that, in at most sixteen spans that stand in order and apart', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 100 }), (list) => {
        const ranges = new TimeRanges(list);
        for (const [from, to] of list) expect([from, to].map((time) => ranges.has(time))).toEqual([true, true]);
        expect(ranges.list.length).toBeLessThanOrEqual(16);
        for (const [at, [from]] of ranges.list.slice(1).entries()) expect(from).toBeGreaterThan(ranges.list[at]![1]);
      }),
    );
  });

  test('beyond sixteen the two nearest grow together; one far away stays apart', () => {
    const near = Array.from({ length: 16 }, (_, at): TimeRange => [at * 100, at * 100 + (at === 7 ? 60 : 50)]);
    const ranges = new TimeRanges([...near, [1_000_000, 1_000_001]]);
    expect(ranges.list).toHaveLength(16);
    expect(ranges.has(780)).toBe(true);
    expect(ranges.has(680)).toBe(false);
    expect(ranges.has(500_000)).toBe(false);
  });

  test('until a time: what lies before it, and of what lies across it the part before', () => {
    fc.assert(
      fc.property(few, fc.integer({ min: 0, max: 10_500 }), fc.integer({ min: 0, max: 10_500 }), (list, end, time) => {
        const ranges = new TimeRanges(list);
        expect(ranges.until(end).has(time)).toBe(time <= end && ranges.has(time));
      }),
    );
  });
});
