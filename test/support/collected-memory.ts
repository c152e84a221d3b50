import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, MAIN, type Server } from './server.ts';

/** Memory without garbage, MB (1e6 bytes). */
export interface CollectedMemory {
  /** What the program uses of V8's heap, and of buffers beside it. */
  readonly used: number;
  /** What the process takes of the machine's memory. */
  readonly resident: number;
}

/** The command line of a program whose {@link collectedMemory} can be asked for. */
export const COLLECTING_PROGRAM = [process.execPath, '--import', fileURLToPath(new URL('collecting.mjs', import.meta.url)), MAIN];

/** The environment that goes with it. @param dir a directory of the test */
export const collectingEnv = (dir: string) => ({ COLLECTED_MEMORY: join(dir, 'collected-memory.json') });

/** Collects all garbage of the program and returns what is left. How much garbage there is at a time is V8's affair. */
export async function collectedMemory(server: Server, dir: string): Promise<CollectedMemory> {
  const file = collectingEnv(dir).COLLECTED_MEMORY;
  rmSync(file, { force: true });
  process.kill(server.pid, 'SIGUSR2');
  const read = (): CollectedMemory | undefined => {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as CollectedMemory;
    } catch {
      return undefined;
    }
  };
  await eventually(() => read() !== undefined, 'the garbage is collected');
  const { used, resident } = read()!;
  return { used: used / 1e6, resident: resident / 1e6 };
}
