import type { Size } from '../frames/size.ts';

/** Asks for pictures as they are captured. */
export const AS_CAPTURED: Size = { width: 0, height: 0 };

/**
 * The size that pictures are encoded in: never larger than captured, and in even numbers, as 4:2:0 wants them.
 * @param asked 0: as captured, or as follows from the other side
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

/** The nearest even size that is not larger than what is captured. */
export const evenSize = ({ width, height }: Size, captured: Size): Size => ({
  width: even(width, captured.width),
  height: even(height, captured.height),
});

const even = (pixels: number, most: number): number => Math.max(2, 2 * Math.floor(Math.min(2 * Math.round(pixels / 2), most) / 2));
