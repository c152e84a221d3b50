import { describe, expect, test } from '@jest/globals';
import { formatRate, formatSize, formatViewers, prosePieces, snapshotName } from '../../../src/web/page/format.ts';

test.each([
  [0, ''],
  [0.1, '0.1 fps'],
  [9.94, '9.9 fps'],
  [9.96, '10 fps'],
  [14.93, '15 fps'],
])('a rate of %p is shown as %p', (fps, shown) => {
  expect(formatRate(fps)).toBe(shown);
});

test('an unknown size is not shown', () => {
  expect([formatSize(1280, 720), formatSize(0, 0)]).toEqual(['1280 × 720', '']);
});

test('counts viewers in words', () => {
  expect([0, 1, 2].map(formatViewers)).toEqual(['0 viewers', '1 viewer', '2 viewers']);
});

describe('snapshotName', () => {
  const at = new Date(2025, 10, 3, 4, 5, 6);

  test.each([
    ['Pi Camera', 'pi-camera-2025-11-03-04-05-06.jpg'],
    ['  ../Café: "Tür" 2  ', 'café-tür-2-2025-11-03-04-05-06.jpg'],
    ['', 'snapshot-2025-11-03-04-05-06.jpg'],
    ['///', 'snapshot-2025-11-03-04-05-06.jpg'],
  ])('%p', (camera, name) => {
    expect(snapshotName(camera, at)).toBe(name);
  });
});

test.each([
  ['Run `a b` or `c`.', ['Run ', '[a b]', ' or ', '[c]', '.']],
  ['`a`', ['[a]']],
  ['An odd ` one', ['An odd ` one']],
  ['', []],
])('finds the commands in %p', (text, pieces) => {
  expect(prosePieces(text).map((piece) => (piece.code ? `[${piece.text}]` : piece.text))).toEqual(pieces);
});
