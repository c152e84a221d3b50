import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { StreamTimes } from '../../../src/frames/stream-times.ts';

const MODULUS = 2 ** 31;

describe('times of a stream', () => {
  test('are the arrival of the first, and then its own, however late and in bunches the pictures come', () => {
    const times = new StreamTimes(MODULUS);
    expect([0, 67, 133, 200, 267].map((own, at) => times.at(own, [5000, 5300, 5301, 5302, 5303][at]!))).toEqual([
      5000, 5067, 5133, 5200, 5267,
    ]);
  });

  test('are put together anew where they have parted by a second, either way, and never go back', () => {
    const times = new StreamTimes(MODULUS);
    expect(times.at(0, 5000)).toBe(5000);
    expect(times.at(100, 6099)).toBe(5100);
    expect(times.at(200, 6200)).toBe(6200);
    expect(times.at(267, 6270)).toBe(6267);
    // The stream says that hours went by, and then that none did.
    expect(times.at(9_000_000, 6300)).toBe(6300);
    expect(times.at(300, 6310)).toBe(6310);
    expect(times.at(2300, 6400)).toBe(6400);
    // Slightly back: it stays behind the one before.
    expect(times.at(2290, 6401)).toBe(6402);
  });

  test('are not in the future for long where the first picture was late', () => {
    const times = new StreamTimes(MODULUS);
    const late = [0, 200, 400, 600, 800].map((own) => times.at(own, 5000));

    expect(Math.max(...late)).toBeLessThan(5250);
    expect(times.at(1000, 5200)).toBeLessThan(5400);
    expect(times.at(5000, 9200)).toBeLessThan(9250);
  });

  test('go on where the time of the stream begins at 0 again', () => {
    const times = new StreamTimes(MODULUS);
    expect([MODULUS - 50, MODULUS - 17, 16, 50].map((own) => times.at(own, 1000))).toEqual([1000, 1033, 1066, 1100]);
  });

  test('rise always, and stay within a second before the arrival, and a quarter behind it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(MODULUS - 1), fc.integer({ min: 2, max: 3000 })), { maxLength: 60 }), (pictures) => {
        const times = new StreamTimes(MODULUS);
        let arrival = 0;
        let last = Number.NEGATIVE_INFINITY;
        for (const [own, wait] of pictures) {
          arrival += wait;
          const time = times.at(own, arrival);
          expect(time).toBeGreaterThan(last);
          expect(time).toBeGreaterThan(arrival - 1000);
          expect(time).toBeLessThan(arrival + 250);
          last = time;
        }
      }),
    );
  });
});
