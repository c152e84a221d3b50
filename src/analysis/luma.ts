import type { Size } from '../frames/size.ts';

/** A small grey picture, row by row, 0 (black) to 255, one byte for each pixel. */
export interface Luma extends Size {
  readonly data: Uint8Array;
  /** How much fine detail the picture has that is not in here ({@link Thumbnail.fineness}); undefined: nobody looked. */
  readonly fineness?: number | undefined;
}

/** Widest picture that is looked at, pixels: more detail costs time and finds nothing the size of a person. */
const MAX_WIDTH = 200;

/** Returns the picture at half the size, each pixel the mean of four; an odd last row or column is left out. */
export function halved({ width, height, data }: Luma): Luma {
  const half = { width: width >> 1, height: height >> 1 };
  const small = new Uint8Array(half.width * half.height);
  for (let y = 0, at = 0; y < half.height; y++) {
    for (let x = 0, from = 2 * y * width; x < half.width; x++, from += 2) {
      small[at++] = (data[from]! + data[from + 1]! + data[from + width]! + data[from + width + 1]! + 2) >> 2;
    }
  }
  return { ...half, data: small };
}

/** Returns the picture, halved until it is as small as analysis wants it. */
export function fitted(luma: Luma): Luma {
  let small = luma;
  while (small.width > MAX_WIDTH && small.height > 1) small = halved(small);
  return { ...small, fineness: luma.fineness };
}

/** Returns the mean of the 3 × 3 pixels around each pixel; at the border those outside count as the nearest inside. */
export function blurred({ width, height, data }: { width: number; height: number; data: ArrayLike<number> }): Float32Array {
  const rows = new Float32Array(width * height);
  const out = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = y * width; x < width; x++, at++) {
      const left = x > 0 ? data[at - 1]! : data[at]!;
      const right = x < width - 1 ? data[at + 1]! : data[at]!;
      rows[at] = left + data[at]! + right;
    }
  }
  for (let y = 0; y < height; y++) {
    const up = y > 0 ? -width : 0;
    const down = y < height - 1 ? width : 0;
    for (let x = 0, at = y * width; x < width; x++, at++) out[at] = (rows[at + up]! + rows[at]! + rows[at + down]!) / 9;
  }
  return out;
}

/** Returns what is finer than 3 × 3 pixels, as a difference for each pixel: edges and texture, which the light leaves where they are. */
export function detail(luma: Luma): Float32Array {
  const smooth = blurred(luma);
  for (let at = 0; at < smooth.length; at++) smooth[at] = luma.data[at]! - smooth[at]!;
  return smooth;
}
