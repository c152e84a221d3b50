// Files of packages: copied, with modes that do not depend on who builds, and times that are the commit's.
import { chmodSync, cpSync, lstatSync, lutimesSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes a file, and the folders above it. */
export function put(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Copies a file or a folder with everything in it. `without` says what is left out, by its path. */
export function copy(from, to, without = () => false) {
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true, filter: (path) => !without(path) });
}

/** Every path in a folder, folders before what is in them, in an order that is always the same. */
export function walk(dir) {
  return readdirSync(dir, { withFileTypes: true })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => [join(dir, entry.name), ...(entry.isDirectory() ? walk(join(dir, entry.name)) : [])]);
}

/** Gives everything in a folder, and the folder, the usual modes and one time. `executable` says which files are programs. */
export function settle(dir, time, executable) {
  for (const path of [...walk(dir).reverse(), dir]) {
    const stat = lstatSync(path);
    if (!stat.isSymbolicLink()) chmodSync(path, stat.isDirectory() || executable(path) ? 0o755 : 0o644);
    lutimesSync(path, time, time);
  }
}
