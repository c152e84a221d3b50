// What counts as unwell, besides what the camera's own watch says.
import { setTimeout as sleep } from 'node:timers/promises';

/** CPU time that a case may take, seconds: 60 kB of anything are read in far less. Besides, once, what a start leaves to do. */
const CASE_S = 0.01;
const ONCE_S = 1.5;
/** A single case, measured by itself: its first request may have half a second of loading to do. */
const SINGLE_S = 0.8;
/** Memory over what it had, megabytes. Pictures, answers on their way and garbage of a moment are less. */
const MEMORY_MB = 300;
/** Descriptors over what it had, after all connections are closed. */
const DESCRIPTORS = 100;
const POLL_MS = 20;

export const check = {
  /** How long that may take: tunnels of RTSP that never became whole are kept for ten seconds. */
  patienceMs: 15_000,

  begin: (camera) => ({ ...camera.first, cpuS: camera.cpuS }),

  /** What is wrong with the camera after these cases; undefined if nothing is. */
  async end(camera, before, cases) {
    await camera.settled();
    const spent = camera.cpuS - before.cpuS;
    const until = performance.now() + check.patienceMs;
    const most = before.descriptors + DESCRIPTORS;
    while (camera.descriptors > most && !camera.complaint && performance.now() < until) await sleep(POLL_MS);
    if (camera.complaint) return camera.complaint;
    if (camera.descriptors > most) return `${camera.descriptors} descriptors, ${before.descriptors} before`;
    if (camera.memoryMb > before.memoryMb + MEMORY_MB) return `${camera.memoryMb.toFixed(0)} MB, ${before.memoryMb.toFixed(0)} before`;
    const limit = cases.length === 1 ? SINGLE_S : ONCE_S + CASE_S * cases.length;
    return spent > limit ? `${spent.toFixed(2)} s of CPU time for ${cases.length} cases` : undefined;
  },
};
