// The programs that are measured: each started with a free port, waited for, and ended by its process id.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CAMERA, compiled, pictureFolder } from './tools.mjs';

export const FPS = 30;
/**
 * Every server runs for this long under its load before it is measured. V8 optimises what runs often, and gives memory back
 * some 8 s after a start: what a camera costs for a year begins after that.
 */
export const WARM_UP_S = 15;
const HOST = '127.0.0.1';
/** A start that takes this long has failed. */
const START_LIMIT_MS = 10_000;
const POLL_MS = 2;
/** A server that takes this long to end hangs. */
const STOP_LIMIT_MS = 5000;

const main = { path: fileURLToPath(new URL('../dist/main.js', import.meta.url)) };

/** Measures another build than the one in dist/. */
export function useBuild(path) {
  main.path = path;
}

/** Variables beside those of this process, for the programs that are measured. */
const extraEnv = {};

/** Measures the program with further variables in its environment. */
export const useEnvironment = (variables) => void Object.assign(extraEnv, variables);

/** Path of the build that is measured. */
export const builtProgram = () => main.path;

export async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Server {
  constructor(child, port, folder) {
    this.child = child;
    this.port = port;
    this.folder = folder;
    this.exited = once(child, 'exit').finally(() => running.delete(child));
    running.add(child);
  }

  get pid() {
    return this.child.pid;
  }

  url(path) {
    return `http://${HOST}:${this.port}${path}`;
  }

  /** The JPEG stream by RTSP. */
  get rtspUrl() {
    const { rtspPort } = JSON.parse(readFileSync(join(this.folder, 'server.json'), 'utf8'));
    return `rtsp://${HOST}:${rtspPort}/mjpeg`;
  }

  /** Times of the benchmark camera's first pictures so far, milliseconds since the Unix epoch. */
  firstPictures() {
    const notes = join(this.folder, 'first-pictures');
    return existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n').map(Number) : [];
  }

  async json(path) {
    const response = await fetch(this.url(path));
    return response.json();
  }

  async stop() {
    this.child.kill('SIGTERM');
    await Promise.race([this.exited, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
    this.child.kill('SIGKILL');
    await this.exited;
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }
}

const SOURCES = {
  /** The picture set through a pipe from a program, as from rpicam-vid. */
  camera: () => ({ source: 'rpicam', 'rpicam-path': CAMERA }),
  /** The picture set read from its files. */
  images: (set) => ({ source: `images:${pictureFolder(set)}` }),
};

/**
 * Starts our server. `readyMs` of the result is the time from the start to the first answer of /healthz.
 * @param {'camera' | 'images'} source
 * @param {Record<string, string | number>} options of the command line
 * @param {string} set of the pictures that it shows
 * @param {string[]} prefix command and arguments that end in becoming the program
 * @param {Record<string, string>} variables of its environment, beside those of this process
 */
export async function startOurs(source, options = {}, set = 'large', prefix = [], variables = {}) {
  const port = await freePort();
  const began = performance.now();
  const server = spawnOurs(source, { bind: HOST, 'http-port': port, discovery: 'off', ...options }, set, prefix, variables);
  await until(server, () => answers(server.url('/healthz')));
  server.readyMs = performance.now() - began;
  return server;
}

/** A network with one interface, and then the program in place of the shell: its process id stays. */
const IN_OWN_NETWORK = `
ip link set lo up && ip link add cam0 type veth peer name cam1 && ip link set cam1 up &&
ip address add 192.0.2.1/24 dev cam0 && ip link set cam0 up && ip route add default dev cam0 && exec "$@"`;

/** Starts our server as in somebody's network, discovery included, but in one of its own: nobody can reach it there. */
export function startOursInNetwork(source) {
  const unshare = ['unshare', ...(process.getuid() === 0 ? [] : ['-r']), '-n', 'sh', '-c', IN_OWN_NETWORK, 'sh'];
  return spawnOurs(source, { 'http-port': 8080 }, 'large', unshare);
}

function spawnOurs(source, options, set, prefix = [], variables = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'onvif-camera-bench-'));
  const own = { fps: FPS, 'rtsp-port': 0, h264: 'off', 'data-dir': folder, 'log-level': 'error' };
  const args = Object.entries({ ...SOURCES[source](set), ...own, ...options }).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const env = {
    ...process.env,
    ...extraEnv,
    ...variables,
    BENCH_PICTURES: pictureFolder(set),
    BENCH_NOTES: join(folder, 'first-pictures'),
  };
  const [command, ...words] = [...prefix, process.execPath, main.path, ...args];
  const child = spawn(command, words, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return new Server(child, options['http-port'], folder);
}

/** Starts a bare node:http server. */
export async function startBare() {
  const port = await freePort();
  const child = spawn(process.execPath, [fileURLToPath(new URL('bare.mjs', import.meta.url)), String(port)], { stdio: 'inherit' });
  const server = new Server(child, port, undefined);
  await until(server, () => accepts(port));
  return server;
}

/** Starts the C server that does nothing but send. */
export async function startLimit() {
  const port = await freePort();
  const child = spawn(compiled('mjpeg-limit'), [String(port), pictureFolder('large'), String(FPS)], { stdio: 'inherit' });
  const server = new Server(child, port, undefined);
  await until(server, () => accepts(port));
  return server;
}

export async function until(server, ready) {
  const giveUp = performance.now() + START_LIMIT_MS;
  while (!(await ready())) {
    if (server.child.exitCode !== null) throw new Error(`the server ended at its start with code ${server.child.exitCode}`);
    if (performance.now() > giveUp) throw new Error('the server did not start');
    await sleep(POLL_MS);
  }
}

/** Whether a GET is answered with 200 now. */
function answers(url) {
  return new Promise((resolve) => {
    const request = get(url, { agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}

/** Whether something listens on the port now. */
export function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, HOST, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/**
 * Runs the load client against a server's stream and returns its figures; see the head of mjpeg-loadgen.c.
 * @param {{ clients: number, seconds: number, warmUp?: number, stalled?: number, path?: string }} load
 */
export async function load(server, { clients, seconds, warmUp = 1.2, stalled = 0, path = '/stream.mjpg' }) {
  const args = ['-u', server.url(path), '-c', clients, '-t', seconds, '-w', warmUp, '-s', stalled, '-p', server.pid];
  const { stdout } = await promisify(execFile)(compiled('mjpeg-loadgen'), args.map(String));
  return JSON.parse(stdout);
}
