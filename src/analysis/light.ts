import { detail, type Luma } from './luma.ts';

/** How a picture's levels follow from another one's: level = gain × level there + offset. */
export interface Levels {
  readonly gain: number;
  readonly offset: number;
}

/** The levels in between count: those that a sensor has cut off say nothing. */
const DARKEST = 6;
const BRIGHTEST = 249;
/** The gains that are possible: a camera does not change its exposure by more from one picture to the next. */
const GAINS = { min: 0.25, max: 4 };
/** Rounds of the fit: each leaves out what the one before found to lie far off, which is what moves. */
const ROUNDS = 4;
/** With fewer pixels nothing can be said. */
const FEWEST = 64;
/** Below this variance of the levels nothing but the mean is fitted. */
const LEAST_VARIANCE = 16;

/** Returns how the levels of a picture follow from those of `before`, whatever moves in it: by least squares, without what lies far off. */
export function fitLevels(before: ArrayLike<number>, now: ArrayLike<number>): Levels {
  let levels: Levels = { gain: 1, offset: 0 };
  let limit = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    let count = 0;
    let sumX = 0;
    let sumY = 0;
    let sumXX = 0;
    let sumXY = 0;
    let sumOff = 0;
    for (let at = 0; at < now.length; at += 2) {
      const x = before[at]!;
      const y = now[at]!;
      if (x < DARKEST || x > BRIGHTEST || y < DARKEST || y > BRIGHTEST) continue;
      const off = Math.abs(y - levels.gain * x - levels.offset);
      if (off > limit) continue;
      count++;
      sumOff += off;
      sumX += x;
      sumY += y;
      sumXX += x * x;
      sumXY += x * y;
    }
    if (count < FEWEST) return levels;
    const variance = sumXX / count - (sumX / count) ** 2;
    const slope = variance < LEAST_VARIANCE ? 1 : (sumXY / count - (sumX / count) * (sumY / count)) / variance;
    const gain = Math.min(GAINS.max, Math.max(GAINS.min, slope));
    levels = { gain, offset: sumY / count - (gain * sumX) / count };
    if (round === 0) {
      sumOff = 0;
      for (let at = 0; at < now.length; at += 2) sumOff += Math.abs(now[at]! - gain * before[at]! - levels.offset);
      count = now.length / 2;
    }
    limit = Math.max(4, (2 * sumOff) / count);
  }
  return levels;
}

/** Levels of grey; fainter detail is noise. */
const LEAST_DETAIL = 1.5;

/**
 * Returns how alike the edges and the texture of two pictures of one size are, −1 to 1: the light changes levels and leaves these
 * where they are. Undefined where there is nothing to compare.
 * @param where 1 for each pixel to look at; undefined: all of them
 */
export function likeness(before: Luma, now: Luma, where?: Uint8Array): number | undefined {
  const a = detail(before);
  const b = detail(now);
  let count = 0;
  let aa = 0;
  let bb = 0;
  let ab = 0;
  for (let at = 0; at < a.length; at++) {
    if (where && where[at] === 0) continue;
    count++;
    aa += a[at]! ** 2;
    bb += b[at]! ** 2;
    ab += a[at]! * b[at]!;
  }
  const least = count * LEAST_DETAIL ** 2;
  // In the dark a picture has no detail, and what is compared with it cannot be told to be another one.
  return count < FEWEST || aa < least || bb < least ? undefined : ab / Math.sqrt(aa * bb);
}
