// The program under test, as a process of its own, and its vital signs.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const PASSWORD = 'fuzz-password-1';
export const BASIC = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`;

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 8000;
const POLL_MS = 20;
const LOG_LIMIT = 1 << 20;
/**
 * A question that costs the camera so much CPU time until it is answered, seconds, was not answered because it was busy with
 * something else: on a loaded machine the time alone would not be its fault.
 */
const BUSY_S = 0.9;
const LOOK_MS = 250;
/** Silence that no load excuses, milliseconds. */
const LONGEST_SILENCE_MS = 20_000;

/** Processes and files that are there are removed however this program ends. */
const running = new Set();
process.on('exit', () => {
  for (const camera of running) {
    camera.child.kill('SIGKILL');
    rmSync(camera.dataDir, { recursive: true, force: true });
  }
});

export class Camera {
  /** What it has said on standard error. */
  log = '';
  /** Why it is not well; undefined while it is. */
  complaint;
  /** What it had when it was ready: memory, descriptors. */
  first;

  /** @param {string} program path of main.js @param {boolean} network whether it may use all interfaces, and be found */
  constructor(program, network) {
    this.dataDir = mkdtempSync(join(tmpdir(), 'onvif-camera-fuzz-'));
    const source = ['--source', 'test', '--width', '160', '--height', '120', '--fps', '2', '--h264', 'off', '--idle-timeout', 'always'];
    const ports = ['--http-port', '0', '--rtsp-port', '0', '--rtsp-basic', '--data-dir', this.dataDir];
    const where = network ? [] : ['--bind', '127.0.0.1', '--discovery', 'off'];
    this.child = spawn(process.execPath, [program, ...source, ...ports, ...where, '--log-level', 'error', '--log-format', 'json'], {
      cwd: this.dataDir,
      env: { ...process.env, ONVIF_CAMERA_PASSWORD: PASSWORD },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    running.add(this);
    this.child.stderr.setEncoding('utf8').on('data', (text) => {
      if (this.log.length < LOG_LIMIT) this.log += text;
      if (/internal error/.test(this.log)) this.complaint ??= 'internal error';
      else if (/"level":"error"/.test(this.log)) this.complaint ??= 'an error in its log';
    });
    this.ended = once(this.child, 'exit').then(() => {
      if (!this.stopping) this.complaint = `ended with ${this.child.exitCode ?? this.child.signalCode}`;
    });
  }

  static async start(program, network) {
    const camera = new Camera(program, network);
    const giveUp = performance.now() + START_LIMIT_MS;
    while (!(await camera.#isReady())) {
      if (camera.complaint || performance.now() > giveUp)
        throw new Error(`the camera does not start: ${camera.complaint ?? ''}\n${camera.log}`);
      await sleep(POLL_MS);
    }
    camera.first = { memoryMb: camera.memoryMb, descriptors: camera.descriptors };
    void camera.#watch();
    return camera;
  }

  async #isReady() {
    try {
      const { url, rtspPort } = JSON.parse(readFileSync(join(this.dataDir, 'server.json'), 'utf8'));
      this.httpPort = Number(new URL(url).port);
      this.rtspPort = rtspPort;
      return (await this.#health(1000)) === 200;
    } catch {
      return false;
    }
  }

  get pid() {
    return this.child.pid;
  }

  /** CPU seconds of all its threads; NaN when it has ended. */
  get cpuS() {
    try {
      let ns = 0;
      for (const task of readdirSync(`/proc/${this.pid}/task`))
        ns += Number(readFileSync(`/proc/${this.pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
      return ns / 1e9;
    } catch {
      return Number.NaN;
    }
  }

  get memoryMb() {
    try {
      return (Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1]) * 1024) / 1e6;
    } catch {
      return 0;
    }
  }

  get descriptors() {
    try {
      return readdirSync(`/proc/${this.pid}/fd`).length;
    } catch {
      return 0;
    }
  }

  #health(limitMs) {
    return new Promise((resolve) => {
      const request = get({ host: '127.0.0.1', port: this.httpPort, path: '/healthz', agent: false, timeout: limitMs }, (response) => {
        response
          .resume()
          .on('end', () => resolve(response.statusCode))
          .on('error', () => resolve(0));
      });
      request.on('timeout', () => request.destroy()).on('error', () => resolve(0));
    });
  }

  /** Asks for /healthz all the time. */
  async #watch() {
    while (!this.stopping && !this.complaint) {
      await this.settled();
      await sleep(LOOK_MS);
    }
  }

  /** Resolves when it has done what came before, or is not well. */
  async settled() {
    const cpuBefore = this.cpuS;
    let status;
    const answered = this.#health(LONGEST_SILENCE_MS).then((answer) => (status = answer));
    while (status === undefined && !this.complaint) {
      await Promise.race([answered, sleep(LOOK_MS)]);
      const busy = this.cpuS - cpuBefore;
      if (status === undefined && busy > BUSY_S) this.complaint ??= `silent for ${busy.toFixed(1)} s of CPU time`;
    }
    if (status === 200 || this.stopping || this.complaint) return;
    // One that has ended is told as that.
    await Promise.race([this.ended, sleep(2000)]);
    this.complaint ??= `/healthz: ${status || 'no answer'}`;
  }

  async stop() {
    this.stopping = true;
    this.child.kill('SIGKILL');
    await Promise.race([this.ended, sleep(STOP_LIMIT_MS)]);
    running.delete(this);
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** The address by which it is found, where there is one. */
export const lanAddress = () =>
  Object.values(networkInterfaces())
    .flat()
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
