import { describe, expect, jest, test } from '@jest/globals';
import { BufferGarbage, countBuffer, settingsLeft, usedFromNowOn, V8_SETTINGS } from '../../../src/platform/memory.ts';

const MEGABYTE = 1024 * 1024;

test('BufferGarbage asks for a collection once in a few megabytes', () => {
  const collect = jest.fn();
  const garbage = new BufferGarbage(collect);
  for (let k = 0; k < 64; k++) garbage.count(MEGABYTE / 4);
  expect(collect).toHaveBeenCalledTimes(4);
  garbage.count(8 * MEGABYTE);
  expect(collect).toHaveBeenCalledTimes(5);
});

test('a process whose V8 was not set up goes on as it is', () => {
  expect(() => {
    usedFromNowOn();
    countBuffer(100 * MEGABYTE);
  }).not.toThrow();
});

describe('ONVIF_CAMERA_PLAIN_V8', () => {
  const [first, second, ...rest] = V8_SETTINGS;

  test.each([undefined, '', ' ', '0'])('%j leaves all', (value) => {
    expect([...settingsLeft(value)]).toEqual([...V8_SETTINGS]);
  });

  test('1 leaves none', () => {
    expect(settingsLeft('1').size).toBe(0);
  });

  test('names leave the others', () => {
    expect([...settingsLeft(first)]).toEqual([second, ...rest]);
    expect([...settingsLeft(` ${first} , ${second}`)]).toEqual(rest);
  });

  test.each(['yes', '2', `${first},`, `${first} ${second}`, `${first},fast`])('%j is refused with the names that there are', (value) => {
    expect(() => settingsLeft(value)).toThrow(RangeError);
    for (const name of V8_SETTINGS) expect(() => settingsLeft(value)).toThrow(name);
  });
});
