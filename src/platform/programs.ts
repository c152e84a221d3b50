import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/**
 * Returns the full path of an executable, looked up in `searchPath` (as in PATH) unless it names a place itself. Empty
 * entries, which a shell takes for the working directory, don't count: what lies there is no program that anybody installed.
 * Undefined: there is none. Never throws.
 */
export function findProgram(name: string, searchPath: string): string | undefined {
  const places = name.includes('/')
    ? [resolve(name)]
    : searchPath.split(delimiter).flatMap((dir) => (dir === '' ? [] : [resolve(dir, name)]));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return statSync(place).isFile();
    } catch {
      return false;
    }
  });
}
