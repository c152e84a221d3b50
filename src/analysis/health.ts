import type { SensedLight } from '../frames/sensed.ts';
import { Held, type HoldTimes } from './held.ts';
import { likeness } from './light.ts';
import { halved, type Luma } from './luma.ts';

/** Everything that can be wrong with the picture. */
export const FLAWS = ['tooDark', 'tooBright', 'tooBlurry', 'sceneChange'] as const;
/** One of {@link FLAWS}. */
export type Flaw = (typeof FLAWS)[number];

/** How long each flaw has to last, milliseconds: somebody walking past the lens, or a flash, is none. */
const TIMES: Readonly<Record<Flaw, HoldTimes>> = {
  tooDark: { on: 10_000, off: 5000 },
  tooBright: { on: 10_000, off: 5000 },
  tooBlurry: { on: 20_000, off: 10_000 },
  sceneChange: { on: 4000, off: 4000 },
};
/** Dark: 95 % of the pixels are below this level (0 to 255); no longer dark: they are not below that one. */
const DARK = { begins: 24, ends: 36 };
/** The level from which on a pixel counts as cut off by the sensor, 0 to 255. */
const CUT_OFF = 250;
/** Bright: the share of the pixels that are cut off. */
const BRIGHT = { begins: 0.6, ends: 0.45 };
/** Blurry: what is left of the fine detail that is usual here, as a share of it. */
const BLUR = { begins: 0.4, ends: 0.55 };
/** The camera's own figure for the focus, where it tells one, has to have fallen to this share of what is usual: it counts other detail. */
const FOCUS = 0.8;
/** Factor by which the light may differ before that figure says nothing of the focus. */
const OTHER_LIGHT = 2;
/** Mean difference between neighbours, levels of grey, below which there is nothing that could be sharp. */
const LEAST_CONTRAST = 1.5;
/** Time constants of what is usual, milliseconds: short at first, and long later, when it follows the weather and the night. */
const USUAL_MS = { first: 10_000, later: 3_600_000 };
/** Likeness of the edges to those of the known scene: below the one it is another scene, above the other the known one. */
const SCENE = { begins: 0.25, ends: 0.4 };
/** Level, 0 to 255, that 5 % of the pixels have to be above: a darker scene shows more noise than scene. */
const SCENE_LIGHT = 50;
/** How long a scene has to be there before it is the known one, milliseconds, at the start and after a change. */
const KNOWN_MS = { first: 10_000, next: 60_000 };
/** How often the known scene is taken anew, as its light and shadows wander, milliseconds. */
const RENEW_MS = 30_000;

/** Tells whether the picture is too dark, too bright, too blurry, or of another scene than before. It has no clock: times are handed in. */
export class ImageHealth {
  readonly #held: Readonly<Record<Flaw, Held>> = {
    tooDark: new Held(TIMES.tooDark),
    tooBright: new Held(TIMES.tooBright),
    tooBlurry: new Held(TIMES.tooBlurry),
    sceneChange: new Held(TIMES.sceneChange),
  };
  /** The scene that the camera usually shows; undefined: not known yet. */
  #known: Luma | undefined;
  #knownAt = 0;
  /** The fine detail that is usual here, with the camera's figures for focus and light at that; undefined: not known yet. */
  #usual: { fineness: number; focus?: number | undefined; light?: number | undefined; readonly since: number } | undefined;
  #lastAt = 0;
  /** Another scene than the known one, with since when it is there. */
  #candidate: { readonly luma: Luma; readonly since: number } | undefined;

  /**
   * Takes a picture, and returns which flaws there are, each with its hold time.
   * @param at when it was taken, monotonic, milliseconds
   * @param sensed what the camera says of it, if anything
   */
  look(luma: Luma, at: number, sensed: SensedLight = {}): Readonly<Record<Flaw, boolean>> {
    const { tooDark, tooBright, tooBlurry, sceneChange } = this.#held;
    const blur = this.#sharpness(luma, at, sensed);
    this.#lastAt = at;
    return {
      tooDark: tooDark.update(brightest(luma) < (tooDark.state ? DARK.ends : DARK.begins), at),
      tooBright: tooBright.update(cutOff(luma) > (tooBright.state ? BRIGHT.ends : BRIGHT.begins), at),
      // A lens that is covered has no detail at all, and is not out of focus.
      tooBlurry: tooBlurry.update(blur === undefined ? false : blur < (tooBlurry.state ? BLUR.ends : BLUR.begins), at),
      sceneChange: sceneChange.update(this.#isOther(halved(luma), at), at),
    };
  }

  /** Returns whether the pictures to come can be expected to tell nothing new as long as light and focus stay. */
  isAtRest(at: number): boolean {
    const isPending = FLAWS.some((flaw) => this.#held[flaw].isPending);
    const isLearning = this.#candidate !== undefined || (this.#usual !== undefined && at - this.#usual.since < USUAL_MS.first);
    return !isPending && !isLearning;
  }

  /** Returns the fine detail as a share of what is usual here; undefined: there is nothing to tell it by, or the camera finds it sharp. */
  #sharpness(luma: Luma, at: number, { focus, lux, exposure }: SensedLight): number | undefined {
    const { fineness } = luma;
    if (fineness === undefined || meanStep(luma) < LEAST_CONTRAST) return undefined;
    this.#usual ??= { fineness, since: at };
    const share = fineness / this.#usual.fineness;
    // What is wrong does not become usual.
    if (share >= BLUR.ends && !this.#held.tooBlurry.state) {
      const constant = at - this.#usual.since < USUAL_MS.first ? USUAL_MS.first : USUAL_MS.later;
      const weight = 1 - Math.exp(-(at - this.#lastAt) / constant);
      this.#usual.fineness += (fineness - this.#usual.fineness) * weight;
      const light = lux ?? exposure;
      const isOther = isOtherLight(light, this.#usual.light);
      this.#usual.focus = isOther ? focus : follow(this.#usual.focus, focus, weight);
      this.#usual.light = isOther ? light : follow(this.#usual.light, light, weight);
      return share;
    }
    const { focus: usualFocus, light: usualLight } = this.#usual;
    const saysSharp = focus !== undefined && usualFocus !== undefined && focus > FOCUS * usualFocus;
    return saysSharp && !isOtherLight(lux ?? exposure, usualLight) ? undefined : share;
  }

  /** Returns whether another scene is there than the known one; undefined: none is known, or in the dark nobody can tell. */
  #isOther(luma: Luma, at: number): boolean | undefined {
    const known = this.#known;
    if (!known || known.data.length !== luma.data.length) {
      if (brightest(luma) >= SCENE_LIGHT) this.#settle(luma, at, KNOWN_MS.first);
      return undefined;
    }
    // In the dark there is more noise than scene.
    if (brightest(luma) < SCENE_LIGHT) return undefined;
    const alike = likeness(known, luma);
    // Nothing to see where there was something: covered.
    if (alike === undefined) return true;
    const isOther = alike < (this.#held.sceneChange.state ? SCENE.ends : SCENE.begins);
    if (isOther) this.#settle(luma, at, KNOWN_MS.next);
    else {
      this.#candidate = undefined;
      if (at - this.#knownAt > RENEW_MS && alike > SCENE.ends) this.#know(luma, at);
    }
    return isOther;
  }

  /** Makes a scene the known one that stays for `ms`. */
  #settle(luma: Luma, at: number, ms: number): void {
    const same =
      this.#candidate && this.#candidate.luma.data.length === luma.data.length ? likeness(this.#candidate.luma, luma) : undefined;
    if (!this.#candidate || same === undefined || same < SCENE.ends) this.#candidate = { luma, since: at };
    else if (at - this.#candidate.since >= ms) this.#know(luma, at);
  }

  #know(luma: Luma, at: number): void {
    this.#known = luma;
    this.#knownAt = at;
    // Another scene has another detail.
    if (this.#candidate) this.#usual = undefined;
    this.#candidate = undefined;
  }
}

/** Returns whether the light is another; true where there is none to compare. */
const isOtherLight = (now: number | undefined, usual: number | undefined): boolean =>
  now === undefined || usual === undefined || now > OTHER_LIGHT * usual || usual > OTHER_LIGHT * now;

const follow = (usual: number | undefined, now: number | undefined, weight: number): number | undefined =>
  usual === undefined || now === undefined ? now : usual + (now - usual) * weight;

/** Returns the level that 95 % of the pixels do not reach above. */
function brightest({ data }: Luma): number {
  const counts = new Uint32Array(256);
  for (const level of data) counts[level]!++;
  let left = data.length * 0.05;
  for (let level = 255; level > 0; level--) {
    left -= counts[level]!;
    if (left < 0) return level;
  }
  return 0;
}

/** Returns the share of the pixels that the sensor has cut off. */
function cutOff({ data }: Luma): number {
  let count = 0;
  for (const level of data) if (level >= CUT_OFF) count++;
  return count / data.length;
}

/** Returns the mean difference between neighbours, levels of grey. */
function meanStep({ width, height, data }: Luma): number {
  const { abs } = Math;
  let sum = 0;
  for (let y = 0; y < height - 1; y++) {
    for (let x = 0, at = y * width; x < width - 1; x++, at++) {
      sum += abs(data[at]! - data[at + 1]!) + abs(data[at]! - data[at + width]!);
    }
  }
  return sum / (2 * Math.max(1, (width - 1) * (height - 1)));
}

/** Returns the mean level, 0 to 255. */
export function meanLevel({ data }: Luma): number {
  let sum = 0;
  for (const level of data) sum += level;
  return sum / data.length;
}
