import type { Size } from '../frames/size.ts';

/** The size to ask for where pictures are to be as large as they are captured. */
export const AS_CAPTURED: Size = { width: 0, height: 0 };

/**
 * Returns the size in pixels that pictures are encoded in: in the proportions of what is asked, never larger than captured, and
 * even, as 4:2:0 wants it.
 * @param size what is asked for; 0 for one side: as it follows from the other, 0 for both: as captured
 */
export function encodedSize({ width, height }: Size, captured: Size): Size {
  if (width === 0 && height === 0) return evenSize(captured, captured);
  const wanted = {
    width: width || (captured.width * height) / captured.height,
    height: height || (captured.height * width) / captured.width,
  };
  const share = Math.min(1, captured.width / wanted.width, captured.height / wanted.height);
  return evenSize({ width: wanted.width * share, height: wanted.height * share }, captured);
}

/** Returns the nearest even size that is not larger than what is captured, and at least 2 × 2 pixels. */
export const evenSize = ({ width, height }: Size, captured: Size): Size => ({
  width: even(width, captured.width),
  height: even(height, captured.height),
});

const even = (pixels: number, most: number): number => Math.max(2, 2 * Math.floor(Math.min(2 * Math.round(pixels / 2), most) / 2));
