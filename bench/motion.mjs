import { setTimeout as sleep } from 'node:timers/promises';
import { decodings } from './motion-decoders.mjs';
import { cpuSeconds, residentMegabytes } from './process.mjs';
import { startOurs } from './servers.mjs';

const FPS = 15;
const WARM_UP_S = 10;
const WINDOW_S = 20;
/** Of a core, for the default: more would be felt on a Pi Zero. */
const TARGET_AT_REST = 1;

/** What the program is started with, and whether the camera says that something stirs. */
const WAYS = [
  { what: 'no motion detection', options: {}, stirs: false },
  { what: 'motion by the camera alone', options: { motion: 'on', 'motion-detector': 'camera' }, stirs: true },
  { what: 'motion, auto, while nothing stirs', options: { motion: 'on' }, stirs: false },
  { what: 'motion, auto, while something stirs', options: { motion: 'on' }, stirs: true },
  { what: 'motion in the pictures', options: { motion: 'on', 'motion-detector': 'pictures' }, stirs: false },
  {
    what: 'motion in the pictures, and image health',
    options: { motion: 'on', 'motion-detector': 'pictures', 'image-health': 'on' },
    stirs: false,
  },
];

/** What motion detection costs while the camera is on and nobody watches, 720p at 15 pictures a second; and the decoders. */
export async function motion(note) {
  const rows = [];
  let idle = 0;
  for (const { what, options, stirs } of WAYS) {
    note(what);
    const started = { auth: 'off', 'idle-timeout': 'always', fps: FPS, ...options };
    const server = await startOurs('camera', started, 'large', [], { BENCH_STIRS: stirs ? '1' : '' });
    try {
      await sleep(WARM_UP_S * 1000);
      const before = cpuSeconds(server.pid);
      await sleep(WINDOW_S * 1000);
      const share = ((cpuSeconds(server.pid) - before) / WINDOW_S) * 100;
      if (rows.length === 0) idle = share;
      rows.push({ what, share, added: share - idle, memory: residentMegabytes(server.pid) });
    } finally {
      await server.stop();
    }
  }
  const atRest = rows.find(({ what }) => what.includes('nothing stirs')).added;
  note('decoders');
  return {
    results: [
      {
        what: `Motion, auto, while nothing stirs: CPU added`,
        measured: `${atRest.toFixed(2)} % of a core`,
        target: `≤ ${TARGET_AT_REST} %`,
        met: atRest <= TARGET_AT_REST,
      },
      ...(await decodings()),
    ],
    table: {
      title: `CPU of the program, 1280 × 720 at ${FPS} pictures a second, nobody watching`,
      head: ['What', 'CPU', 'Added', 'Memory'],
      rows: rows.map(({ what, share, added, memory }) => [
        what,
        `${share.toFixed(2)} %`,
        `${added.toFixed(2)} %`,
        `${memory.toFixed(0)} MB`,
      ]),
    },
  };
}
