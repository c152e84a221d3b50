import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { createServer, type Server as NetServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/run.ts';
import { childrenOf, isStopped } from '../support/process.ts';
import { basic, eventually, MAIN, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** As a service of systemd has it: what it is told of the program, the ports that it hands over, and the first password. */

const started: Server[] = [];

async function start(options: Parameters<typeof Server.start>[0]): Promise<Server> {
  const server = await Server.start(options);
  started.push(server);
  return server;
}

afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});

/** A `systemd-notify` that keeps what it is given, a line each time. */
class Notify {
  readonly dir = makeTempDir();
  readonly #file = join(this.dir, 'heard');

  constructor() {
    const program = join(this.dir, 'systemd-notify');
    writeFileSync(this.#file, '');
    writeFileSync(program, `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${this.#file}\n`);
    chmodSync(program, 0o755);
  }

  env(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { ...process.env, PATH: `${this.dir}:${process.env.PATH}`, NOTIFY_SOCKET: '/run/systemd/notify', ...more };
  }

  get heard(): string[] {
    return readFileSync(this.#file, 'utf8').split('\n').slice(0, -1);
  }

  async until(test: (lines: string[]) => boolean): Promise<string[]> {
    const changes = watch(this.#file);
    const late = setTimeout(() => changes.emit('error', new Error(`heard only:\n${this.heard.join('\n')}`)), 20_000);
    while (!test(this.heard)) await once(changes, 'change');
    clearTimeout(late);
    changes.close();
    return this.heard;
  }
}

describe('systemd', () => {
  test('is told that the camera is ready, that it is not stuck, and that it ends', async () => {
    const notify = new Notify();
    const server = await start({ args: ['--source', 'test'], env: notify.env({ WATCHDOG_USEC: '1500000' }) });
    const [first] = await notify.until((lines) => lines.filter((line) => line.includes('WATCHDOG=1')).length >= 4);
    expect(first).toMatch(
      new RegExp(`^/run/systemd/notify READY=1 STATUS=Idle, nobody is watching, ${server.url}/ \\(test pattern\\) WATCHDOG=1$`),
    );
    server.process.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    expect((await notify.until((lines) => lines.at(-1)!.includes('STOPPING=1'))).at(-1)).toContain('STATUS=Stopping');
  });

  test('is told nothing by a program that does not get on', async () => {
    const notify = new Notify();
    const server = await start({ args: ['--source', 'test'], env: notify.env({ WATCHDOG_USEC: '300000' }) });
    await notify.until((lines) => lines.length >= 3);
    server.process.kill('SIGSTOP');
    // What was on its way when it stopped has its time.
    await eventually(() => isStopped(server.pid) && childrenOf(server.pid).length === 0, 'nothing goes on');
    const before = notify.heard.length;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(notify.heard).toHaveLength(before);
    server.process.kill('SIGCONT');
    await notify.until((lines) => lines.length > before);
  });

  test('has a camera that is not there served, and said to be broken, rather than ended', async () => {
    const notify = new Notify();
    const device = join(notify.dir, 'video0');
    const server = await start({ args: ['--source', `v4l2:${device}`], env: notify.env({ WATCHDOG_USEC: '600000' }) });
    const lines = await notify.until((heard) => heard.filter((line) => line.includes('WATCHDOG=1')).length >= 4);
    expect(lines[0]).toContain('READY=1 STATUS=Camera failed');
    expect(await (await fetch(`${server.url}/healthz`)).json()).toMatchObject({ camera: 'failed', error: 'NO_SUCH_DEVICE' });
    expect((await server.fetch('/snapshot.jpg')).status).toBe(503);
    expect(server.process.exitCode).toBeNull();
  });

  test('says nothing to the programs that the camera starts', async () => {
    const notify = new Notify();
    const environment = join(notify.dir, 'environment');
    const rpicam = join(notify.dir, 'rpicam-vid');
    writeFileSync(rpicam, `#!/bin/sh\nenv > ${environment}\n`);
    chmodSync(rpicam, 0o755);
    await start({
      args: ['--source', 'rpicam', '--rpicam-path', rpicam],
      env: notify.env({ WATCHDOG_USEC: '60000000', LISTEN_FDS: '1', LISTEN_PID: '1' }),
    });
    const known = readFileSync(environment, 'utf8');
    expect(known).toContain('PATH=');
    expect(known).not.toMatch(/^(NOTIFY|WATCHDOG|LISTEN)_/m);
  });
});

describe('sockets that systemd hands over', () => {
  let sockets: NetServer[];

  /** The program with two sockets that listen already, at descriptors 3 and 4. */
  async function handOver(args: readonly string[]): Promise<{ ports: number[]; child: ChildProcess; said: () => string; dataDir: string }> {
    sockets = [];
    for (let count = 0; count < 2; count++) {
      const socket = createServer().listen(0, '127.0.0.1');
      await once(socket, 'listening');
      sockets.push(socket);
    }
    const dataDir = makeTempDir();
    const descriptors = sockets.map((socket) => (socket as unknown as { _handle: { fd: number } })._handle.fd);
    // LISTEN_PID is the process itself, which only that knows.
    const words = [
      '-c',
      'LISTEN_PID=$$ LISTEN_FDS=2 exec "$@"',
      'sh',
      process.execPath,
      MAIN,
      '--data-dir',
      dataDir,
      '--source',
      'test',
      '--h264',
      'off',
    ];
    const child = spawn('sh', [...words, ...args], { stdio: ['ignore', 'pipe', 'pipe', ...descriptors], cwd: dataDir });
    let text = '';
    child.stdout!.on('data', (chunk) => {
      text += String(chunk);
    });
    child.stderr!.on('data', (chunk) => {
      text += String(chunk);
    });
    while (!text.includes('is ready.')) {
      await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
      if (child.exitCode !== null) break;
    }
    return { ports: sockets.map((socket) => (socket.address() as { port: number }).port), child, said: () => text, dataDir };
  }

  afterEach(() => {
    for (const socket of sockets) if (socket.listening) socket.close();
  });

  test('take the place of the ports that are set; a restart that a client asks for is left to systemd', async () => {
    const { ports, child, said, dataDir } = await handOver(['--http-port', '1', '--rtsp-port', '2']);
    try {
      // Else we would take connections.
      for (const socket of sockets) socket.close();
      const [http, rtsp] = ports;
      expect(said()).toContain(`:${http}/`);
      expect(said()).toContain(`rtsp://`);
      expect(JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8'))).toMatchObject({
        url: `http://127.0.0.1:${http}`,
        rtspPort: rtsp,
      });
      expect(await (await fetch(`http://127.0.0.1:${http}/healthz`)).json()).toMatchObject({ status: 'ok' });
      const password = /^Password +(.+)$/m.exec(readFileSync(join(dataDir, 'first-password.txt'), 'utf8'))![1]!;
      const answer = await fetch(`http://127.0.0.1:${http}/onvif/device_service`, {
        method: 'POST',
        headers: { Authorization: basic('admin', password), 'Content-Type': 'application/soap+xml' },
        body: '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><SystemReboot xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>',
      });
      expect(answer.status).toBe(200);
      await once(child, 'exit');
      expect(child.exitCode).toBe(0);
      expect(said()).toContain('for systemd to start it anew');
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('that are none to listen on are an error in words', async () => {
    sockets = [];
    const dataDir = makeTempDir();
    const server = Server.spawn({
      dataDir,
      program: ['sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=2 exec "$@" 3</dev/null 4</dev/null', 'sh', process.execPath, MAIN],
      args: ['--source', 'test'],
    });
    expect((await server.ended).code).toBe(1);
    expect(server.stderr).toMatch(/socket that was handed over for .* is none to listen on.*\n.*onvif-camera\.socket/);
  });
});

describe('the first password', () => {
  const SERVE = ['--source', 'test', '--rtsp-port', '0', '--h264', 'off', '--bind', '127.0.0.1'];
  let dataDir: string;

  beforeAll(() => {
    expect(existsSync('/etc/onvif-camera.yaml')).toBe(false);
  });
  beforeEach(() => {
    dataDir = makeTempDir();
  });

  /** Starts on a terminal, and asks it to stop when `stop` says so of what it has shown, or when `begun` resolves with true. */
  async function onTerminal(
    args: readonly string[],
    stop: (shown: string) => boolean,
    begun = async () => false,
  ): Promise<{ code: number; shown: string }> {
    let ask = (_: string) => {};
    const stopRequested = new Promise<string>((resolve) => {
      ask = resolve;
    });
    let shown = '';
    const look = () => {
      if (stop(shown)) ask('SIGTERM');
    };
    const ended = run([...SERVE, ...args, '--data-dir', dataDir], {
      env: { PATH: process.env.PATH },
      home: dataDir,
      version: '1.2.3',
      wsdlDir: '/nonexistent',
      webDir: join(import.meta.dirname, '../../dist/web'),
      stdout: {
        isTTY: true,
        write: (text) => {
          shown += String(text);
          look();
        },
      },
      stderr: { write: () => {} },
      stopRequested,
      onExit() {},
      onFault() {},
    });
    if (await begun()) ask('SIGTERM');
    return { code: await ended, shown };
  }

  /** Whether the next start, and the only one that succeeds, lets `admin` in with it. */
  async function opens(password: string): Promise<boolean> {
    const server = await start({ args: ['--source', 'test'], password: null, dataDir });
    return (await server.fetch('/api/status', { headers: { Authorization: basic('admin', password) } })).status === 200;
  }

  const shownPassword = (shown: string) => /^ {2}Password {4}(\w{4}-\w{4}-\w{4}) {3}\(write it down/m.exec(shown)?.[1] ?? 'not shown';

  /** A port that another program listens on, for as long as `act` takes. */
  async function withPortTaken<T>(act: (port: string) => Promise<T>): Promise<T> {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      return await act(String((other.address() as { port: number }).port));
    } finally {
      other.close();
    }
  }

  test('is shown on a terminal, with how to have the camera at boot, and is in no file', async () => {
    const { code, shown } = await onTerminal(['--http-port', '0'], (text) => text.includes('is ready'));
    expect(code).toBe(0);
    expect(shown.match(/write it down/g)).toHaveLength(1);
    expect(existsSync(join(dataDir, 'first-password.txt'))).toBe(false);
    if (existsSync('/run/systemd/system')) expect(shown).toMatch(/At boot {5}`sudo .* service install`/);
    else expect(shown).not.toContain('At boot');
    expect(await opens(shownPassword(shown))).toBe(true);
  });

  test('is written down although the first start fails', async () => {
    const failed = await withPortTaken(async (port) => {
      const server = Server.spawn({ args: ['--source', 'test', '--http-port', port], password: null, dataDir });
      expect((await server.ended).code).toBe(3);
      return server;
    });
    expect(failed.stderr).toContain(`in ${join(dataDir, 'first-password.txt')}`);
    expect(failed.stdout + failed.stderr).not.toContain(failed.firstPassword);
    expect(await opens(failed.firstPassword)).toBe(true);
  });

  test('is shown on a terminal although the first start fails', async () => {
    const { code, shown } = await withPortTaken((port) => onTerminal(['--http-port', port], () => false));
    expect(code).toBe(3);
    expect(await opens(shownPassword(shown))).toBe(true);
  });

  test('is shown on a terminal although the first start is stopped before the camera is ready', async () => {
    const [asked, go, rpicam] = ['asked', 'go', 'rpicam-vid'].map((name) => join(dataDir, name)) as [string, string, string];
    writeFileSync(rpicam, `#!/bin/sh\ntouch ${asked}\nwhile [ ! -e ${go} ]; do sleep 0.1; done\n`, { mode: 0o755 });
    const { code, shown } = await onTerminal(
      ['--http-port', '0', '--source', 'rpicam', '--rpicam-path', rpicam],
      () => false,
      async () => {
        await eventually(() => existsSync(asked), 'the camera is looked for');
        return true;
      },
    );
    writeFileSync(go, '');
    expect(code).toBe(0);
    expect(shown).not.toContain('is ready');
    expect(await opens(shownPassword(shown))).toBe(true);
  });

  test('that cannot be written down: the log says how to set another one', async () => {
    // A folder in its place.
    mkdirSync(join(dataDir, 'first-password.txt'));
    const server = await start({ args: ['--source', 'test'], password: null, dataDir });
    const [, words = ''] = /cannot be kept .* Set another one with `(.*)`/.exec(server.stderr) ?? [];
    expect(server.stdout).toContain(`could not be written down: set another one with \`${words}\``);
    const [program = '', ...args] = words.split(' ');
    const set = spawn(program, [...args, '--password-file', '-'], { stdio: ['pipe', 'ignore', 'inherit'], cwd: dataDir });
    set.stdin.end('a password of mine');
    expect(await once(set, 'exit')).toEqual([0, null]);
    expect((await server.fetch('/api/status', { headers: { Authorization: basic('admin', 'a password of mine') } })).status).toBe(200);
  });
});
