import type { Area } from '../frames/area.ts';
import { levelFor, type Sensitivity } from '../frames/sensitivity.ts';
import type { Size } from '../frames/size.ts';
import { areNear, type Blob, majority, takeBlobs } from './blobs.ts';
import { fitLevels, likeness } from './light.ts';
import { blurred, type Luma } from './luma.ts';

/** The places where motion counts. */
export interface Zones {
  /** Where motion counts; empty: in the whole picture. */
  readonly zones: readonly Area[];
  /** Where it does not count, whatever the zones say. */
  readonly masks: readonly Area[];
}

/** What counts as motion, and where. */
export interface MotionSettings extends Zones, Sensitivity {}

/** Time constant with which the background is learned, milliseconds. */
const LEARN_MS = 6000;
/** The same for what stands before it, milliseconds: a parked car becomes background. */
const ABSORB_MS = 45_000;
/** The same for the noise of each place, milliseconds. */
const NOISE_MS = 15_000;
/** How long what is there at the start is learned before anything counts, milliseconds. */
const WARM_UP_MS = 1500;
/** How long nothing counts after a change of the light, milliseconds: the camera's exposure follows it. */
const SETTLE_MS = 1500;
/** A pause longer than this makes the background an old one, milliseconds. */
const LONGEST_PAUSE_MS = 5000;
/** Levels of grey: a pixel differs by more than this and {@link NOISE_FACTOR} times its usual noise. */
const LEVELS = { insensitive: 36, sensitive: 2.5 };
const NOISE_FACTOR = 3;
/** Noise that is assumed at the start, levels of grey. */
const FIRST_NOISE = 2;
/** The most noise that is learned, levels of grey. */
const MOST_NOISE = 24;
/** A thing moves where this share of it changed since the picture before. */
const MOVING_SHARE = 0.08;
/** Share of the picture that changes at once because of the light, where the structure stays. */
const LIGHT_SHARE = 0.12;
/** Share of the picture that changes at once and is never a thing. */
const SUDDEN_SHARE = 0.65;
/** Likeness of edges above which it is the light that has changed. */
const ALIKE = 0.55;
/** How far a thing gets from one look to the next, as a share of the picture's width. */
const STEP = 0.12;
/** How many looks in a row a thing has to be seen. */
const LOOKS = 2;

/**
 * Finds things that move in front of a background that it learns. It follows changes of exposure and light, and takes into
 * account how much each place flickers by itself. It has no clock: times are handed in. A result is that of one picture, without
 * any hold time.
 */
export class PictureMotion {
  #mask: Uint8Array = new Uint8Array(0);
  #background: Float32Array = new Float32Array(0);
  #noise: Float32Array = new Float32Array(0);
  /** The picture without its finest noise. */
  #smooth: Float32Array = new Float32Array(0);
  /** The picture before, as it was. */
  #before: Luma | undefined;
  /** The picture before, without its finest noise and with the background's levels. */
  #levelled: Float32Array = new Float32Array(0);
  #lastAt = 0;
  #quietUntil = 0;
  #blobs: readonly Blob[] = [];
  #looks = 0;

  constructor(private readonly settings: MotionSettings) {}

  /**
   * Takes the next picture, and returns whether something moves, up to it.
   * @param at when it was taken, monotonic, milliseconds
   */
  look(luma: Luma, at: number): boolean {
    const before = this.#before;
    this.#smooth = blurred(luma);
    let moving = false;
    if (!before || before.width !== luma.width || before.height !== luma.height) {
      this.#mask = maskOf(this.settings, luma);
      this.#noise = new Float32Array(luma.data.length).fill(FIRST_NOISE);
      this.#begin(at + WARM_UP_MS);
    } else if (at - this.#lastAt > LONGEST_PAUSE_MS) this.#begin(at + WARM_UP_MS);
    else moving = this.#compare(luma, before, at);
    this.#before = luma;
    this.#lastAt = at;
    return moving;
  }

  /** Learns the background anew. How much each place flickers is known. */
  #begin(quietUntil: number): void {
    this.#background = this.#smooth.slice();
    this.#levelled = this.#smooth.slice();
    this.#quietUntil = quietUntil;
    this.#blobs = [];
    this.#looks = 0;
  }

  #compare(luma: Luma, before: Luma, at: number): boolean {
    const { gain, offset } = fitLevels(this.#background, this.#smooth);
    const { differing, moving, changed } = this.#mark(gain, offset);
    if (this.#isLight(luma, before, changed)) {
      this.#begin(at + SETTLE_MS);
      return false;
    }
    this.#learn(at - this.#lastAt, at < this.#quietUntil, differing);
    const marks = majority(differing, luma);
    if (at < this.#quietUntil) return false;
    return this.#follow(takeBlobs(marks, moving, luma), luma);
  }

  /**
   * Returns which pixels differ from the background, and which from the picture before, both where motion counts; and the latter
   * everywhere.
   */
  #mark(gain: number, offset: number) {
    const data = this.#smooth;
    const base = levelFor(this.settings.sensitivity, LEVELS);
    const differing = new Uint8Array(data.length);
    const moving = new Uint8Array(data.length);
    const changed = new Uint8Array(data.length);
    // A picture that was made brighter has its noise made so, too.
    const scale = Math.max(1, 1 / gain);
    for (let at = 0; at < data.length; at++) {
      const level = (data[at]! - offset) / gain;
      const limit = (base + NOISE_FACTOR * this.#noise[at]!) * scale;
      const step = Math.abs(level - this.#levelled[at]!) > 0.6 * limit ? 1 : 0;
      changed[at] = step;
      if (this.#mask[at] === 1) {
        moving[at] = step;
        differing[at] = Math.abs(level - this.#background[at]!) > limit ? 1 : 0;
      }
      this.#levelled[at] = level;
    }
    return { differing, moving, changed };
  }

  /** Returns whether what changed at once over much of the picture is the light, or the picture as a whole. */
  #isLight(luma: Luma, before: Luma, changed: Uint8Array): boolean {
    const share = changed.reduce((sum, each) => sum + each, 0) / changed.length;
    if (share > SUDDEN_SHARE) return true;
    return share > LIGHT_SHARE && (likeness(before, luma, changed) ?? 1) > ALIKE;
  }

  #learn(elapsed: number, settling: boolean, differing: Uint8Array): void {
    const rate = (ms: number) => 1 - Math.exp(-elapsed / ms);
    const learn = rate(settling ? LEARN_MS / 10 : LEARN_MS);
    const absorb = rate(settling ? LEARN_MS / 10 : ABSORB_MS);
    const noise = rate(settling ? NOISE_MS / 5 : NOISE_MS);
    for (let at = 0; at < differing.length; at++) {
      const off = this.#levelled[at]! - this.#background[at]!;
      this.#background[at]! += off * (differing[at] === 1 ? absorb : learn);
      this.#noise[at]! += (Math.min(MOST_NOISE, Math.abs(off)) - this.#noise[at]!) * noise;
    }
  }

  /** Returns whether a large enough thing is there for as many looks as it takes. */
  #follow(all: readonly Blob[], { width, height }: Luma): boolean {
    const smallest = Math.max(4, this.settings.smallestArea * width * height);
    const blobs = all.filter(({ area, moving }) => area >= smallest && moving >= Math.max(2, MOVING_SHARE * area));
    const goesOn = blobs.some((blob) => this.#blobs.some((earlier) => areNear(blob, earlier, STEP * width)));
    this.#looks = blobs.length === 0 ? 0 : goesOn ? this.#looks + 1 : 1;
    this.#blobs = blobs;
    return this.#looks >= LOOKS;
  }
}

const contains = ({ x, y, width, height }: Area, px: number, py: number) => px >= x && px < x + width && py >= y && py < y + height;

/** Returns 1 for each pixel of a picture of this size in which motion counts, else 0; the middle of a pixel decides. */
export function maskOf({ zones, masks }: Zones, { width, height }: Size): Uint8Array {
  const mask = new Uint8Array(width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const px = (x + 0.5) / width;
      const py = (y + 0.5) / height;
      const inside = zones.length === 0 || zones.some((zone) => contains(zone, px, py));
      mask[at] = inside && !masks.some((each) => contains(each, px, py)) ? 1 : 0;
    }
  }
  return mask;
}
