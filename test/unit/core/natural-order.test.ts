import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { naturalOrder } from '../../../src/core/natural-order.ts';

test.each([
  [
    ['f10.jpg', 'f2.jpg', 'f1.jpg'],
    ['f1.jpg', 'f2.jpg', 'f10.jpg'],
  ],
  [
    ['enp10s0', 'enp2s1', 'enp2s0', 'eth0'],
    ['enp2s0', 'enp2s1', 'enp10s0', 'eth0'],
  ],
  [
    ['IMG_2.JPG', 'img_1.jpg', 'img_10.jpg'],
    ['img_1.jpg', 'IMG_2.JPG', 'img_10.jpg'],
  ],
  [
    ['b', 'a1', 'a', '10', '9'],
    ['9', '10', 'a', 'a1', 'b'],
  ],
  [
    ['192.0.2.10', '192.0.2.9'],
    ['192.0.2.9', '192.0.2.10'],
  ],
  [
    ['1', '01', '001'],
    ['001', '01', '1'],
  ],
])('%j is sorted as %j', (names, sorted) => {
  expect([...names].sort(naturalOrder)).toEqual(sorted);
});

const name = fc.string({ unit: fc.constantFrom('a', 'A', 'b', '0', '1', '9', '.') });

test('it is an order: the same either way round, and of three names whichever pair is compared', () => {
  fc.assert(
    fc.property(name, name, name, (one, two, three) => {
      expect(Math.sign(naturalOrder(one, two))).toBe(-Math.sign(naturalOrder(two, one)) || 0);
      expect(naturalOrder(one, two) === 0).toBe(one === two);
      if (naturalOrder(one, two) <= 0 && naturalOrder(two, three) <= 0) expect(naturalOrder(one, three)).toBeLessThanOrEqual(0);
    }),
  );
});
