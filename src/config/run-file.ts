import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { AppError, messageOf } from '../core/errors.ts';
import { hostOf } from '../core/origin.ts';
import { directoryError, readOwnFile, writeFileAtomically } from '../platform/files.ts';

const schema = z.object({
  pid: z.int().check(z.positive()),
  url: z.url(),
  rtspPort: z.optional(z.int().check(z.positive())),
  token: z.string(),
});

/** How commands on this machine reach the running server: its process id, local URL, port of RTSP, and a token that ends with it. */
export type RunFile = z.infer<typeof schema>;

/** Longest file that is read, bytes; ours has 200. */
const MAX_BYTES = 4096;

const place = (dataDir: string) => join(dataDir, 'server.json');

/** Returns the address by which this machine reaches a server that listens on `bind`. */
export function localAddress(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1';
  if (bind === '::') return '[::1]';
  return hostOf(bind);
}

/** Writes the run file. Throws an AppError if the data directory cannot be written. */
export function writeRunFile(dataDir: string, content: RunFile): void {
  try {
    writeFileAtomically(place(dataDir), `${JSON.stringify(content)}\n`, false);
  } catch (error) {
    throw directoryError(`${place(dataDir)} cannot be written`, error);
  }
}

/** Removes the file, if it is still the one of process `pid` and can be removed; a file of a process that is gone does no harm. */
export function removeRunFile(dataDir: string, pid: number): void {
  try {
    if (readRunFile(dataDir)?.pid === pid) rmSync(place(dataDir), { force: true });
  } catch {
    // The disk may be read-only by now.
  }
}

/**
 * Reads the run file. Undefined if there is none, or if another user can have written it: he could have us send passwords
 * to a server of his.
 */
export function readRunFile(dataDir: string): RunFile | undefined {
  try {
    return schema.parse(JSON.parse(readOwnFile(place(dataDir), { maxBytes: MAX_BYTES })?.text ?? ''));
  } catch {
    return undefined;
  }
}

/** Whether there is a process of this number. */
export function isRunning(pid: number): boolean {
  try {
    // Signal 0 only asks.
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Longest wait for the local server, which answers in milliseconds; milliseconds. */
const ANSWER_TIMEOUT_MS = 2000;

/** Returns the run file of the server that uses this data directory, if there is one and it answers. */
export async function findRunningServer(dataDir: string): Promise<RunFile | undefined> {
  const found = readRunFile(dataDir);
  if (!found || !isRunning(found.pid)) return undefined;
  try {
    const answer = await fetch(`${found.url}/api/status`, {
      headers: { Authorization: `Bearer ${found.token}` },
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    await answer.body?.cancel();
    return answer.ok ? found : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns the server that runs with this data directory.
 * @throws AppError NOT_RUNNING, also where this user may not see whether one does
 */
export async function requireRunningServer(dataDir: string): Promise<RunFile> {
  const server = await findRunningServer(dataDir);
  if (server) return server;
  try {
    readOwnFile(place(dataDir), { maxBytes: MAX_BYTES });
  } catch (cause) {
    const hint = 'Run the command as the user whose camera it is, or with sudo.';
    throw new AppError('NOT_RUNNING', `Whether a camera runs with the data directory ${dataDir} cannot be seen: ${messageOf(cause)}`, {
      hint,
      cause,
    });
  }
  throw new AppError('NOT_RUNNING', `No onvif-camera runs with the data directory ${dataDir}.`);
}

/** Checks that no server runs with this data directory. @throws AppError ALREADY_RUNNING */
export async function checkNotRunning(dataDir: string): Promise<void> {
  const other = await findRunningServer(dataDir);
  if (!other) return;
  const where = `runs with the data directory ${dataDir}, at ${other.url}`;
  throw new AppError('ALREADY_RUNNING', `Another onvif-camera (process ${other.pid}) ${where}.`);
}
