import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * How many files this process may have open at a time (the soft RLIMIT_NOFILE, which Node.js raises to the hard one when it
 * starts). Infinity where there is no limit, or nothing says what it is.
 *
 * @param root of the file system, "/"
 */
export function openFileLimit(root: string): number {
  try {
    const limit = /^Max open files\s+(\d+)\s/m.exec(readFileSync(join(root, 'proc/self/limits'), 'latin1'))?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
