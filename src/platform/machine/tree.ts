import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Reads a system's files below a root. What is missing or may not be read is undefined, or an empty list: every file that is read
 * here exists on some systems only. Never throws.
 */
export class Tree {
  constructor(readonly root: string) {}

  /** Returns where a file is. */
  path(name: string): string {
    return join(this.root, name);
  }

  /** Returns the content of a file. */
  bytes(name: string): Buffer | undefined {
    return attempt(() => readFileSync(this.path(name)));
  }

  /** Returns the text of a file without white space and NULs around it: the device tree ends its strings with one. */
  text(name: string): string | undefined {
    return attempt(() => readFileSync(this.path(name), 'utf8'))?.replace(/^[\s\0]+|[\s\0]+$/g, '');
  }

  /** Returns the names in a directory, sorted. */
  list(name: string): string[] {
    return attempt(() => readdirSync(this.path(name)))?.sort() ?? [];
  }

  /** Returns where a symbolic link points, as a path below the root: links are made for the system, not for where it is mounted. */
  link(name: string): string | undefined {
    const target = attempt(() => readlinkSync(this.path(name)));
    return target === undefined ? undefined : resolve(dirname(join('/', name)), target);
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
