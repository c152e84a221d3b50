import type { FindSource } from '../source.ts';
import { checkImagesDir, ImagesSource } from './source.ts';

/** Finds a folder of pictures. Rejects with NO_PICTURES where there is none to show. */
export const find: FindSource<'images'> = async ({ dir }, { clock }) => {
  await checkImagesDir(dir);
  return (settings) => new ImagesSource(dir, settings, clock);
};
