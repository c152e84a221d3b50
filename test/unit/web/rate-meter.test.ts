import { expect, test } from '@jest/globals';
import { RateMeter } from '../../../src/web/page/rate-meter.ts';

/** A meter after a first picture at 0 and `count` more, `everyMs` apart. */
function after(count: number, everyMs: number): RateMeter {
  const meter = new RateMeter();
  for (let index = 0; index <= count; index += 1) meter.add(index * everyMs);
  return meter;
}

test('measures the rate of what arrives, without the picture that waited at the server', () => {
  const meter = new RateMeter();
  for (const at of [0, 5, 105, 205]) meter.add(at);
  expect(meter.rate(205)).toBe(10);
});

test('is unknown before there are two pictures to measure between', () => {
  expect(new RateMeter().rate(0)).toBe(0);
  expect(after(1, 100).rate(100)).toBe(0);
});

test('follows a change, and a slow camera has a rate too', () => {
  const meter = after(100, 50);
  for (let index = 1; index <= 60; index += 1) meter.add(5000 + index * 100);
  expect(meter.rate(11_000)).toBe(10);
  expect(after(4, 10_000).rate(40_000)).toBeCloseTo(0.1);
});

test('forgets what is old, and everything with a new connection', () => {
  const meter = after(10, 100);
  expect(meter.rate(60_000)).toBe(0);
  const other = after(10, 100);
  other.reset();
  expect(other.rate(1000)).toBe(0);
  for (const at of [2000, 2010, 2110]) other.add(at);
  expect(other.rate(2110)).toBe(10);
});
