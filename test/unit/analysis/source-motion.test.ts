import { beforeEach, expect, test } from '@jest/globals';
import { SourceMotion } from '../../../src/analysis/source-motion.ts';

let motion: SourceMotion;
beforeEach(() => {
  motion = new SourceMotion();
  motion.begin(0);
});

test('what goes on for a moment is motion, what flickers once is not', () => {
  motion.told('', true, 10_000);
  motion.told('', false, 10_100);
  expect(motion.look(10_200)).toBe(false);
  motion.told('', true, 20_000);
  expect(motion.look(20_100)).toBe(false);
  expect(motion.look(20_400)).toBe(true);
});

test('what flickers again within a second or so is motion, in whatever region', () => {
  motion.told('1', true, 10_000);
  motion.told('1', false, 10_100);
  motion.told('2', true, 11_000);
  expect(motion.look(11_010)).toBe(true);
  expect(motion.look(11_020)).toBe(false);
});

test.each([
  ['the light', { lux: 400 }, { lux: 900 }],
  ['the exposure', { lux: 400, exposure: 10_000 }, { lux: 400, exposure: 4000 }],
])('a jump of %s is none, nor what follows it for a moment', (_, before, after) => {
  motion.light(before, 9900);
  motion.told('', true, 10_000);
  motion.light(after, 10_050);
  expect(motion.look(10_500)).toBe(false);
  motion.told('', false, 10_900);
  motion.told('', true, 11_000);
  motion.told('', false, 11_200);
  expect(motion.look(11_300)).toBe(false);
  motion.told('', true, 13_000);
  expect(motion.look(13_400)).toBe(true);
});

test('a slow change of the light does not hide motion', () => {
  for (let k = 0; k < 10; k++) motion.light({ lux: 400 + 40 * k }, 10_000 + 66 * k);
  motion.told('', true, 10_700);
  expect(motion.look(11_100)).toBe(true);
});

test('the first moments of a capture are none: the exposure is being found', () => {
  motion.begin(10_000);
  motion.told('', true, 10_500);
  expect(motion.look(12_000)).toBe(false);
  motion.told('', false, 12_500);
  expect(motion.look(14_000)).toBe(false);
});

test('a region that was moving when the capture ended moves no more', () => {
  motion.told('', true, 10_000);
  motion.begin(10_100);
  expect(motion.isAwake(20_000)).toBe(false);
  expect(motion.look(20_000)).toBe(false);
});
