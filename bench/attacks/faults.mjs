// What happens when the machine, its disk, its network or a program beside it fails: what the owner is told, and when it works again.
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, basic, Camera, envelope, HTTP_PORT, RTSP_PORT, soap } from './camera.mjs';
import { CAMERA, NEIGHBOUR } from './lan.mjs';
import { isFound, STANDIN } from './serves.mjs';
import { Wire } from './wire.mjs';

/** A start that has not ended and does not answer by then hangs. */
const START_LIMIT_MS = 10_000;
const RECOVERY_LIMIT_MS = 60_000;
const POLL_MS = 25;

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** Milliseconds until it holds; undefined if it never does. */
async function timeUntil(holds, limitMs = RECOVERY_LIMIT_MS) {
  const began = performance.now();
  while (!(await holds())) {
    if (performance.now() - began > limitMs) return undefined;
    await sleep(POLL_MS);
  }
  return performance.now() - began;
}

const after = (ms) => (ms === undefined ? '**never**' : `after ${seconds(ms)}`);

/** What of the log is for the owner: warnings and errors, and text that is no entry; the first lines. */
function complaints(camera) {
  const lines = camera.log.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return /error|onvif-camera:|→/i.test(line) ? [line.trim()] : [];
    try {
      const { level, msg } = JSON.parse(line);
      return level === 'warn' || level === 'error' ? [String(msg).split('\n')[0]] : [];
    } catch {
      return [];
    }
  });
  // For a table.
  return plain(camera, [...new Set(lines)].slice(0, 3).join(' / ')).slice(0, 500) || '**nothing**';
}

/** For a table, the same in every run: without the names of folders and without times. */
const plain = ({ dataDir }, text) =>
  text
    .replaceAll(dataDir, 'DATA')
    .replace(/\d{4}-\d\d-\d\dT[\d-]+Z/g, 'TIME')
    .replaceAll('|', '\\|');

const healthy = async () => (await ask('/healthz', { from: NEIGHBOUR, limitMs: 1000 })).status === 200;

/** Starts with a data directory that `prepare` has spoilt, and tells how that went. */
const spoiltStart =
  (prepare, wrap = () => []) =>
  async ({ lan, program }) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'onvif-camera-faults-'));
    prepare(dataDir);
    const camera = new Camera(lan, { program, dataDir, wrap: wrap(dataDir), args: ['--auth', 'on'] });
    try {
      const began = performance.now();
      camera.launch();
      while (camera.alive && performance.now() - began < START_LIMIT_MS && !(await healthy())) await sleep(POLL_MS);
      const ms = performance.now() - began;
      const state = camera.alive
        ? (await healthy())
          ? `serves after ${seconds(ms)}`
          : '**hangs**'
        : `ends with ${camera.child.exitCode ?? camera.child.signalCode}`;
      await sleep(100);
      const [files, kind] = [readdirSync(dataDir).join(', '), fileKind(join(dataDir, 'state.json'))];
      return { sees: complaints(camera), recovery: `${state}; state.json is ${kind} (${plain(camera, files)})` };
    } finally {
      await camera.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  };

function fileKind(path) {
  try {
    const stat = lstatSync(path);
    return stat.isSymbolicLink()
      ? 'a symbolic link'
      : stat.isFIFO()
        ? 'a FIFO'
        : `a file of ${stat.size} bytes, mode ${(stat.mode & 0o777).toString(8)}`;
  } catch {
    return 'not there';
  }
}

const state = (dataDir) => join(dataDir, 'state.json');
/** A file system of its own at the data directory, in the program's own mount namespace. */
const onTmpfs = (more) => (dataDir) => [
  'unshare',
  '-m',
  'sh',
  '-c',
  `mount -t tmpfs -o size=128k tmpfs ${dataDir} && ${more(dataDir)} exec "$@"`,
  'sh',
];

/** Runs `act` with a camera, and stops that. */
async function withCamera({ lan, program }, options, act) {
  const camera = await Camera.start(lan, { program, ...options });
  try {
    return await act(camera);
  } finally {
    await camera.stop();
  }
}

/** Somebody who watches; `silence(from)` is the longest time without a picture since then, milliseconds. */
function viewer() {
  const times = [];
  let closed = false;
  const request = get(
    { host: CAMERA, port: HTTP_PORT, path: '/stream.mjpg', headers: basic(), agent: false, localAddress: NEIGHBOUR },
    (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text = (text + chunk.toString('latin1')).slice(-100_000);
        // Pictures that are repeated have their old time.
        for (const [, stamp] of text.matchAll(/X-Timestamp: ([\d.]+)\r\n/g))
          if (times.at(-1)?.stamp !== stamp) times.push({ stamp, at: performance.now() });
      });
      response.on('close', () => (closed = true));
    },
  );
  request.on('error', () => (closed = true));
  return {
    times,
    get closed() {
      return closed;
    },
    stop: () => request.destroy(),
  };
}

/** A camera program that fails: what viewers notice. */
const failingCamera = (scenario) => async (setting) => {
  const stage = mkdtempSync(join(tmpdir(), 'onvif-camera-stage-'));
  writeFileSync(join(stage, 'scenario.json'), JSON.stringify(scenario));
  const args = ['--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '640', '--height', '480', '--fps', '10'];
  try {
    return await withCamera(setting, { args, env: { RPICAM_STANDIN_DIR: stage } }, async (camera) => {
      const watching = viewer();
      const begun = await timeUntil(() => watching.times.length >= 3);
      if (begun === undefined) return { sees: complaints(camera), recovery: '**no picture at all**' };
      // The next start is a good one.
      writeFileSync(join(stage, 'scenario.json'), '{}');
      const starts = () => readFileSync(join(stage, 'starts.log'), 'utf8').split('"mjpeg"').length - 1;
      await timeUntil(() => starts() >= 2);
      const count = watching.times.length;
      await timeUntil(() => watching.times.length > count + 2);
      const gaps = watching.times.slice(1).map(({ at }, k) => at - watching.times[k].at);
      const kept = watching.closed ? '**viewers were cut off**' : 'viewers stay connected';
      watching.stop();
      return { sees: complaints(camera), recovery: `${seconds(Math.max(...gaps))} without a new picture; ${kept}` };
    });
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
};

async function encoderKilled(setting) {
  return withCamera(setting, { args: ['--h264', 'on', '--h264-encoder', 'libx264', '--rtsp-basic'] }, async (camera) => {
    const wire = new Wire();
    const socket = await wire.connect(RTSP_PORT, { from: NEIGHBOUR });
    const url = `rtsp://${CAMERA}:${RTSP_PORT}/h264`;
    const { Authorization } = basic();
    let [text, lastAt] = ['', 0];
    const gaps = [];
    socket.on('data', (chunk) => {
      text = (text + chunk.toString('latin1')).slice(-4000);
      if (lastAt > 0) gaps.push(performance.now() - lastAt);
      lastAt = performance.now();
    });
    const request = async (method, target, headers) => {
      text = '';
      await wire.write(socket, Buffer.from(`${method} ${target} RTSP/1.0\r\nCSeq: 1\r\nAuthorization: ${Authorization}\r\n${headers}\r\n`));
      await timeUntil(() => text.includes('\r\n\r\n'), 10_000);
      return text;
    };
    // The encoder is being tried while the program starts.
    let setUp = '';
    await timeUntil(async () => {
      setUp = await request('SETUP', `${url}/trackID=0`, 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n');
      return setUp.includes('200 OK');
    }, 15_000);
    const session = /Session: ([^;\r]+)/.exec(setUp)?.[1];
    const played = await request('PLAY', url, `Session: ${session}\r\n`);
    if (!played.includes('200 OK'))
      return { sees: complaints(camera), recovery: `**not measured**: PLAY was answered ${played.split('\r\n')[0]}` };
    await sleep(2000);
    const encoders = readdirSync('/proc').filter((pid) => isChild(pid, camera.pid, 'ffmpeg'));
    gaps.length = 0;
    for (const pid of encoders) process.kill(Number(pid), 'SIGKILL');
    const killed = performance.now();
    await timeUntil(() => lastAt > killed + 1000 || performance.now() > killed + 15_000);
    await sleep(1500);
    const kept = socket.destroyed ? '**viewers were cut off**' : 'viewers stay connected';
    wire.close();
    return {
      sees: complaints(camera),
      recovery: `${seconds(Math.max(0, ...gaps))} without packets (${encoders.length} encoder killed); ${kept}`,
    };
  });
}

function isChild(pid, parent, name) {
  try {
    const [, command, ppid] = /^\d+ \((.*)\) . (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return command === name && isDescendant(Number(ppid), parent);
  } catch {
    return false;
  }
}

/** Capture programs may have a small program between. */
function isDescendant(pid, ancestor) {
  for (let at = pid; at > 1; ) {
    if (at === ancestor) return true;
    at = Number(/^\d+ \(.*\) . (\d+) /s.exec(readFileSync(`/proc/${at}/stat`, 'latin1'))?.[1] ?? 0);
  }
  return false;
}

async function fewDescriptors(setting) {
  return withCamera(setting, { wrap: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] }, async (camera) => {
    const wire = new Wire();
    await Promise.all(Array.from({ length: 200 }, () => wire.connect(HTTP_PORT)));
    await sleep(1500);
    const during = await ask('/snapshot.jpg', { from: NEIGHBOUR, headers: basic(), limitMs: 12_000 });
    wire.close();
    const again = await timeUntil(
      async () => (await healthy()) && (await ask('/snapshot.jpg', { from: NEIGHBOUR, headers: basic(), limitMs: 12_000 })).status === 200,
      30_000,
    );
    const end = camera.alive ? '' : ` (it **ended** with ${camera.child.exitCode ?? camera.child.signalCode})`;
    return { sees: `${complaints(camera)} (snapshot meanwhile: ${during.status || during.error})`, recovery: `${after(again)}${end}` };
  });
}

/** A change by a recorder while the disk is full: told as an error, and possible again when it is not. */
async function diskFull(setting) {
  const dataDir = mkdtempSync(join(tmpdir(), 'onvif-camera-faults-'));
  try {
    return await withCamera(setting, { dataDir, wrap: onTmpfs(() => '')(dataDir) }, async (camera) => {
      const inside = `/proc/${camera.pid}/root${dataDir}/filling`;
      const change = () =>
        soap(envelope('<tds:AddScopes><tds:ScopeItem>onvif://www.onvif.org/location/here</tds:ScopeItem></tds:AddScopes>'), {
          headers: basic(),
        });
      try {
        writeFileSync(inside, Buffer.alloc(1 << 20));
      } catch {
        // Now it is full.
      }
      const full = await change();
      const text = /<[\w:]*Text[^>]*>([^<]*)/.exec(full.body.toString())?.[1];
      await sleep(500);
      const told = `the recorder: ${full.status || full.error} "${plain(camera, text ?? '')}"; the log: ${complaints(camera)}`;
      if (!camera.alive) return { sees: told, recovery: `**never**: it ended with ${camera.child.exitCode}` };
      rmSync(inside);
      const again = await timeUntil(async () => (await change()).status === 200, 5000);
      return { sees: told, recovery: after(again) };
    });
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function hangup(setting) {
  return withCamera(setting, { wrap: ['nohup'] }, async (camera) => {
    camera.child.kill('SIGHUP');
    await sleep(2000);
    return {
      sees: complaints(camera),
      recovery: camera.alive && (await healthy()) ? 'goes on' : '**ends**, although nohup was to keep it',
    };
  });
}

async function networkGone(setting) {
  return withCamera(setting, {}, async (camera) => {
    await timeUntil(isFound, 10_000);
    setting.lan.pullOut();
    await sleep(5000);
    setting.lan.plugIn();
    const plugged = performance.now();
    const page = await timeUntil(healthy);
    const found = await timeUntil(isFound);
    return {
      sees: complaints(camera),
      recovery: `the page ${after(page)}, found by recorders ${after(found === undefined ? undefined : performance.now() - plugged)}`,
    };
  });
}

export const FAULTS = {
  'few-descriptors': { title: '`ulimit -n 64` and 200 connections', run: fewDescriptors },
  'disk-full': { title: 'The disk is full when a recorder changes something', run: diskFull },
  'disk-full-start': {
    title: 'The disk is full at the start',
    run: spoiltStart(
      () => {},
      onTmpfs((dir) => `{ dd if=/dev/zero of=${dir}/filling bs=4k 2>/dev/null || :; } &&`),
    ),
  },
  'read-only': {
    title: 'The data directory cannot be written',
    run: spoiltStart(
      () => {},
      onTmpfs((dir) => `mount -o remount,ro ${dir} &&`),
    ),
  },
  'state-newer': { title: 'state.json of a newer version', run: spoiltStart((dir) => writeFileSync(state(dir), '{"version": 99}\n')) },
  'state-broken': { title: 'state.json cut off', run: spoiltStart((dir) => writeFileSync(state(dir), '{"version": 1, "uuid": "00')) },
  'state-large': {
    title: 'state.json of 2 MB',
    run: spoiltStart((dir) => writeFileSync(state(dir), JSON.stringify({ version: 1, filling: 'x'.repeat(2e6) }))),
  },
  'state-fifo': { title: 'state.json is a FIFO', run: spoiltStart((dir) => execFileSync('mkfifo', [state(dir)])) },
  'state-link': {
    title: 'state.json is a link to another file',
    run: spoiltStart((dir) => {
      writeFileSync(join(dir, 'elsewhere'), '{}');
      symlinkSync(join(dir, 'elsewhere'), state(dir));
    }),
  },
  'camera-dies': { title: 'The camera program dies', run: failingCamera({ dieAfterFrames: 20 }) },
  'camera-hangs': { title: 'The camera program hangs', run: failingCamera({ freezeAfterFrames: 20 }) },
  'encoder-killed': { title: 'ffmpeg is killed', run: encoderKilled },
  hangup: { title: 'The terminal is closed, under nohup', run: hangup },
  network: { title: 'The network is gone for 5 s', run: networkGone },
};
