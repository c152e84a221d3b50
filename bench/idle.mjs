import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, residentMegabytes } from './process.mjs';
import { load, startOurs, startOursInNetwork } from './servers.mjs';

/**
 * V8 gives memory back once, some 8 s after a start or after work (its "memory reducer": three collections within 2 s), or
 * 8 s later if the process was still busy then. Without that an idle process would keep 3 MB more.
 */
const SETTLE_MS = 20_000;
const WINDOW_S = 20;
const VIEWERS = 50;
const VIEWED_S = 30;
/** Less CPU time than this is nothing: 0.05 % of a core. */
const NOTHING_MS = 0.5 * WINDOW_S;
const TARGET_RSS_MB = 60;

/** Nobody watches: before the first viewer, and after many. */
export async function idle(note) {
  const server = await startOurs('camera', { auth: 'off', 'idle-timeout': 1 });
  const found = startOursInNetwork('camera');
  try {
    await sleep(SETTLE_MS);
    const withDiscovery = found.child.exitCode === null ? residentMegabytes(found.pid) : undefined;
    if (withDiscovery === undefined) note('without discovery: there can be no network namespace with a veth pair here');
    await found.stop();
    note(`no viewer for ${WINDOW_S} s`);
    const before = cpuSeconds(server.pid);
    await sleep(WINDOW_S * 1000);
    const cpuMs = (cpuSeconds(server.pid) - before) * 1000;
    const fresh = residentMegabytes(server.pid);
    note(`${VIEWERS} viewers for ${VIEWED_S} s`);
    const viewed = await load(server, { clients: VIEWERS, seconds: VIEWED_S });
    await sleep(SETTLE_MS);
    const again = residentMegabytes(server.pid);
    return {
      results: [
        { what: `CPU in ${WINDOW_S} s without viewers`, measured: `${cpuMs.toFixed(1)} ms`, target: 'none', met: cpuMs <= NOTHING_MS },
        memory('Memory, idle', fresh),
        ...(withDiscovery === undefined ? [] : [memory('Memory, idle, with discovery', withDiscovery)]),
        {
          what: `Memory with ${VIEWERS} viewers for ${VIEWED_S} s, and idle again`,
          measured: `${viewed.srv_rss_peak_mb.toFixed(0)}, ${again.toFixed(0)} MB`,
        },
      ],
    };
  } finally {
    await Promise.all([server.stop(), found.stop()]);
  }
}

const memory = (what, mb) => ({ what, measured: `${mb.toFixed(1)} MB`, target: `≤ ${TARGET_RSS_MB} MB`, met: mb <= TARGET_RSS_MB });
