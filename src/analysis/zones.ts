import type { Area } from '../frames/area.ts';
import type { Size } from '../frames/size.ts';

/** Where motion counts. */
export interface Zones {
  /** Empty: the whole picture. */
  readonly zones: readonly Area[];
  /** Where it does not count, whatever zones say. */
  readonly masks: readonly Area[];
}

const contains = ({ x, y, width, height }: Area, px: number, py: number) => px >= x && px < x + width && py >= y && py < y + height;

/** 1 for each pixel of a picture of this size in which motion counts, else 0; the middle of a pixel decides. */
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
