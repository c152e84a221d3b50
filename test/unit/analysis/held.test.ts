import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Held } from '../../../src/analysis/held.ts';

test('begins and ends after its hold times, without a break', () => {
  const held = new Held({ on: 1000, off: 2000 });
  expect([0, 500, 999, 1000].map((at) => held.update(true, at))).toEqual([false, false, false, true]);
  expect([1500, 3000].map((at) => held.update(false, at))).toEqual([true, true]);
  expect(held.update(true, 3200)).toBe(true);
  expect([3300, 5000, 5300].map((at) => held.update(false, at))).toEqual([true, true, false]);
});

test('what cannot be told starts the hold time anew, and changes nothing', () => {
  const held = new Held({ on: 1000, off: 0 });
  held.update(true, 0);
  held.update(undefined, 900);
  expect(held.update(true, 1100)).toBe(false);
  expect(held.update(true, 2100)).toBe(true);
  expect(held.update(undefined, 9000)).toBe(true);
});

test('never changes twice within the shorter hold time', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 400 })), { maxLength: 200 }), (steps) => {
      const held = new Held({ on: 500, off: 700 });
      let at = 0;
      let changedAt = Number.NEGATIVE_INFINITY;
      let before = false;
      for (const [seen, step] of steps) {
        at += step;
        const now = held.update(seen, at);
        if (now !== before) {
          expect(at - changedAt).toBeGreaterThanOrEqual(500);
          changedAt = at;
        }
        before = now;
      }
    }),
  );
});
