import { afterEach, expect, jest, test } from '@jest/globals';
import { MAX_DELAY_MS, systemClock } from '../../../src/core/clock.ts';

afterEach(() => {
  jest.restoreAllMocks();
});

test('a timer that is to wait for longer than Node.js can waits for as long as that, not for 1 ms', () => {
  const once = jest.spyOn(globalThis, 'setTimeout');
  const again = jest.spyOn(globalThis, 'setInterval');
  systemClock.after(1e12, () => {})();
  systemClock.every(1e12, () => {})();
  systemClock.after(10, () => {})();
  expect(once.mock.calls.map(([, ms]) => ms)).toEqual([MAX_DELAY_MS, 10]);
  expect(again.mock.calls.map(([, ms]) => ms)).toEqual([MAX_DELAY_MS]);
});
