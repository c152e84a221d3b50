import { rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { AppError, messageOf } from '../core/errors.ts';
import { hostOf } from '../core/origin.ts';
import { directoryError, readOwnFile, writeFileAtomically } from '../platform/files.ts';
import { serviceOf, startCommand } from './places.ts';

const schema = z.object({
  pid: z.int().check(z.positive()),
  url: z.url(),
  rtspPort: z.optional(z.int().check(z.positive())),
  token: z.string(),
});

/** The way by which commands on this machine reach the running server: its process ID, local URL, RTSP port, and a token for this run. */
export type RunFile = z.infer<typeof schema>;

/** Longest file that is read, bytes; the one that is written has about 150. */
const MAX_BYTES = 4096;

const place = (dataDir: string) => join(dataDir, 'server.json');

/** Returns the host of a URL by which this machine reaches a server that listens on `bind`. */
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

/** Removes the run file if it is that of process `pid`. Never throws: the file of a process that has ended does no harm. */
export function removeRunFile(dataDir: string, pid: number): void {
  try {
    if (readRunFile(dataDir)?.pid === pid) rmSync(place(dataDir), { force: true });
  } catch {
    // The disk may be read-only by now.
  }
}

/**
 * Reads the run file. Undefined if there is none, or if another user can have written it, who could have passwords sent to a server
 * of theirs.
 */
export function readRunFile(dataDir: string): RunFile | undefined {
  try {
    return schema.parse(JSON.parse(readOwnFile(place(dataDir), { maxBytes: MAX_BYTES })?.text ?? ''));
  } catch {
    return undefined;
  }
}

/** Returns whether there is a process with this ID. */
export function isRunning(pid: number): boolean {
  try {
    // Signal 0 only asks.
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Longest wait for the local server, which answers within some milliseconds. */
const ANSWER_TIMEOUT_MS = 2000;

/** Resolves to the run file of the server that uses a data directory; undefined where none runs, or it does not answer. */
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
 * Resolves to the run file of the server that uses a data directory.
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
  const hint = serviceOf(dataDir) === undefined ? {} : { hint: `Start the camera first: \`${startCommand(dataDir)}\`.` };
  throw new AppError('NOT_RUNNING', `No onvif-camera runs with the data directory ${dataDir}.`, hint);
}

/** Checks that no server uses a data directory. @throws AppError ALREADY_RUNNING */
export async function checkNotRunning(dataDir: string): Promise<void> {
  const other = await findRunningServer(dataDir);
  if (!other) return;
  const where = `runs with the data directory ${dataDir}, at ${other.url}`;
  const service = serviceOf(dataDir);
  const hint = `Stop it first: with \`sudo systemctl stop ${service}\` where it is the service of this machine, else where it was started.`;
  throw new AppError('ALREADY_RUNNING', `Another onvif-camera (process ${other.pid}) ${where}.`, service === undefined ? {} : { hint });
}
