import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Longest command line that is read, characters; a name is at its beginning. */
const MAX_COMMAND = 4096;

/**
 * Reads the processes of the system from /proc (proc(5)). What is missing, or not for this user to read, is empty. Nothing here
 * throws.
 */
export class Processes {
  /** @param root where the system's files are, "/" */
  constructor(private readonly root = '/') {}

  /** Returns the ids of all processes. */
  ids(): number[] {
    return list(join(this.root, 'proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  }

  /** Returns what a process has open: paths, and "socket:[123]" for sockets. Undefined where this user may not see it. */
  open(pid: number): string[] | undefined {
    const dir = join(this.root, 'proc', String(pid), 'fd');
    return attempt(() => readdirSync(dir))?.map((descriptor) => attempt(() => readlinkSync(join(dir, descriptor))) ?? '');
  }

  /** Returns the name of a process, with the script where it is an interpreter: "nginx", "node server.js". */
  name(pid: number): string | undefined {
    const process = join(this.root, 'proc', String(pid));
    const name = read(join(process, 'comm')).trim();
    const [program = '', script = ''] = read(join(process, 'cmdline')).slice(0, MAX_COMMAND).split('\0');
    // An interpreter is named by its file, as in "node server.js"; some programs write what they like into their command line.
    const interpreted = basename(program) === name && /^[^-].*[./]/.test(script);
    return interpreted ? `${name} ${script}` : name || undefined;
  }

  /**
   * Returns the numbers of a field of /proc/PID/status, such as "Uid" or "Groups". Undefined where there is no such process
   * or field.
   */
  status(pid: number, field: string): number[] | undefined {
    const line = new RegExp(`^${field}:(.*)$`, 'm').exec(read(join(this.root, 'proc', String(pid), 'status')))?.[1];
    return line?.trim().split(/\s+/).map(Number);
  }

  /** Returns a process with all its descendants. */
  family(pid: number): Set<number> {
    const family = new Set([pid]);
    const parents = new Map(this.ids().map((id) => [id, this.status(id, 'PPid')?.[0]]));
    for (let before = 0; before < family.size; ) {
      before = family.size;
      for (const [id, parent] of parents) if (parent !== undefined && family.has(parent)) family.add(id);
    }
    return family;
  }

  /**
   * Returns a user's name, or his number where he has none: passwd(5), in which the name is the first field and the number
   * the third.
   */
  userName(uid: string): string {
    return this.entry('etc/passwd', (fields) => fields[2] === uid)?.[0] ?? uid;
  }

  /** Returns the number of a group, from group(5). */
  groupId(name: string): number | undefined {
    const number = this.entry('etc/group', (fields) => fields[0] === name)?.[2];
    return number === undefined ? undefined : Number(number);
  }

  private entry(file: string, test: (fields: readonly string[]) => boolean): string[] | undefined {
    return read(join(this.root, file))
      .split('\n')
      .map((line) => line.split(':'))
      .find(test);
  }
}

/** Returns a text of /proc; empty where there is none. */
export const read = (file: string): string => attempt(() => readFileSync(file, 'utf8')) ?? '';
const list = (dir: string): string[] => attempt(() => readdirSync(dir)) ?? [];

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
