import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Returns a folder in the user's cache for what tests build or install once: another one for each content of the files that
 * it is made from, and for each `maker` (what a compiler says of its version).
 */
export function cachePlace(name: string, files: readonly string[], maker: string): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  hash.update(maker);
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(cache, `onvif-camera-${name}`, hash.digest('hex').slice(0, 16));
}
