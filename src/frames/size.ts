/** Size of pictures, pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Returns the sizes, each once, the largest first. */
export function distinctSizes(sizes: readonly Size[]): Size[] {
  const unique = new Map(sizes.map((size) => [`${size.width}x${size.height}`, size]));
  return [...unique.values()].sort((a, b) => b.width * b.height - a.width * a.height);
}

/** Returns the size of a picture that was rotated by so many degrees, a multiple of 90: its sides may change places. */
export const rotatedSize = (rotation: number, { width, height }: Size): Size =>
  rotation % 180 === 0 ? { width, height } : { width: height, height: width };
