import type { SensedLight } from '../frames/sensed.ts';
import { Held, type HoldTimes } from './held.ts';
import { likeness } from './light.ts';
import { halved, type Luma } from './luma.ts';

/** What can be wrong with the picture. */
export const FLAWS = ['tooDark', 'tooBright', 'tooBlurry', 'sceneChange'] as const;
export type Flaw = (typeof FLAWS)[number];

/** Somebody who walks past the lens, or a flash, is no flaw: how long each has to last, milliseconds. */
const TIMES: Readonly<Record<Flaw, HoldTimes>> = {
  tooDark: { on: 10_000, off: 5000 },
  tooBright: { on: 10_000, off: 5000 },
  tooBlurry: { on: 20_000, off: 10_000 },
  sceneChange: { on: 4000, off: 4000 },
};
/** Dark: 95 % of the pixels below this level; no more: above that one. */
const DARK = { begins: 24, ends: 36 };
/** Bright: the share of pixels that the sensor has cut off, at this level and above. */
const CUT_OFF = 250;
const BRIGHT = { begins: 0.6, ends: 0.45 };
/** Blurry: what is left of the fine detail that is usual here, as a share of it. */
const BLUR = { begins: 0.4, ends: 0.55 };
/** The camera's own figure for the focus has to have fallen to this share of what is usual, where it tells one: it counts other detail. */
const FOCUS = 0.8;
/** In light that is this many times as much, or as little, that figure is another for the same focus. */
const OTHER_LIGHT = 2;
/** Below this mean difference between neighbours there is nothing that could be sharp: levels of grey. */
const LEAST_CONTRAST = 1.5;
/** Time constants of what is usual, milliseconds: at first, and later, when it follows the weather and the night. */
const USUAL_MS = { first: 10_000, later: 3_600_000 };
/** Another scene: likeness of its edges to those known; below: another one, above: the known one. */
const SCENE = { begins: 0.25, ends: 0.4 };
/** A scene is looked at, and known, where 5 % of its pixels are brighter than this level. */
const SCENE_LIGHT = 50;
/** How long a scene has to be there before it is the known one, milliseconds, at the start and after a change. */
const KNOWN_MS = { first: 10_000, next: 60_000 };
/** How often the known scene is taken anew, as its light and shadows wander, milliseconds. */
const RENEW_MS = 30_000;

/** Whether the picture is too dark, too bright, too blurry, or another scene than before. Times come in. */
export class ImageHealth {
  readonly #held: Readonly<Record<Flaw, Held>> = {
    tooDark: new Held(TIMES.tooDark),
    tooBright: new Held(TIMES.tooBright),
    tooBlurry: new Held(TIMES.tooBlurry),
    sceneChange: new Held(TIMES.sceneChange),
  };
  /** What the camera usually shows; undefined: not known yet. */
  #known: Luma | undefined;
  #knownAt = 0;
  /** The fine detail that is usual here, and what the camera says of focus and light then. */
  #usual: { fineness: number; focus?: number | undefined; light?: number | undefined; readonly since: number } | undefined;
  #lastAt = 0;
  /** Since when one and the same scene is there, which is not the known one. */
  #candidate: { readonly luma: Luma; readonly since: number } | undefined;

  /**
   * The flaws of the picture, each with its hold time.
   * @param at when it was taken, monotonic milliseconds
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

  /** Whether the pictures to come can be expected to tell nothing new as long as light and focus stay. */
  isAtRest(at: number): boolean {
    const isPending = FLAWS.some((flaw) => this.#held[flaw].isPending);
    const isLearning = this.#candidate !== undefined || (this.#usual !== undefined && at - this.#usual.since < USUAL_MS.first);
    return !isPending && !isLearning;
  }

  /** The fine detail as a share of what is usual here. Undefined: there is nothing to tell it by, or the camera finds it sharp. */
  #sharpness(luma: Luma, at: number, { focus, lux, exposure }: SensedLight): number | undefined {
    const { fineness } = luma;
    if (fineness === undefined || meanStep(luma) < LEAST_CONTRAST) return undefined;
    this.#usual ??= { fineness, since: at };
    const share = fineness / this.#usual.fineness;
    // What is wrong now does not become usual.
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

  /** Whether another scene is there than the known one. Undefined: there is none, or in the dark nobody can tell. */
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

/** Without a light to compare nothing can be said. */
const isOtherLight = (now: number | undefined, usual: number | undefined): boolean =>
  now === undefined || usual === undefined || now > OTHER_LIGHT * usual || usual > OTHER_LIGHT * now;

const follow = (usual: number | undefined, now: number | undefined, weight: number): number | undefined =>
  usual === undefined || now === undefined ? now : usual + (now - usual) * weight;

/** The level that 95 % of the pixels do not reach above. */
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

function cutOff({ data }: Luma): number {
  let count = 0;
  for (const level of data) if (level >= CUT_OFF) count++;
  return count / data.length;
}

/** Mean difference between neighbours: levels of grey. */
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

/** Mean level, 0 to 255. */
export function meanLevel({ data }: Luma): number {
  let sum = 0;
  for (const level of data) sum += level;
  return sum / data.length;
}
