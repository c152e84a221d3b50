import { startOurs } from './servers.mjs';
import { median } from './statistics.mjs';

const STARTS = 10;
const TARGET_MS = 700;

/** From the start of the process to the first answer of /healthz; with a fresh data directory, as at the first start. */
export async function ready(note) {
  const times = [];
  for (let start = 1; start <= STARTS; start++) {
    note(`start ${start} of ${STARTS}`);
    const server = await startOurs('images');
    times.push(server.readyMs);
    await server.stop();
  }
  const longest = Math.max(...times);
  return {
    results: [
      {
        what: `Ready after the start, ${STARTS} starts: median, longest`,
        measured: `${median(times).toFixed(0)}, ${longest.toFixed(0)} ms`,
        target: `≤ ${TARGET_MS} ms`,
        met: longest <= TARGET_MS,
      },
    ],
  };
}
