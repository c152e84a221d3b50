import { meanLevel } from '../../src/analysis/health.ts';
import type { Luma } from '../../src/analysis/luma.ts';
import type { SourceMotion } from '../../src/analysis/source-motion.ts';
import { LORES, motionStages } from '../../src/camera/rpicam/post-process.ts';
import type { MotionWatch } from '../../src/camera/source.ts';

interface Region {
  readonly name: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly threshold: number;
  moving: boolean;
}

/**
 * The stage motion_detect of rpicam-apps as its documentation describes it, modelled: it counts, in each region of the small
 * picture, the pixels that differ from the picture before by more than a share of their level and a constant. What it says
 * goes through what we make of it. It has been compared with the real one's lines, not with its pictures.
 */
export class ModelledStage {
  readonly #stages: readonly Readonly<Record<string, number>>[];
  readonly #regions: Region[];
  #before: Uint8Array | undefined;
  #frame = -1;

  /**
   * @param rate pictures per second
   * @param motion hears what it says
   */
  constructor(
    watch: MotionWatch,
    rate: number,
    private readonly motion: SourceMotion,
  ) {
    this.#stages = motionStages(watch, rate).map(([, parameters]) => parameters as Readonly<Record<string, number>>);
    this.#regions = this.#stages.map(({ roi_x, roi_y, roi_width, roi_height, region_threshold, hskip, vskip }, number) => {
      const width = Math.trunc(LORES.width / hskip!);
      const height = Math.trunc(LORES.height / vskip!);
      const [left, top, across, down] = [roi_x! * width, roi_y! * height, roi_width! * width, roi_height! * height].map(Math.trunc);
      const threshold = Math.trunc(region_threshold! * across! * down!);
      return { name: String(number), left: left!, right: left! + across!, top: top!, bottom: top! + down!, threshold, moving: false };
    });
    motion.begin(0);
  }

  push(luma: Luma, at: number): void {
    // Stands for the lux that the camera tells: it follows the light, whatever the exposure is, and here there is but the picture.
    this.motion.light({ lux: meanLevel(luma) }, at);
    this.#frame++;
    if (this.#frame % this.#stages[0]!.frame_period! === 0) this.#compare(luma, at);
  }

  #compare(luma: Luma, at: number): void {
    const width = LORES.width / 2;
    const now = sampled(luma, width, LORES.height / 2);
    const before = this.#before;
    this.#before = now;
    if (!before) return;
    const { difference_m: share, difference_c: constant } = this.#stages[0]!;
    for (const region of this.#regions) {
      let count = 0;
      for (let y = region.top; y < region.bottom; y++) {
        for (let x = region.left; x < region.right; x++) {
          const old = before[y * width + x]!;
          if (Math.abs(now[y * width + x]! - old) > share! * old + constant!) count++;
        }
      }
      const moving = count >= Math.max(1, region.threshold);
      if (moving !== region.moving) this.motion.told(region.name, moving, at);
      region.moving = moving;
    }
  }
}

/** One pixel of every so many: the camera scales its small picture down, and the stage leaves out every other pixel of it. */
function sampled({ width, height, data }: Luma, across: number, down: number): Uint8Array {
  const small = new Uint8Array(across * down);
  for (let y = 0, at = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      small[at++] = data[Math.floor(((y + 0.5) * height) / down) * width + Math.floor(((x + 0.5) * width) / across)]!;
    }
  }
  return small;
}
