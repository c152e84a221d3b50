import { expect, test } from '@jest/globals';
import { table } from '../../../src/cli/output.ts';
import { Progress } from '../../../src/cli/progress.ts';
import { duration, localTime } from '../../../src/core/times.ts';

test.each([
  [-5, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [3_599_000, '59 min 59 s'],
  [3_600_000, '1 h'],
  [11_100_000, '3 h 5 min'],
  [86_400_000, '1 day'],
  [180_000_000, '2 days 2 h'],
  [172_860_000, '2 days'],
])('%d ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('times are those of this machine, with the date where it is another day', () => {
  const time = new Date(2026, 10, 3, 4, 5, 6);
  expect(localTime(time, new Date(2026, 10, 3, 23))).toBe('04:05:06');
  expect(localTime(time, new Date(2026, 10, 4, 0))).toBe('2026-11-03 04:05:06');
});

test('a table has its columns below each other, and moves no cursor', () => {
  expect(
    table(
      ['A', 'LONG'],
      [
        ['xyz', '1'],
        ['\u001b[2J', ''],
      ],
    ),
  ).toBe('A        LONG\nxyz      1\n\\x1b[2J\n');
});

test('progress is one line of a terminal, and nothing elsewhere', () => {
  const shown = (isTTY: boolean | undefined) => {
    const written: string[] = [];
    const progress = new Progress({ isTTY, write: (text) => written.push(text) });
    progress.show('one');
    progress.show('two');
    progress.end();
    progress.end();
    return written;
  };
  expect(shown(true)).toEqual(['\r\x1b[Kone', '\r\x1b[Ktwo', '\r\x1b[K']);
  expect(shown(false)).toEqual([]);
  expect(shown(undefined)).toEqual([]);
});
