// The program under attack, as its owner runs it: with a password, in its own directory, the test pattern for a picture.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CAMERA } from './lan.mjs';

export const PASSWORD = 'correct horse: battery';
export const HTTP_PORT = 8080;
export const RTSP_PORT = 8554;
/** Sockets of a machine that has just been attacked are slow to open; a person would wait as long. */
const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 8000;
const POLL_MS = 25;
/** What is kept of its log, characters: the beginning says what happened. */
const LOG_LIMIT = 1 << 20;

const running = new Set();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * @typedef {object} CameraOptions
 * @property {string} program path of main.js
 * @property {string[]} [args]
 * @property {Record<string, string>} [env]
 * @property {string} [dataDir] one to keep
 * @property {string[]} [wrap] a command to run it by, such as `nohup`
 */
export class Camera {
  /** @param {import('./lan.mjs').Lan} lan @param {CameraOptions} options */
  constructor(lan, options) {
    this.lan = lan;
    this.options = options;
    this.ownDir = options.dataDir === undefined;
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'onvif-camera-attacks-'));
    this.log = '';
  }

  static async start(lan, options) {
    const camera = new Camera(lan, options);
    await camera.start();
    return camera;
  }

  get pid() {
    return this.child.pid;
  }

  get alive() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts it without waiting for anything. */
  launch() {
    const { program, args = [], env = {}, wrap = [] } = this.options;
    const own = ['--source', 'test', '--width', '320', '--height', '240', '--fps', '5', '--h264', 'off', '--log-format', 'json'];
    const ports = ['--http-port', String(HTTP_PORT), '--rtsp-port', String(RTSP_PORT), '--data-dir', this.dataDir];
    const [command, ...words] = this.lan.there(...wrap, process.execPath, program, ...own, ...ports, ...args);
    this.child = spawn(command, words, {
      cwd: this.ownDir ? this.dataDir : tmpdir(),
      env: { ...process.env, ONVIF_CAMERA_PASSWORD: PASSWORD, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(this.child);
    this.exited = once(this.child, 'exit').finally(() => running.delete(this.child));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        if (this.log.length < LOG_LIMIT) this.log += text;
      });
    }
  }

  async start() {
    this.launch();
    await this.untilServes();
  }

  /** Until /healthz answers; throws when it ends instead. */
  async untilServes(from) {
    const giveUp = performance.now() + START_LIMIT_MS;
    for (;;) {
      if ((await ask('/healthz', { from, limitMs: 1000 })).status === 200) return;
      if (!this.alive) throw new Error(`the camera ended with ${this.child.exitCode ?? this.child.signalCode}: ${this.log.slice(-2000)}`);
      if (performance.now() > giveUp) throw new Error(`the camera did not start: ${this.log.slice(-2000)}`);
      await sleep(POLL_MS);
    }
  }

  /** Its log as objects; lines that are none are left out. */
  entries() {
    return this.log.split('\n').flatMap((line) => {
      try {
        return line.startsWith('{') ? [JSON.parse(line)] : [];
      } catch {
        return [];
      }
    });
  }

  async end(signal) {
    if (!this.alive) return;
    this.child.kill(signal);
    await Promise.race([this.exited, sleep(STOP_LIMIT_MS, undefined, { ref: false })]);
    this.child.kill('SIGKILL');
    await this.exited;
  }

  async stop() {
    await this.end('SIGTERM');
    if (this.ownDir) rmSync(this.dataDir, { recursive: true, force: true });
  }

  memory() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const kb = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
    return { nowMb: (kb('VmRSS') * 1024) / 1e6, peakMb: (kb('VmHWM') * 1024) / 1e6 };
  }
}

/**
 * One HTTP request on a connection of its own. Never throws: `status` 0 where there was no answer.
 * @param {{ from?: string, method?: string, headers?: Record<string, string>, body?: string, limitMs?: number }} options
 */
export function ask(path, { from, method = 'GET', headers = {}, body, limitMs = 5000 } = {}) {
  return new Promise((resolve) => {
    const began = performance.now();
    const done = (answer) => {
      clearTimeout(timer);
      req.destroy();
      resolve({ ms: performance.now() - began, status: 0, headers: {}, body: Buffer.alloc(0), ...answer });
    };
    const where = { host: CAMERA, port: HTTP_PORT, path, method, agent: false, ...(from && { localAddress: from }) };
    const req = request({ ...where, headers: { ...headers, ...(body !== undefined && { 'Content-Length': Buffer.byteLength(body) }) } });
    const timer = setTimeout(() => done({ error: 'no answer' }), limitMs);
    req.on('error', (error) => done({ error: error.code ?? error.message }));
    req.on('response', (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', (error) => done({ error: error.code ?? error.message }));
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    });
    req.end(body);
  });
}

export const basic = (password = PASSWORD) => ({ Authorization: `Basic ${Buffer.from(`admin:${password}`).toString('base64')}` });

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** The login form. */
export function logIn(from, password = PASSWORD, limitMs = 10_000) {
  const body = `username=admin&password=${encodeURIComponent(password)}`;
  return ask('/login', { from, method: 'POST', headers: FORM, body, limitMs });
}

/** The session of a login, as a Cookie header. */
export const cookieOf = (answer) => ({ Cookie: String(answer.headers['set-cookie']?.[0]).split(';')[0] });

const SOAP = 'http://www.w3.org/2003/05/soap-envelope';
const WSSE = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd';
const WSU = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd';
const DIGEST = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest';

/** A SOAP 1.2 message for the device service, with the header's content. */
export const envelope = (body, header = '') =>
  `<s:Envelope xmlns:s="${SOAP}"><s:Header>${header}</s:Header><s:Body xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema">${body}</s:Body></s:Envelope>`;

/** WS-Security UsernameToken with the password's digest (Web Services Security UsernameToken Profile 1.0, section 3.1). */
export function usernameToken(nonce, created = new Date().toISOString()) {
  const digest = createHash('sha1').update(nonce).update(created).update(PASSWORD).digest('base64');
  return `<w:Security xmlns:w="${WSSE}"><w:UsernameToken><w:Username>admin</w:Username><w:Password Type="${DIGEST}">${digest}</w:Password><w:Nonce>${nonce.toString('base64')}</w:Nonce><u:Created xmlns:u="${WSU}">${created}</u:Created></w:UsernameToken></w:Security>`;
}

export const soap = (body, { from, headers = {}, limitMs } = {}) =>
  ask('/onvif/device_service', { from, method: 'POST', headers: { 'Content-Type': 'application/soap+xml', ...headers }, body, limitMs });
