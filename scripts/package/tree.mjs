// The files of packages: copied, with modes that do not depend on the builder, and times that are the commit's.
import { chmodSync, cpSync, lstatSync, lutimesSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes a file, and the folders above it. */
export function put(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Copies a file or a folder with everything in it. @param without returns whether a path is left out */
export function copy(from, to, without = () => false) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true, filter: (path) => !without(path) });
}

/** Returns every path in a folder, folders before what is in them, in an order that is always the same. */
export function walk(dir) {
  return readdirSync(dir, { withFileTypes: true })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => [join(dir, entry.name), ...(entry.isDirectory() ? walk(join(dir, entry.name)) : [])]);
}

/**
 * Gives everything in a folder, and the folder, the usual modes and one time.
 * @param time seconds since the Unix epoch
 * @param executable returns whether a file is a program
 */
export function settle(dir, time, executable) {
  for (const path of [...walk(dir).reverse(), dir]) {
    const stat = lstatSync(path);
    if (!stat.isSymbolicLink()) chmodSync(path, stat.isDirectory() || executable(path) ? 0o755 : 0o644);
    lutimesSync(path, time, time);
  }
}
