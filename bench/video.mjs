import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from './process.mjs';
import { PICTURES } from './rtsp-servers.mjs';
import { startOurs } from './servers.mjs';

const FPS = 15;
/** Long enough for V8 and the encoder's rate control to have settled. */
const WARM_UP_S = 12;
const WINDOW_S = 30;
const SECONDS_PER_MINUTE = 60;
/** Who watches, by path on the RTSP server. */
const CASES = [
  { who: 'MJPEG', paths: ['/mjpeg'] },
  { who: 'H.264', paths: ['/h264'] },
  { who: 'sub', paths: ['/sub'] },
  { who: 'MJPEG and H.264', paths: ['/mjpeg', '/h264'] },
  { who: 'H.264 and sub', paths: ['/h264', '/sub'] },
  { who: 'all three', paths: ['/mjpeg', '/h264', '/sub'] },
];

/** What the streams cost: CPU seconds per minute of video, by process, without the camera program and the viewers. */
export async function video(note) {
  const rows = [];
  for (const { who, paths } of CASES) {
    note(`${who} for ${WARM_UP_S + WINDOW_S} s`);
    const { node, encoders } = await measure(paths);
    rows.push([who, ...[node, encoders, node + encoders].map((seconds) => seconds.toFixed(1))]);
  }
  return {
    results: [],
    table: {
      title: `The streams, 1280x720 at ${FPS} pictures a second, one viewer each by RTSP over TCP (CPU seconds per minute of video)`,
      head: ['watched', 'onvif-camera', 'ffmpeg', 'sum'],
      rows,
    },
  };
}

async function measure(paths) {
  const server = await startOurs('camera', { auth: 'off', fps: FPS, h264: 'on', 'idle-timeout': 1 }, PICTURES);
  const base = server.rtspUrl.replace(/\/mjpeg$/, '');
  const viewers = [];
  try {
    for (const path of paths) viewers.push(watch(`${base}${path}`));
    await sleep(WARM_UP_S * 1000);
    const before = used(server);
    await sleep(WINDOW_S * 1000);
    const after = used(server);
    for (const { exitCode } of viewers) if (exitCode !== null) throw new Error('a viewer has ended');
    if (after.pids.join() !== before.pids.join()) throw new Error('an encoder was started anew meanwhile');
    const perMinute = SECONDS_PER_MINUTE / WINDOW_S;
    return { node: (after.node - before.node) * perMinute, encoders: (after.encoders - before.encoders) * perMinute };
  } finally {
    for (const viewer of viewers) {
      viewer.kill('SIGKILL');
      if (viewer.exitCode === null && viewer.signalCode === null) await once(viewer, 'exit');
    }
    await server.stop();
  }
}

const watch = (url) =>
  spawn('ffmpeg', ['-v', 'quiet', '-nostdin', '-rtsp_transport', 'tcp', '-i', url, '-map', '0:v:0', '-c', 'copy', '-f', 'null', '-'], {
    stdio: 'ignore',
  });

/** CPU seconds so far of the server and of the encoders that it has started. */
function used({ pid }) {
  const pids = encodersOf(pid);
  return { pids, node: cpuSeconds(pid), encoders: pids.reduce((sum, each) => sum + cpuSeconds(each), 0) };
}

const encodersOf = (parent) =>
  readdirSync(`/proc/${parent}/task`)
    .flatMap((task) => readFileSync(`/proc/${parent}/task/${task}/children`, 'utf8').trim().split(' '))
    .filter((pid) => pid !== '' && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'ffmpeg')
    .map(Number)
    .sort((a, b) => a - b);
