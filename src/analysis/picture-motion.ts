import { levelFor, type Sensitivity } from '../frames/sensitivity.ts';
import { areNear, type Blob, majority, takeBlobs } from './blobs.ts';
import { fitLevels, likeness } from './light.ts';
import { blurred, type Luma } from './luma.ts';
import { maskOf, type Zones } from './zones.ts';

export interface MotionSettings extends Zones, Sensitivity {}

/** Time constants of learning, milliseconds: the background, what stands before it (a parked car becomes background), its noise. */
const LEARN_MS = 6000;
const ABSORB_MS = 45_000;
const NOISE_MS = 15_000;
/** What is there at the start is learned for so long before anything counts, milliseconds. */
const WARM_UP_MS = 1500;
/** After a change of the light, milliseconds: the camera's exposure follows it. */
const SETTLE_MS = 1500;
/** A pause longer than this makes the background an old one, milliseconds. */
const LONGEST_PAUSE_MS = 5000;
/** Levels of grey. A pixel differs by more than this and {@link NOISE_FACTOR} times its usual noise. */
const LEVELS = { insensitive: 36, sensitive: 2.5 };
const NOISE_FACTOR = 3;
/** Noise that is taken to be there at the start, and the most that is learned: levels of grey. */
const FIRST_NOISE = 2;
const MOST_NOISE = 24;
/** A thing moves where this share of it changed since the picture before. */
const MOVING_SHARE = 0.08;
/** Shares of the picture that change from one picture to the next: when structure stays it is the light; so much is never a thing. */
const LIGHT_SHARE = 0.12;
const SUDDEN_SHARE = 0.65;
/** Likeness of edges above which the light is what changed. */
const ALIKE = 0.55;
/** How far a thing gets from one look to the next, as a share of the picture's width. */
const STEP = 0.12;
/** How many looks in a row a thing has to be seen. */
const LOOKS = 2;

/**
 * Finds things that move in front of a background that it learns. It follows changes of exposure and light, and takes into
 * account how much each place flickers by itself. Times come in; a result is that of one picture, without any hold time.
 */
export class PictureMotion {
  #mask: Uint8Array = new Uint8Array(0);
  #background: Float32Array = new Float32Array(0);
  #noise: Float32Array = new Float32Array(0);
  /** The picture without its finest noise. */
  #smooth: Float32Array = new Float32Array(0);
  /** The picture before, as it was and with the background's levels. */
  #before: Luma | undefined;
  #levelled: Float32Array = new Float32Array(0);
  #lastAt = 0;
  #quietUntil = 0;
  #blobs: readonly Blob[] = [];
  #looks = 0;

  constructor(private readonly settings: MotionSettings) {}

  /**
   * Whether something moves, up to this picture.
   * @param at when it was taken, monotonic milliseconds
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

  /** Which pixels differ from the background, and which from the picture before, where motion counts; and everywhere. */
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

  /** Whether what changed at once over much of the picture is the light, or the picture as a whole. */
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

  /** Whether a thing large enough is there for as many looks as it takes. */
  #follow(all: readonly Blob[], { width, height }: Luma): boolean {
    const smallest = Math.max(4, this.settings.smallestArea * width * height);
    const blobs = all.filter(({ area, moving }) => area >= smallest && moving >= Math.max(2, MOVING_SHARE * area));
    const goesOn = blobs.some((blob) => this.#blobs.some((earlier) => areNear(blob, earlier, STEP * width)));
    this.#looks = blobs.length === 0 ? 0 : goesOn ? this.#looks + 1 : 1;
    this.#blobs = blobs;
    return this.#looks >= LOOKS;
  }
}
