import { describe, expect, test } from '@jest/globals';
import { durationMs, timeUntil } from '../../../../src/protocols/notification/termination.ts';

const DAY = 86_400_000;

describe('durationMs', () => {
  test.each([
    ['PT10M', 600_000],
    ['PT600S', 600_000],
    ['P1DT2H3M4.5S', DAY + 7_384_500],
    ['P1M', 30.436875 * DAY],
    ['PT1M', 60_000],
    ['P1Y', 365.2425 * DAY],
    ['PT0S', 0],
    ['-PT5S', -5000],
    [' PT5S\n', 5000],
  ])('%j is %d ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  test.each([
    '',
    'P',
    'PT',
    '-P',
    'P1DT',
    '10',
    'PT10',
    '10S',
    'PT1S1M',
    'P1S',
    'PT-5S',
    '--PT5S',
    'PT.5S',
    'PT5.S',
    'pt5s',
    'PT5S x',
    'PT1e3S',
  ])('%j is none', (text) => {
    expect(durationMs(text)).toBeUndefined();
  });
});

describe('timeUntil', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');

  test.each([
    ['PT1M', 60_000],
    ['-PT1M', -60_000],
    ['2026-01-02T03:04:06Z', 1000],
    ['2026-01-02T03:04:05.25Z', 250],
    ['2026-01-02T03:04:05.2509999999Z', 250],
    ['2026-01-02T05:04:06+02:00', 1000],
    ['2026-01-01T22:04:05-05:00', 0],
    ['2026-01-02T03:04:06', 1000],
    ['2026-01-02T03:04:04Z', -1000],
  ])('%j is %d ms from now', (text, ms) => {
    expect(timeUntil(text, now)).toBe(ms);
  });

  test.each([
    '',
    'soon',
    '2026-01-02',
    '2026-01-02 03:04:06Z',
    '2026-01-02T03:04:0699Z',
    '2026-13-02T03:04:06Z',
    '2026-01-02T25:04:06Z',
    'Z',
  ])('%j is no time', (text) => {
    expect(timeUntil(text, now)).toBeUndefined();
  });
});
