import type { Size } from '../frames/size.ts';
import { loadImageLibrary } from '../platform/image-library.ts';

/** Largest side that RTP can carry, pixels (RFC 2435, 3.1.5 and 3.1.6). */
const MAX_SIZE = 2040;
/** Pixels that RTP counts a side in. */
const UNIT = 8;

/**
 * Returns a JPEG encoded anew so that RTP can carry it: baseline, 4:2:0, the usual Huffman tables, sides that are multiples of 8 and
 * at most 2040 pixels. Larger pictures are scaled down in proportion; others lose less than 8 pixels' worth by scaling.
 *
 * The image library is loaded at the first call: cameras that need it are few. Rejects with an AppError (ENCODER_MISSING) where
 * there is none, and for a picture that it cannot read.
 *
 * @param quality JPEG quality, 1 to 100
 */
export async function recodeForRtp(jpeg: Buffer, quality: number): Promise<Buffer> {
  const sharp = await loadImageLibrary('RTP of this picture');
  sharp.cache(false);
  const { width, height } = await sharp(jpeg).metadata();
  return sharp(jpeg)
    .resize({ ...carriedSize(width, height), fit: 'fill' })
    .toColourspace('srgb')
    .jpeg({ quality, progressive: false, optimiseCoding: false, chromaSubsampling: '4:2:0' })
    .toBuffer();
}

/** Returns the nearest size in pixels that RTP can carry. */
export function carriedSize(width: number, height: number): Size {
  const scale = Math.min(1, MAX_SIZE / width, MAX_SIZE / height);
  const side = (pixels: number) => Math.max(UNIT, Math.min(MAX_SIZE, Math.round((pixels * scale) / UNIT) * UNIT));
  return { width: side(width), height: side(height) };
}
