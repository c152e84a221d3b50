// What counts as unwell, besides what the camera's own watch says.
import { setTimeout as sleep } from 'node:timers/promises';

/** CPU time that a case may take, seconds: 60 kB of anything are read in far less. Besides, once, what a start leaves to do. */
const CASE_S = 0.01;
const ONCE_S = 1.5;
/** A single case, which is measured by itself. */
const SINGLE_S = 0.4;
/** Memory over what it had, megabytes. Pictures, answers on their way and garbage of a moment are less. */
const MEMORY_MB = 300;
/** Descriptors over what it had, after all connections are closed, and how long it may take until they are. */
const DESCRIPTORS = 40;
const CLOSE_LIMIT_MS = 4000;
const POLL_MS = 20;

export const check = {
  begin: (camera) => ({ ...camera.first, cpuS: camera.cpuS }),

  /** What is wrong with the camera after these cases; undefined if nothing is. */
  async end(camera, before, cases) {
    await camera.settled();
    const spent = camera.cpuS - before.cpuS;
    const until = performance.now() + CLOSE_LIMIT_MS;
    const most = before.descriptors + DESCRIPTORS;
    while (camera.descriptors > most && !camera.complaint && performance.now() < until) await sleep(POLL_MS);
    if (camera.complaint) return camera.complaint;
    if (camera.descriptors > most) return `${camera.descriptors} descriptors, ${before.descriptors} before`;
    if (camera.memoryMb > before.memoryMb + MEMORY_MB) return `${camera.memoryMb.toFixed(0)} MB, ${before.memoryMb.toFixed(0)} before`;
    const limit = cases.length === 1 ? SINGLE_S : ONCE_S + CASE_S * cases.length;
    return spent > limit ? `${spent.toFixed(2)} s of CPU time for ${cases.length} cases` : undefined;
  },
};
