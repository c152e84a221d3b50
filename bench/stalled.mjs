import { setTimeout as sleep } from 'node:timers/promises';
import { residentMegabytes, sendQueueMegabytes } from './process.mjs';
import { FPS, load, startOurs } from './servers.mjs';

const GOOD = 10;
const STALLED = 20;
const WARM_UP_S = 2;
const WINDOW_S = 38;
/** When the stalled ones must be gone: 30 s after their last byte, which fills the queues within the first seconds. */
const GONE_S = 35;
const POLL_MS = 250;
/** A rate as good as the source's: one picture in a window may fall on its other side. */
const FULL_FPS = FPS - 0.5;
/** Growth that counts as flat: less than what one stalled reader would cost if pictures queued up for him, 2 MB per second. */
const FLAT_MB = 20;

/** Twenty readers who never read, beside ten good ones. */
export async function stalled(note) {
  const server = await startOurs('camera', { auth: 'off' });
  try {
    // The good ones alone first, so that the memory begins where it is with viewers.
    await load(server, { clients: GOOD, seconds: 4 });
    const before = residentMegabytes(server.pid);
    const queuesBefore = sendQueueMegabytes(server.port);
    note(`${STALLED} stalled readers beside ${GOOD} good ones for ${WARM_UP_S + WINDOW_S} s`);
    const began = performance.now();
    const running = load(server, { clients: GOOD, seconds: WINDOW_S, warmUp: WARM_UP_S, stalled: STALLED });
    const { goneAfter, queuesPeak } = await watch(server, began);
    const queuesAfter = sendQueueMegabytes(server.port);
    const result = await running;
    const growth = result.srv_rss_peak_mb - before;
    return {
      results: [
        {
          what: `${GOOD} good viewers beside ${STALLED} stalled ones: slowest fps`,
          measured: result.fps_min.toFixed(1),
          target: `${FPS}`,
          met: result.fps_min >= FULL_FPS,
        },
        {
          what: 'The stalled ones are gone after',
          measured: goneAfter === undefined ? 'never' : `${goneAfter.toFixed(0)} s`,
          target: '30 s',
          met: goneAfter !== undefined && goneAfter <= GONE_S,
        },
        {
          what: 'Memory meanwhile: begin, peak, end',
          measured: `${before.toFixed(0)}, ${result.srv_rss_peak_mb.toFixed(0)}, ${result.srv_rss_end_mb.toFixed(0)} MB`,
          target: 'flat',
          met: growth <= FLAT_MB,
        },
        {
          what: "The kernel's send queues: before, peak, after they are gone",
          measured: `${[queuesBefore, queuesPeak, queuesAfter].map((mb) => mb.toFixed(0)).join(', ')} MB`,
          target: 'freed',
          met: queuesAfter - queuesBefore <= (queuesPeak - queuesBefore) / 10,
        },
      ],
    };
  } finally {
    await server.stop();
  }
}

/** Waits until only the good viewers are left, and a moment longer for the kernel. */
async function watch(server, began) {
  const end = began + (WARM_UP_S + WINDOW_S - 1) * 1000;
  let queuesPeak = 0;
  let goneAfter;
  while (goneAfter === undefined && performance.now() < end) {
    await sleep(POLL_MS);
    queuesPeak = Math.max(queuesPeak, sendQueueMegabytes(server.port));
    const { viewers } = await server.json('/api/status');
    const seconds = (performance.now() - began) / 1000;
    if (seconds > WARM_UP_S && viewers === GOOD) goneAfter = seconds;
  }
  await sleep(1000);
  return { goneAfter, queuesPeak };
}
