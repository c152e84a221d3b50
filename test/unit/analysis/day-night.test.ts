import { describe, expect, test } from '@jest/globals';
import { type DayNight, DayNightSwitch, type Light } from '../../../src/analysis/day-night.ts';

/** Looks once a second. @returns the times of changes, seconds */
function changes(light: (second: number, state: DayNight) => Light, seconds: number): [number, DayNight][] {
  const dayNight = new DayNightSwitch();
  const found: [number, DayNight][] = [];
  for (let second = 0; second < seconds; second++) {
    const before = dayNight.state;
    const now = dayNight.look(light(second, before), second * 1000);
    if (now !== before) found.push([second, now]);
  }
  return found;
}

describe('by lux', () => {
  test('a whole evening, night and morning is two changes', () => {
    // From 400 lux to 0.1 and back, like a cosine in decades, with a flicker of a third.
    const lux = (second: number) => 10 ** (0.8 + 1.8 * Math.cos((2 * Math.PI * second) / 7200)) * (1 + 0.33 * Math.sin(second * 1.7));
    expect(changes((second) => ({ lux: lux(second) }), 7200).map(([, state]) => state)).toEqual(['night', 'day']);
  });

  test('headlights make no day, and a hand before the lens no night', () => {
    expect(changes((second) => ({ lux: second > 100 && second < 120 ? 500 : 1 }), 300)).toEqual([[15, 'night']]);
    expect(changes((second) => ({ lux: second > 100 && second < 110 ? 0 : 400 }), 300)).toEqual([]);
  });

  test('light between the thresholds changes nothing, from either side', () => {
    expect(changes(() => ({ lux: 12 }), 1000)).toEqual([]);
    expect(changes((second) => ({ lux: second < 60 ? 1 : 12 }), 1000)).toEqual([[15, 'night']]);
  });
});

describe('by the level of the picture', () => {
  /** A camera in the dark: exposed for the night it shows a bright picture, as by day in the light. */
  const dark = (_: number, state: DayNight): Light => ({ level: state === 'day' ? 20 : 105 });

  test('a street lamp that is enough for the night alone does not switch it to and fro', () => {
    const day = 24 * 3600;
    const found = changes(dark, day);
    // Each try of a day costs a restart of the capture: ever fewer of them.
    expect(found.length).toBeLessThan(60);
    const late = found.filter(([second]) => second > day / 2);
    expect(late.length).toBeLessThan(16);
  });

  test('day comes back within minutes of the light', () => {
    const found = changes((second, state) => (second < 3600 ? { level: state === 'day' ? 20 : 60 } : { level: 115 }), 5400);
    expect(found.map(([, state]) => state)).toEqual(['night', 'day']);
    expect(found[1]![0]).toBeLessThan(3600 + 310);
  });
});

test('without any light known nothing changes', () => {
  expect(changes(() => ({}), 100)).toEqual([]);
});
