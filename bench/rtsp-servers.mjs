// The peers of the RTSP benchmark, and its load client.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { accepts, FPS, freePort, Server, until } from './servers.mjs';
import { compiled, pictureFolder } from './tools.mjs';

/** Debian's Python, which has Debian's GStreamer. */
const PYTHON = '/usr/bin/python3';
const GSTREAMER = fileURLToPath(new URL('rtsp-gstreamer.py', import.meta.url));
const GSTREAMER_NEEDS = 'import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer';
/** It ends by itself, should nobody end it; a whole benchmark takes less. */
const LIMIT_RUNS_S = 3600;
/** Pictures that RTP can carry as they are. */
export const PICTURES = 'rtp';

/** Starts the C server that does nothing but send. */
export function startRtspLimit() {
  return start(compiled('rtsp-limit'), (port) => [port, pictureFolder(PICTURES), FPS, LIMIT_RUNS_S], '/limit');
}

/** Whether GStreamer's RTSP server is installed. */
export const hasGStreamer = () => spawnSync(PYTHON, ['-c', GSTREAMER_NEEDS], { stdio: 'ignore' }).status === 0;

/** Starts GStreamer's RTSP server. */
export function startGStreamer() {
  return start(PYTHON, (port) => [GSTREAMER, port, pictureFolder(PICTURES)], '/cam');
}

async function start(command, args, path) {
  const port = await freePort();
  // What the limit prints when it is ready is not for the table.
  const child = spawn(command, args(port).map(String), { stdio: ['ignore', 'ignore', 'inherit'] });
  const server = new Server(child, port, undefined);
  await until(server, () => accepts(port));
  return { pid: server.pid, rtspUrl: `rtsp://127.0.0.1:${port}${path}`, stop: () => server.stop() };
}

/**
 * Runs the load client against a server's stream and returns its figures; see the head of rtsp-loadgen.c.
 * @param {{ clients: number, seconds: number, mode?: 'tcp' | 'udp', warmUp?: number, stalled?: number }} load
 */
export async function rtspLoad(server, { clients, seconds, mode = 'tcp', warmUp = 1.5, stalled = 0 }) {
  const args = ['-u', server.rtspUrl, '-m', mode, '-c', clients, '-t', seconds, '-w', warmUp, '-s', stalled, '-p', server.pid];
  const { stdout } = await promisify(execFile)(compiled('rtsp-loadgen'), args.map(String));
  return JSON.parse(stdout);
}
