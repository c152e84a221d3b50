import { describe, expect, test } from '@jest/globals';
import { BRIGHTNESS, FACTOR, GAIN, type Scale } from '../../../../src/onvif/imaging/scale.ts';

test.each<[string, Scale, readonly (readonly [ours: number, onvif: number])[]]>([
  [
    'brightness',
    BRIGHTNESS,
    [
      [-1, 0],
      [0, 50],
      [1, 100],
    ],
  ],
  [
    'factors',
    FACTOR,
    [
      [0, 0],
      [0.5, 25],
      [1, 50],
      [15.99, 100],
    ],
  ],
  [
    'gain',
    GAIN,
    [
      [1, 0],
      [2, 6.02],
      [10, 20],
    ],
  ],
])('%s has the marks that are promised', (_, scale, marks) => {
  for (const [ours, onvif] of marks) {
    expect(scale.toOnvif(ours)).toBe(onvif);
    expect(scale.toOurs(onvif)).toBeCloseTo(ours, 2);
  }
});

describe.each([
  ['brightness', BRIGHTNESS],
  ['factors', FACTOR],
] as const)('%s', (_, scale) => {
  const steps = Array.from({ length: 1001 }, (__, step) => step / 10);

  test('comes back as the client sent it, to a hundredth', () => {
    for (const value of steps) expect(Math.abs(scale.toOnvif(scale.toOurs(value)) - value)).toBeLessThanOrEqual(0.011);
  });

  test('rises all the way', () => {
    for (const [k, value] of steps.entries()) if (k > 0) expect(scale.toOurs(value)).toBeGreaterThan(scale.toOurs(steps[k - 1]!));
  });
});
