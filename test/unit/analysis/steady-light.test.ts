import { beforeEach, describe, expect, test } from '@jest/globals';
import { SteadyLight } from '../../../src/analysis/steady-light.ts';
import { MetadataReader } from '../../../src/camera/rpicam/metadata.ts';
import type { SensedLight } from '../../../src/frames/sensed.ts';

const FPS = 15;
let light: SteadyLight;
let now: number;
beforeEach(() => {
  light = new SteadyLight();
  now = 0;
});

/** Tells a light for each picture. @returns whether it was steady at the end */
function shine(seconds: number, at: (second: number) => SensedLight): boolean {
  for (const end = now + seconds * 1000; now < end; now += 1000 / FPS) light.take(at(now / 1000), now);
  return light.isSteady(now);
}

describe('light', () => {
  test('as rpicam-vid 1.13 tells it is steady when it has stayed for half a minute', () => {
    const told = 'DigitalGain=1.000000\nAnalogueGain=1.500000\nExposureTime=16666\nLux=400.000000\nFrameDuration=66666\n\n';
    const reader = new MetadataReader((each) => light.take(each, now));
    const steadyAt = () => {
      for (; now < 60_000; now += 1000 / FPS) {
        reader.push(told);
        if (light.isSteady(now)) return Math.round(now / 1000);
      }
      return undefined;
    };
    expect(steadyAt()).toBe(30);
  });

  test.each<[string, (second: number) => SensedLight]>([
    ['noise', (t) => ({ lux: 400 + 40 * Math.sin(t * 7), exposure: 25_000 + 2000 * Math.cos(t * 5), focus: 3000 + 300 * Math.sin(t * 3) })],
    ['a camera that tells no lux', () => ({ exposure: 25_000 })],
  ])('%s is steady', (_, at) => {
    expect(shine(40, at)).toBe(true);
  });

  test.each<[string, (second: number) => SensedLight]>([
    ['dusk', (t) => ({ lux: 400 * 0.99 ** t, exposure: 25_000 })],
    ['the exposure alone, since the gain rises', (t) => ({ lux: 400, exposure: t < 60 ? 25_000 : 40_000 })],
    ['the focus alone', (t) => ({ lux: 400, exposure: 25_000, focus: t < 60 ? 3000 : 2000 })],
    ['nothing that says anything of the light', () => ({ focus: 3000 })],
  ])('%s is not', (_, at) => {
    expect(shine(70, at)).toBe(false);
  });

  test('of which nothing is told any more is not, nor that of a capture before', () => {
    expect(shine(40, () => ({ lux: 400 }))).toBe(true);
    expect(light.isSteady(now + 1500)).toBe(false);
    light.begin();
    expect(shine(20, () => ({ lux: 400 }))).toBe(false);
    expect(shine(20, () => ({ lux: 400 }))).toBe(true);
  });
});
