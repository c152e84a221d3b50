import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from './process.mjs';
import { startOurs } from './servers.mjs';
import { ENCODING_CAMERA, rawPictures } from './tools.mjs';

/** Long enough for V8 and the encoders' rate control to have settled. */
const WARM_UP_S = 12;
const WINDOW_S = 24;
const SECONDS_PER_MINUTE = 60;
const PICTURES = [
  { size: '720p15', width: 1280, height: 720, fps: 15 },
  { size: '1080p30', width: 1920, height: 1080, fps: 30 },
];
/** Who watches, by path on the RTSP server. */
const CASES = [
  { who: 'MJPEG', paths: ['/mjpeg'] },
  { who: 'H.264', paths: ['/h264'] },
  { who: 'H.264 and sub', paths: ['/h264', '/sub'] },
  { who: 'both', paths: ['/mjpeg', '/h264'] },
  { who: 'both and sub', paths: ['/mjpeg', '/h264', '/sub'] },
];
const ENCODINGS = { transcoded: 'mjpeg', native: 'h264' };
const TARGET = 0.5;

let camera = ENCODING_CAMERA;

/** Measures with a capture program of the machine: rpicam-vid. */
export function useCamera(path) {
  camera = path;
}

/** What the streams cost: CPU seconds per minute of video, by process, with each encoding of the camera; the viewers apart. */
export async function video(note) {
  const rows = [];
  const ofH264 = {};
  for (const { size, ...picture } of PICTURES)
    for (const { who, paths } of CASES)
      for (const [way, encoding] of Object.entries(ENCODINGS)) {
        note(`${size}, ${who}, ${way}, for ${WARM_UP_S + WINDOW_S} s`);
        const { node, ffmpeg, capture, rates } = await measure(paths, { ...picture, encoding });
        const ours = node + ffmpeg;
        if (who === 'H.264') ofH264[`${size} ${way}`] = { ours, all: ours + capture };
        rows.push([size, who, way, ...[node, ffmpeg, ours, capture, ours + capture].map((seconds) => seconds.toFixed(1)), rates]);
      }
  return {
    results: PICTURES.map(({ size }) => compare(size, ofH264[`${size} native`], ofH264[`${size} transcoded`])),
    table: {
      title:
        'What the streams cost, one viewer each by RTSP over TCP (CPU seconds per minute of video; camera program: ' +
        `${camera === ENCODING_CAMERA ? 'a model of it, with the encoders of a Pi 5' : camera})`,
      head: ['pictures', 'watched', 'H.264 is', 'onvif-camera', 'ffmpeg', 'these two', 'camera program', 'sum', 'pictures/s'],
      rows,
    },
  };
}

function compare(size, native, transcoded) {
  const share = native.all / transcoded.all;
  const measured = `${share.toFixed(2)} of it, without the camera program ${(native.ours / transcoded.ours).toFixed(2)}`;
  return { what: `H.264 alone, ${size}: native beside transcoded`, measured, target: `≤ ${TARGET}`, met: share <= TARGET };
}

async function measure(paths, { encoding, ...picture }) {
  const { width, height } = picture;
  const options = { auth: 'off', h264: 'on', 'idle-timeout': 1, 'rpicam-path': camera, encoding, ...picture };
  const server = await startOurs('camera', options, 'large', [], { BENCH_RAW: rawPictures(width, height) });
  const base = server.rtspUrl.replace(/\/mjpeg$/, '');
  const viewers = [];
  try {
    for (const path of paths) viewers.push(new Viewer(`${base}${path}`));
    await sleep(WARM_UP_S * 1000);
    const before = used(server, viewers);
    await sleep(WINDOW_S * 1000);
    const after = used(server, viewers);
    for (const { child } of viewers) if (child.exitCode !== null) throw new Error('a viewer has ended');
    if (after.pids.join() !== before.pids.join()) throw new Error('a program was started anew meanwhile');
    const perMinute = (what) => ((after[what] - before[what]) * SECONDS_PER_MINUTE) / WINDOW_S;
    const rates = after.pictures.map((count, at) => ((count - before.pictures[at]) / WINDOW_S).toFixed(1));
    return { node: perMinute('node'), ffmpeg: perMinute('ffmpeg'), capture: perMinute('capture'), rates: rates.join(', ') };
  } finally {
    await Promise.all(viewers.map((viewer) => viewer.end()));
    await server.stop();
  }
}

/** Takes a stream as it comes, and counts its pictures. */
class Viewer {
  pictures = 0;

  constructor(url) {
    const args = ['-v', 'quiet', '-nostdin', '-nostats', '-rtsp_transport', 'tcp', '-i', url, '-map', '0:v:0', '-c', 'copy'];
    this.child = spawn('ffmpeg', [...args, '-progress', 'pipe:1', '-stats_period', '0.1', '-f', 'null', '-'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.child.stdout.setEncoding('utf8').on('data', (text) => {
      this.pictures = Number(/.*^frame=(\d+)$/ms.exec(text)?.[1] ?? this.pictures);
    });
  }

  async end() {
    this.child.kill('SIGKILL');
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }
}

/** CPU seconds so far: of the server, of ffmpeg for it, and of the camera program with what that has started. */
function used({ pid }, viewers) {
  const children = childrenOf(pid);
  const ffmpeg = children.filter((child) => nameOf(child) === 'ffmpeg');
  const capture = children.filter((child) => nameOf(child) !== 'ffmpeg').flatMap((child) => [child, ...childrenOf(child)]);
  const sum = (pids) => pids.reduce((seconds, each) => seconds + cpuSeconds(each), 0);
  return {
    pids: [...ffmpeg, ...capture].sort((a, b) => a - b),
    ...{ node: cpuSeconds(pid), ffmpeg: sum(ffmpeg), capture: sum(capture) },
    pictures: viewers.map(({ pictures }) => pictures),
  };
}

const nameOf = (pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

const childrenOf = (parent) =>
  readdirSync(`/proc/${parent}/task`)
    .flatMap((task) => readFileSync(`/proc/${parent}/task/${task}/children`, 'utf8').trim().split(' '))
    .filter((pid) => pid !== '')
    .map(Number);
