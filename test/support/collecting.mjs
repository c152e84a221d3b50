// Loaded into a program under test, before it (node --import): at SIGUSR2 all garbage is collected, and what is in use then is written
// to the file that COLLECTED_MEMORY names.
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
/** What a finalizer lets go of is garbage for the next collection. */
const COLLECTIONS = 3;

process.on('SIGUSR2', async () => {
  for (let k = 0; k < COLLECTIONS; k++) {
    collect();
    await sleep(20);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  const file = process.env.COLLECTED_MEMORY;
  writeFileSync(`${file}.part`, JSON.stringify({ used: heapUsed + external, resident: rss }));
  renameSync(`${file}.part`, file);
});
