import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { readThumbnail } from '../frames/jpeg-dc.ts';
import { loadImageLibrary } from '../platform/image-library.ts';
import { fitted, type Luma } from './luma.ts';

/** How long the program may be kept from its other work at a time, milliseconds: a small share of the time between two pictures. */
const SLICE_MS = 1;

/**
 * Resolves with the brightness of a JPEG at an eighth of its size or less. It is read in slices, between which everything else
 * goes on. Rejects with an AppError for a picture that cannot be read (BAD_PICTURE), or where the image library that it needs is
 * missing (ENCODER_MISSING).
 */
export async function decodeLuma(jpeg: Buffer, clock: Pick<Clock, 'monotonic'>): Promise<Luma> {
  const steps = readThumbnail(jpeg);
  let began = clock.monotonic();
  for (;;) {
    const step = steps.next();
    if (step.done) return fitted(step.value ?? (await decodeAny(jpeg)));
    if (clock.monotonic() - began < SLICE_MS) continue;
    await setImmediate();
    began = clock.monotonic();
  }
}

/** Decodes what is no baseline JPEG with the image library, which is loaded at the first of them: cameras give none. */
async function decodeAny(jpeg: Buffer): Promise<Luma> {
  const sharp = await loadImageLibrary('Analysis of this picture');
  sharp.cache(false);
  try {
    const { width, height } = await sharp(jpeg).metadata();
    const size = { width: Math.max(1, width >> 3), height: Math.max(1, height >> 3) };
    const { data } = await sharp(jpeg)
      .resize({ ...size, fit: 'fill', kernel: 'linear' })
      .greyscale()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { ...size, data };
  } catch (error) {
    throw new AppError('BAD_PICTURE', `A picture cannot be looked at for motion: ${messageOf(error)}`, { cause: error });
  }
}
