import { AppError, messageOf } from '../core/errors.ts';

/** The image library, loaded at the first call: cameras that need it are few. Rejects with an AppError where there is none. */
export async function loadSharp(): Promise<typeof import('sharp')['default']> {
  const { default: sharp } = await import('sharp').catch((error: unknown) => {
    throw new AppError('ENCODER_MISSING', `The image library sharp cannot be loaded: ${messageOf(error)}`, { cause: error });
  });
  // No picture comes twice.
  sharp.cache(false);
  return sharp;
}
