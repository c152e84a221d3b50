import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { readOwnFile } from '../platform/files.ts';
import { isRunning } from './run-file.ts';

const schema = z.object({ pid: z.int().check(z.positive()), began: z.string() });

type Holder = z.infer<typeof schema>;

/** Longest file that is read, bytes; the one that is written has about 40. */
const MAX_BYTES = 1024;
/** Interval of looking whether the other process has ended. */
const RETRY_MS = 50;

/** Time that a process may take to write its lock. */
const WRITTEN_MS = 1000;
/** Process ID of a holder that is not known. */
const UNKNOWN = 0;

const place = (dataDir: string) => join(dataDir, 'state.lock');

/** Another running process holds the lock. */
export interface Held {
  /** Its process ID; 0: unknown. */
  readonly pid: number;
}

/**
 * Locks the state of a data directory for this process: of two that write at a time, the changes of one would be lost. A lock whose
 * process has ended does not count. Where no lock can be kept (a disk that is full or read-only), there is none.
 *
 * @param waitMs longest wait for another process, ms
 * @param signal ends the waiting
 * @returns the function that releases the lock, or the process that has it
 */
export async function lockState(dataDir: string, waitMs: number, signal?: AbortSignal): Promise<(() => void) | Held> {
  const deadline = performance.now() + waitMs;
  for (;;) {
    const result = attempt(dataDir);
    if (typeof result === 'function' || performance.now() >= deadline || signal?.aborted) return result;
    // A wait that is ended early still returns the holder.
    await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
  }
}

function attempt(dataDir: string): (() => void) | Held {
  const path = place(dataDir);
  const own: Holder = { pid: process.pid, began: beginOf(process.pid) };
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    const holder = readHolder(path);
    if (holder && isThere(holder)) return { pid: holder.pid };
    if (holder && !removeStale(path)) return { pid: UNKNOWN };
    // Another process may be faster.
    if (!writeNew(path, `${JSON.stringify(own)}\n`)) return { pid: readHolder(path)?.pid ?? UNKNOWN };
  } catch {
    // What is wrong with the directory shows when the state is read.
    return () => {};
  }
  return () => {
    try {
      if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true });
    } catch {
      // The disk may be read-only by now; a lock whose process is gone does no harm.
    }
  };
}

/** Creates a file, mode 0600. Returns false where there is one already. Leaves nothing behind where the disk is full. */
function writeNew(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    rmSync(path, { force: true });
    throw error;
  }
}

/**
 * Returns the holder of the lock; undefined if there is none. A lock that cannot be read is being written, or was cut off
 * by a crash, and then belongs to nobody.
 */
function readHolder(path: string): Holder | undefined {
  const file = readOwnFile(path, { maxBytes: MAX_BYTES });
  if (!file) return undefined;
  try {
    return schema.parse(JSON.parse(file.text));
  } catch {
    return { pid: isNew(path) ? UNKNOWN : process.pid, began: '' };
  }
}

/** Returns whether the holder is another process that runs, or may be. */
const isThere = (holder: Holder) => holder.pid === UNKNOWN || (holder.pid !== process.pid && isRunning(holder.pid) && isSame(holder));

/**
 * Returns whether a file was written or removed within the last second. A time far ahead is old: clocks without a battery go back
 * at a power cut.
 */
function isNew(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return !stat || Math.abs(Date.now() - stat.mtimeMs) < WRITTEN_MS;
}

/**
 * Removes a lock whose holder has ended. One process at a time does so, else the second would remove the lock that the first has
 * written in its place. Returns false where another process is at it, or has the lock already.
 */
function removeStale(path: string): boolean {
  const turn = `${path}.turn`;
  if (!writeNew(turn, '')) {
    // The process whose turn it was may have crashed in the middle.
    if (!isNew(turn)) rmSync(turn, { force: true });
    return false;
  }
  try {
    const holder = readHolder(path);
    if (holder && isThere(holder)) return false;
    // Where there is none any more, another process may be writing its own at this moment.
    if (holder) rmSync(path, { force: true });
    return true;
  } finally {
    rmSync(turn, { force: true });
  }
}

/** Returns whether the process is the one that took the lock, and not another that got its ID later. */
const isSame = ({ pid, began }: Holder) => began === '' || began === beginOf(pid);

/** Returns when a process began: clock ticks since the boot (proc(5), starttime). Empty if unknown. */
function beginOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // Fields 3 to 22; the name before them may have anything in it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
