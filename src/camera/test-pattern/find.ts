import type { FindSource } from '../source.ts';
import { TestPatternSource } from './source.ts';

/** Finds the test pattern, which is always there. */
export const find: FindSource<'test'> = async (_spec, { clock }) => {
  return (settings) => new TestPatternSource(settings, clock);
};
