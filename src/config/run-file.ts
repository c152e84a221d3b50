import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { AppError, messageOf } from '../core/errors.ts';
import { writeFileAtomically } from './state.ts';

const schema = z.object({ pid: z.int().positive(), url: z.url(), rtspPort: z.int().positive().optional(), token: z.string() });

/** How commands on this machine reach the running server: its process id, local URL, port of RTSP, and a token that ends with it. */
export type RunFile = z.infer<typeof schema>;

const place = (dataDir: string) => join(dataDir, 'server.json');

/** Throws an AppError if the data directory cannot be written. */
export function writeRunFile(dataDir: string, content: RunFile): void {
  try {
    writeFileAtomically(place(dataDir), `${JSON.stringify(content)}\n`);
  } catch (error) {
    throw new AppError('DATA_DIR', `${place(dataDir)} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** Removes the file, if it is still the one of process `pid`. */
export function removeRunFile(dataDir: string, pid: number): void {
  if (readRunFile(dataDir)?.pid === pid) rmSync(place(dataDir), { force: true });
}

export function readRunFile(dataDir: string): RunFile | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(place(dataDir), 'utf8')));
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    // Signal 0 only asks.
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A local server answers in milliseconds; one that hangs is no help. */
const ANSWER_TIMEOUT_MS = 2000;

/** The server that runs with this data directory, if there is one and it answers. */
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
