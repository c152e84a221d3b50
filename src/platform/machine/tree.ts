import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * A system's files below a root. What is missing or may not be read is undefined, or an empty list: every file that is read
 * here exists on some systems only.
 */
export class Tree {
  constructor(readonly root: string) {}

  path(name: string): string {
    return join(this.root, name);
  }

  bytes(name: string): Buffer | undefined {
    return attempt(() => readFileSync(this.path(name)));
  }

  /** The text without white space and NULs around it: the device tree ends its strings with one. */
  text(name: string): string | undefined {
    return attempt(() => readFileSync(this.path(name), 'utf8'))?.replace(/^[\s\0]+|[\s\0]+$/g, '');
  }

  /** Names in a directory, sorted. */
  list(name: string): string[] {
    return attempt(() => readdirSync(this.path(name)))?.sort() ?? [];
  }

  /** Where a symbolic link points, as a path below the root: links are made for the system, not for where it is mounted. */
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
