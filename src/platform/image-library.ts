import { machine } from 'node:os';
import { AppError, messageOf } from '../core/errors.ts';

type Sharp = typeof import('sharp').default;

/**
 * Resolves with the image library, sharp, which is loaded at the first call. It is machine code, and not there for every processor.
 * @param purpose what it is needed for, to begin a sentence: "The test pattern"
 * @param model of the machine, as `uname -m` tells it
 * @throws AppError (ENCODER_MISSING) where there is none
 */
export async function loadImageLibrary(purpose: string, model: string = machine()): Promise<Sharp> {
  const missing = (why: string, cause?: unknown) =>
    new AppError('ENCODER_MISSING', `${purpose} needs the image library sharp, which ${why}`, { cause });
  // There is one build for all of armhf, and it is for ARMv7: on a Pi Zero or a Pi 1 it would end the process with SIGILL.
  if (model.startsWith('armv6')) throw missing(`has no build for this processor (${model}).`);
  try {
    return (await import('sharp')).default;
  } catch (error) {
    // What follows the first line is about npm.
    throw missing(`cannot be loaded: ${messageOf(error).split('\n', 1)[0]}`, error);
  }
}
