import { AppError } from '../core/errors.ts';
import { loadImageLibrary } from '../platform/image-library.ts';

const load = () => loadImageLibrary('A smaller picture');

/** Returns why pictures cannot be made smaller here, where this machine has no image library; undefined: they can. */
export async function whyNotScaled(): Promise<AppError | undefined> {
  try {
    await load();
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/**
 * Returns a smaller JPEG of the same picture, in its proportions. The image library is loaded at the first call. Rejects with an AppError
 * (ENCODER_MISSING) where there is none, and for a picture that it cannot read.
 *
 * @param width of the smaller one in pixels
 * @param quality JPEG quality, 1 to 100
 */
export async function scaleJpeg(jpeg: Buffer, width: number, quality: number): Promise<Buffer> {
  const sharp = await load();
  // No picture comes twice.
  sharp.cache(false);
  return sharp(jpeg).resize({ width }).jpeg({ quality }).toBuffer();
}
