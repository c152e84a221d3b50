import { describe, expect, test } from '@jest/globals';
import { FLAWS, type Flaw, ImageHealth } from '../../../src/analysis/health.ts';
import { halved, type Luma } from '../../../src/analysis/luma.ts';
import type { SensedLight } from '../../../src/frames/sensed.ts';
import { type Scene, ScenePlayer } from '../../support/scenes.ts';

const YARD: Scene = { name: 'yard', seconds: 1000, moves: [] };
/** As a Pi sends 720p of the yard. */
const FINENESS = 9;

interface Change {
  readonly flaw: Flaw;
  readonly state: boolean;
  readonly at: number;
}

/** Looks every two seconds. @returns what changed, with the second */
function watch(picture: (second: number) => Luma, seconds: number, sensed?: (second: number) => SensedLight): Change[] {
  const health = new ImageHealth();
  const found: Change[] = [];
  let before: Readonly<Record<Flaw, boolean>> = { tooDark: false, tooBright: false, tooBlurry: false, sceneChange: false };
  for (let second = 0; second < seconds; second += 2) {
    const now = health.look(picture(second), second * 1000, sensed?.(second));
    for (const flaw of FLAWS) if (now[flaw] !== before[flaw]) found.push({ flaw, state: now[flaw], at: second });
    before = { ...now };
  }
  return found;
}

function yard(scene: Partial<Scene> = {}): (second: number, fineness?: number) => Luma {
  const player = new ScenePlayer({ ...YARD, ...scene }, 0.5, 3);
  return (second, fineness = FINENESS) => ({ ...halved(player.draw(second)), fineness });
}

/** Turned away: what was at the left is at the right. */
const turned = (luma: Luma): Luma => ({ ...luma, data: luma.data.map((_, at) => luma.data[luma.data.length - 1 - at]!) });
const flat = ({ data, ...rest }: Luma, level: number): Luma => ({ ...rest, data: data.map((_, at) => level + (at % 3)), fineness: 0.5 });

describe('a picture', () => {
  test.each<[string, Partial<Scene>]>([
    ['by day', {}],
    ['while people come and go', { things: [{ from: 0, to: 1000, width: 0.2, height: 0.6, level: 40, at: (t) => [(t / 10) % 1, 0.95] }] }],
    ['of clouds', { light: (t) => ({ exposure: 0.75 + 0.3 * Math.sin(t / 15) }) }],
    ['at dusk, with a lamp', { light: (t) => ({ exposure: t > 100 ? 0.3 : 0.8, lamp: t > 100 ? 0.4 : 0 }) }],
    ['in the rain', { rain: 60, noise: 5 }],
  ])('%s has no flaw', (_, scene) => {
    expect(watch(yard(scene), 240)).toEqual([]);
  });

  test('that is dark for long is too dark, until the light is back', () => {
    const picture = yard({ light: (t) => ({ exposure: t >= 60 && t < 120 ? 0.06 : 1 }) });
    const found = watch(picture, 200).filter(({ flaw }) => flaw === 'tooDark');
    expect(found.map(({ state }) => state)).toEqual([true, false]);
    expect(found[0]!.at).toBeLessThanOrEqual(72);
    expect(found[1]!.at).toBeLessThanOrEqual(128);
  });

  test('into which the sun shines is too bright', () => {
    const found = watch(yard({ light: (t) => ({ exposure: t >= 60 ? 4 : 1 }) }), 100);
    expect(found).toContainEqual({ flaw: 'tooBright', state: true, at: 70 });
  });

  test('out of focus is too blurry, and it is over when it is sharp again', () => {
    const picture = yard();
    const found = watch((second) => picture(second, second >= 60 && second < 140 ? 0.3 * FINENESS : FINENESS), 240);
    expect(found.map(({ flaw, state }) => [flaw, state])).toEqual([
      ['tooBlurry', true],
      ['tooBlurry', false],
    ]);
  });

  describe('without its fine detail', () => {
    const picture = yard();
    const soft = (second: number) => picture(second, second >= 60 ? 0.3 * FINENESS : FINENESS);

    test.each<[string, (second: number) => SensedLight, boolean]>([
      ['is too blurry where the focus that the camera measures has fallen, too', (t) => ({ lux: 400, focus: t >= 60 ? 900 : 3000 }), true],
      ['is not where that is as always', (t) => ({ lux: 400, focus: 3000 + (t % 7) * 50 }), false],
      ['nor where the camera tells no lux, but its exposure', () => ({ exposure: 20_000, focus: 3000 }), false],
      ['is in another light, in which its figure says nothing', (t) => ({ lux: t >= 60 ? 1500 : 400, focus: 3000 }), true],
      ['is where the camera measures none', () => ({ lux: 400 }), true],
    ])('it %s', (_, sensed, isTold) => {
      expect(watch(soft, 140, sensed)).toEqual(isTold ? [{ flaw: 'tooBlurry', state: true, at: expect.any(Number) }] : []);
    });

    test('it is too blurry in the light that the camera has come to know', () => {
      const sensed = (t: number) => ({ lux: t < 30 ? 100 : 400, focus: t >= 60 ? 900 : 3000 });
      expect(watch(soft, 140, sensed)).toMatchObject([{ flaw: 'tooBlurry', state: true }]);
    });
  });

  test('of which nobody knows the detail is not too blurry', () => {
    const picture = yard();
    expect(watch((second) => ({ ...picture(second), fineness: undefined }), 100)).toEqual([]);
  });
});

describe('another scene', () => {
  test('a camera that was turned is told, and the new scene is the usual one a while later', () => {
    const picture = yard();
    const found = watch((second) => (second < 60 ? picture(second) : turned(picture(second))), 240);
    expect(found.map(({ flaw, state }) => [flaw, state])).toEqual([
      ['sceneChange', true],
      ['sceneChange', false],
    ]);
    expect(found[0]!.at).toBeLessThanOrEqual(66);
    expect(found[1]!.at).toBeGreaterThan(110);
  });

  test('a camera that is covered is told until it is free', () => {
    const picture = yard();
    const found = watch((second) => (second >= 60 && second < 120 ? flat(picture(second), 90) : picture(second)), 200);
    expect(found.map(({ flaw, state }) => [flaw, state])).toEqual([
      ['sceneChange', true],
      ['sceneChange', false],
    ]);
    expect(found[1]!.at).toBeLessThanOrEqual(128);
  });

  test('the night is none', () => {
    const found = watch(yard({ light: (t) => ({ exposure: Math.max(0.01, 1 - t / 100) }), noise: 6 }), 240);
    expect(found.filter(({ flaw }) => flaw === 'sceneChange')).toEqual([]);
  });
});
