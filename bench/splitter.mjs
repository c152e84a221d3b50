import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from './statistics.mjs';
import { bundled, pictureFolder } from './tools.mjs';

const ROUNDS = 5;
const TARGET = 2;
const SETS = { large: '1280x720, 74 KB each', small: '640x480, 25 KB each' };

/**
 * The splitter alone, on pictures cut into what a pipe delivers, with garbage collected as the program does it. CPU time of
 * all threads counts.
 */
export async function splitter(note) {
  const modules = [await bundled('src/frames/jpeg-splitter.ts', 'splitter.mjs'), await bundled('src/platform/memory.ts', 'memory.mjs')];
  const program = fileURLToPath(new URL('splitter-run.mjs', import.meta.url));
  const rates = { large: [], small: [] };
  for (const set of Object.keys(SETS)) pictureFolder(set);
  for (let round = 0; round < ROUNDS; round++) {
    for (const set of Object.keys(SETS)) {
      note(`${SETS[set]}, round ${round + 1} of ${ROUNDS}`);
      const { stdout } = await promisify(execFile)(process.execPath, [program, ...modules, set]);
      rates[set].push(Number(stdout) / 1e9);
    }
  }
  return {
    results: Object.entries(rates).map(([set, values]) => ({
      what: `Splitter, ${SETS[set]}`,
      measured: `${median(values).toFixed(1)} GB/s of CPU time`,
      target: `≥ ${TARGET} GB/s`,
      met: median(values) >= TARGET,
    })),
  };
}
