import { setTimeout as sleep } from 'node:timers/promises';
import { residentMegabytes, sendQueueMegabytes } from './process.mjs';
import { PICTURES, rtspLoad } from './rtsp-servers.mjs';
import { FPS, startOurs } from './servers.mjs';

const GOOD = 50;
const STALLED = 10;
const WARM_UP_S = 2;
const WINDOW_S = 38;
/** When the stalled ones must be gone: 30 s after their last byte, which fills the queues within the first seconds. */
const GONE_S = 36;
const POLL_MS = 250;
/** A rate as good as the source's: one picture in a window may fall on its other side. */
const FULL_FPS = FPS - 0.5;
/** Growth that counts as flat: what one stalled client would cost within ten seconds if pictures queued up for him. */
const FLAT_MB = 20;

/** Ten TCP sessions that play and never read, beside fifty good ones. */
export async function rtspStalled(note) {
  const server = await startOurs('camera', { auth: 'off' }, PICTURES);
  try {
    // The good ones alone first, so that the memory begins where it is with viewers.
    await rtspLoad(server, { clients: GOOD, seconds: 4 });
    const rtspPort = Number(new URL(server.rtspUrl).port);
    const before = residentMegabytes(server.pid);
    const queuesBefore = sendQueueMegabytes(rtspPort);
    note(`${STALLED} stalled sessions beside ${GOOD} good ones for ${WARM_UP_S + WINDOW_S} s`);
    const began = performance.now();
    const running = rtspLoad(server, { clients: GOOD, seconds: WINDOW_S, warmUp: WARM_UP_S, stalled: STALLED });
    const { goneAfter, queuesPeak } = await watch(server, rtspPort, began);
    const queuesAfter = sendQueueMegabytes(rtspPort);
    const result = await running;
    const after = residentMegabytes(server.pid);
    return {
      results: [
        {
          what: `RTSP, ${GOOD} good TCP sessions beside ${STALLED} stalled ones: slowest fps`,
          measured: result.fps_min.toFixed(1),
          target: `${FPS}`,
          met: result.fps_min >= FULL_FPS,
        },
        {
          what: 'RTSP, the stalled ones are gone after',
          measured: goneAfter === undefined ? 'never' : `${goneAfter.toFixed(0)} s`,
          target: '30 s',
          met: goneAfter !== undefined && goneAfter <= GONE_S,
        },
        {
          what: 'RTSP, memory meanwhile: begin, end',
          measured: `${before.toFixed(0)}, ${after.toFixed(0)} MB`,
          target: 'flat',
          met: after - before <= FLAT_MB,
        },
        {
          what: "RTSP, the kernel's queues for them: before, peak, after they are gone",
          measured: `${[queuesBefore, queuesPeak, queuesAfter].map((mb) => mb.toFixed(0)).join(', ')} MB`,
        },
      ],
    };
  } finally {
    await server.stop();
  }
}

/** Waits until only the good sessions are left, and a moment longer for the kernel. */
async function watch(server, rtspPort, began) {
  const end = began + (WARM_UP_S + WINDOW_S - 1) * 1000;
  let queuesPeak = 0;
  let all = false;
  let goneAfter;
  while (goneAfter === undefined && performance.now() < end) {
    await sleep(POLL_MS);
    queuesPeak = Math.max(queuesPeak, sendQueueMegabytes(rtspPort));
    const metrics = await (await fetch(server.url('/metrics'))).text();
    const sessions = Number(/^onvif_camera_rtsp_sessions (\d+)$/m.exec(metrics)?.[1]);
    all ||= sessions === GOOD + STALLED;
    if (all && sessions === GOOD) goneAfter = (performance.now() - began) / 1000;
  }
  await sleep(1000);
  return { goneAfter, queuesPeak };
}
