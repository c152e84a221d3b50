import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Area, disjoint, readArea } from '../../../src/frames/area.ts';

test.each(['0,0,1,1', '0.25,0.5,0.5,0.5', ' .5 , 0 , .5 , 1 ', '0.3333,0,0.6667,1'])('"%s" is an area', (text) => {
  expect(readArea(text)).toBeDefined();
});

test.each(['', '0,0,1', '0,0,1,1,1', '0.6,0,0.5,1', '0,0,0,1', '-0.1,0,0.5,1', '0,0,1,x', '1,0,0.1,1', '0,0,Infinity,1'])(
  '"%s" is none',
  (text) => {
    expect(readArea(text)).toBeUndefined();
  },
);

const area = fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9), fc.nat(9)).map(([x, y, width, height]): Area => {
  return { x: x / 10, y: y / 10, width: Math.min(10 - x, width + 1) / 10, height: Math.min(10 - y, height + 1) / 10 };
});
const covers = (areas: readonly Area[], x: number, y: number) =>
  areas.filter((each) => x > each.x && x < each.x + each.width && y > each.y && y < each.y + each.height).length;

test('zones without masks become rectangles that cover the same, each place once', () => {
  fc.assert(
    fc.property(fc.array(area, { maxLength: 4 }), fc.array(area, { maxLength: 4 }), (zones, masks) => {
      const found = disjoint(zones, masks);
      for (let x = 0.05; x < 1; x += 0.1) {
        for (let y = 0.05; y < 1; y += 0.1) {
          const counts = (zones.length === 0 || covers(zones, x, y) > 0) && covers(masks, x, y) === 0;
          expect(covers(found, x, y)).toBe(counts ? 1 : 0);
        }
      }
    }),
  );
});
