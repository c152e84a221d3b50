import { accessSync, constants, type Stats, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';

/** The system calls on files and directories whose errors are explained here; starting a program is none. */
const FILE_CALLS = /^(open|mkdir|mkdtemp|rename|scandir|stat|lstat|chmod|unlink|access)$/;

/**
 * Returns a sentence that says which permission is missing where, for an error of the file system that says no more than "permission
 * denied"; undefined for any other error.
 */
export function explainPermission(error: unknown): string | undefined {
  const { code, syscall = '', path } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  if ((code !== 'EACCES' && code !== 'EPERM') || !FILE_CALLS.test(syscall) || typeof path !== 'string') return undefined;
  const [place, stats] = lastKnown(resolve(path));
  const what = may(place, constants.X_OK) || !stats?.isDirectory() ? (place === resolve(path) ? 'use' : 'write in') : 'look into';
  const owner = stats === undefined ? '' : `, which belongs to ${nameOf(stats.uid)} (mode ${(stats.mode & 0o7777).toString(8)})`;
  return `This program runs as the user ${ownName()}, who may not ${what} ${place}${owner}.`;
}

/** Returns as much of a path as this user can see: up to the first directory that cannot be looked into, or all of it. */
function lastKnown(path: string): [path: string, stats: Stats | undefined] {
  const parent = dirname(path);
  try {
    return [path, statSync(path)];
  } catch {
    return parent === path ? [path, undefined] : lastKnown(parent);
  }
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Returns the name of a user where it is this one or root, else the number. */
const nameOf = (uid: number): string => (uid === 0 ? 'root' : uid === process.getuid?.() ? ownName() : `the user ${uid}`);

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user ID without an entry in passwd, as in a container.
    return String(process.getuid?.());
  }
}
