import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
export const PASSWORD = 'correct horse: battery';

export interface ServerOptions {
  /** The program's command line without its options, where it is another than Node.js with {@link MAIN}. */
  readonly program?: readonly string[];
  /** A command with its arguments, in place of serving. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Undefined: the environment sets {@link PASSWORD}; null: it sets none. */
  readonly password?: string | null;
  /** Keep the data directory of another run. */
  readonly dataDir?: string;
  /** A program that becomes the one under test, with its arguments: `unshare -m`. */
  readonly launcher?: readonly string[];
  /** What comes in by standard input. */
  readonly input?: string;
  /** Files that it may have open at a time. */
  readonly openFiles?: number;
}

/** What a command left behind when it ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The program as a user runs it: a process of its own, with a data directory of its own and a port that is free. */
export class Server {
  readonly dataDir: string;
  stdout = '';
  stderr = '';
  readonly ended: Promise<Ending>;
  readonly process: ChildProcess;
  readonly #watchers = new Set<() => void>();
  readonly #ownsDataDir: boolean;

  private constructor({
    openFiles,
    launcher = openFiles === undefined ? [] : ['sh', '-c', `ulimit -n ${openFiles} && exec "$@"`, 'sh'],
    program = [process.execPath, MAIN],
    command,
    args = [],
    env = process.env,
    password = PASSWORD,
    dataDir,
    input,
  }: ServerOptions) {
    this.#ownsDataDir = dataDir === undefined;
    this.dataDir = dataDir ?? mkdtempSync(join(tmpdir(), 'onvif-camera-'));
    const withPassword = password === null ? env : { ...env, ONVIF_CAMERA_PASSWORD: password };
    // Trying the encoders takes ffmpeg a second of processor time: for those who want H.264.
    const words = command ?? ['--http-port', '0', '--rtsp-port', '0', '--h264', 'off', '--bind', '127.0.0.1', ...args];
    const [file = '', ...first] = [...launcher, ...program];
    this.process = spawn(file, [...first, '--data-dir', this.dataDir, ...words], {
      // A directory without a settings file.
      cwd: this.dataDir,
      env: withPassword,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    this.process.stdin?.end(input);
    for (const name of ['stdout', 'stderr'] as const) {
      this.process[name]!.setEncoding('utf8').on('data', (text: string) => {
        this[name] += text;
        for (const watcher of [...this.#watchers]) watcher();
      });
    }
    this.ended = new Promise((resolve) => {
      this.process.on('close', (code, signal) => {
        resolve({ code, signal });
        for (const watcher of [...this.#watchers]) watcher();
      });
    });
  }

  /** Starts the program without waiting for anything. */
  static spawn(options: ServerOptions = {}): Server {
    return new Server(options);
  }

  /** Starts the program and waits until it says that it is ready. */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const server = new Server(options);
    await server.output(/is ready\.[\s\S]*\n\n/);
    return server;
  }

  /** Waits until the program has printed something that matches. Throws if it ends, or after 20 s. */
  output(pattern: RegExp, seconds = 20): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void) => {
        clearTimeout(timer);
        this.#watchers.delete(check);
        act();
      };
      const said = () => `${this.stdout}\n${this.stderr}`;
      const check = () => {
        const match = pattern.exec(said());
        if (match) finish(() => resolve(match));
        else if (this.process.exitCode !== null) finish(() => reject(new Error(`ended without saying ${pattern}:\n${said()}`)));
      };
      const timer = setTimeout(() => finish(() => reject(new Error(`did not say ${pattern}:\n${said()}`))), seconds * 1000);
      this.#watchers.add(check);
      check();
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** What the program tells other commands of itself. */
  get #runFile(): { readonly pid: number; readonly url: string; readonly rtspPort: number } {
    return JSON.parse(readFileSync(join(this.dataDir, 'server.json'), 'utf8'));
  }

  /** The program's own process, also where another one has started it. */
  get programPid(): number {
    return this.#runFile.pid;
  }

  /** "http://127.0.0.1:12345" */
  get url(): string {
    // Where the program cannot write it, or it is on a disk that only the program sees, its terminal has it.
    if (!existsSync(join(this.dataDir, 'server.json'))) return / Page +(http:\S+)\/\n/.exec(this.stdout)![1]!;
    return this.#runFile.url;
  }

  /** The password that the first start made, which is in no output. */
  get firstPassword(): string {
    return /^Password +(.+)$/m.exec(readFileSync(join(this.dataDir, 'first-password.txt'), 'utf8'))![1]!;
  }

  get rtspPort(): number {
    return this.#runFile.rtspPort;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** A request with the right password. */
  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, { ...init, headers: { Authorization: basic('admin', PASSWORD), ...init.headers } });
  }

  /** A request without credentials; redirects are not followed. */
  anonymous(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, { redirect: 'manual', ...init });
  }

  async json(path: string): Promise<Record<string, unknown>> {
    return (await (await this.fetch(path, { headers: { Accept: 'application/json' } })).json()) as Record<string, unknown>;
  }

  /** Asks /api/status until `test` holds. */
  async status(test: (status: Record<string, unknown>) => boolean, seconds = 15): Promise<Record<string, unknown>> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const status = await this.json('/api/status');
      if (test(status)) return status;
      if (Date.now() > deadline) throw new Error(`the status never came to be so: ${JSON.stringify(status)}\n${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Stops it as a service manager does, and removes its data. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ending> {
    this.process.kill(signal);
    const ending = await this.ended;
    if (this.#ownsDataDir) rmSync(this.dataDir, { recursive: true, force: true });
    return ending;
  }
}

export const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** Headers of a request that wants its refusal as JSON. */
export const ACCEPT_JSON = { Accept: 'application/json' } as const;

/** The code in a refusal as JSON. */
export const problemCode = async (answer: Response): Promise<string> =>
  ((await answer.json()) as { readonly error: { readonly code: string } }).error.code;

/** Whether a process runs (a zombie does not). */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Asks until it holds; for what no event tells. */
export async function eventually(test: () => boolean | Promise<boolean>, what: string, seconds = 10): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await test())) {
    if (Date.now() > deadline) throw new Error(`never came to be: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
