import { loadSharp } from './image-library.ts';

/**
 * A smaller JPEG of the same picture, in its proportions. The image library is loaded at the first call. Rejects with an AppError
 * (ENCODER_MISSING) where there is none, and for a picture that it cannot read.
 *
 * @param width of the smaller one in pixels
 * @param quality JPEG quality, 1 to 100
 */
export async function scaleJpeg(jpeg: Buffer, width: number, quality: number): Promise<Buffer> {
  const sharp = await loadSharp();
  return sharp(jpeg).resize({ width }).jpeg({ quality }).toBuffer();
}
