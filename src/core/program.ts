import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { messageOf } from './errors.ts';
import type { OutputSocket } from './output-socket.ts';
import { findProgram } from './programs.ts';

/** How long a program may take to heed a signal, milliseconds: encoders finish what they have in hand after SIGINT. */
const GRACE_MS = { SIGINT: 1500, SIGTERM: 1000 } as const;
/** How long the last output may come in after the end of a program, milliseconds. */
const OUTPUT_GRACE_MS = 200;
/** Longest line of standard error that is kept, characters. */
const MAX_LINE = 4096;

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The program could not be started at all. */
  readonly startError?: string;
}

export interface ProgramEvents {
  /** With an {@link OutputSocket} the chunk is only good until this returns. */
  stdout(chunk: Buffer): void;
  /** One line of standard error, without its end. */
  stderrLine(line: string): void;
  /** The program is gone without having been stopped. */
  ended(end: ProgramEnd): void;
}

const running = new Set<ChildProcess>();

/** Last resort when our own process goes down at once: no capture program outlives it. */
export function killPrograms(): void {
  for (const child of running) signalGroup(child, 'SIGKILL');
}

/** Signals the program and whatever it started: a wrapper script's capture would live on otherwise, and keep the camera. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Gone already.
  }
}

const setprivs = new Map<string, string | undefined>();

/** The `setpriv` that can tie a program's life to ours; BusyBox's cannot. */
function findSetpriv(searchPath: string): string | undefined {
  if (!setprivs.has(searchPath)) {
    const found = findProgram('setpriv', searchPath);
    const works =
      found !== undefined && spawnSync(found, ['--pdeathsig', 'KILL', '--', 'true'], { stdio: 'ignore', timeout: 1000 }).status === 0;
    setprivs.set(searchPath, works ? found : undefined);
  }
  return setprivs.get(searchPath);
}

/** The command line with which the kernel kills the program when we die, however we die. */
function tied(command: string, args: readonly string[], searchPath: string): [file: string, args: string[]] {
  const setpriv = findSetpriv(searchPath);
  return setpriv ? [setpriv, ['--pdeathsig', 'KILL', '--', command, ...args]] : [command, [...args]];
}

export interface ProgramOptions {
  /** Gives the program a standard input to {@link Program.write} to; without, it has none. */
  readonly input?: boolean;
  /** Takes the standard output, for programs that write much; it is this program's alone. */
  readonly output?: OutputSocket | undefined;
  /** What it is asked to stop with, one after the other; SIGINT, then SIGTERM where nothing is said. */
  readonly stopSignals?: readonly (keyof typeof GRACE_MS)[];
}

/**
 * A program under way. Its output is always drained, also while it is being stopped: with a full pipe
 * rpicam-vid ignores SIGINT. Where util-linux's `setpriv` exists the kernel kills the program when we die, however we die.
 */
export class Program {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  readonly #stopSignals: readonly (keyof typeof GRACE_MS)[];
  #stopping: Promise<void> | undefined;

  /** @param searchPath where `setpriv` is looked up, as in PATH */
  constructor(command: string, args: readonly string[], searchPath: string, events: ProgramEvents, options: ProgramOptions = {}) {
    const { input = false, output } = options;
    this.#stopSignals = options.stopSignals ?? ['SIGINT', 'SIGTERM'];
    const [file, argv] = tied(command, args, searchPath);
    // A process group of its own, to be signalled as one; also, Ctrl-C in our terminal is then ours to pass on.
    const child = spawn(file, argv, { stdio: [input ? 'pipe' : 'ignore', output?.theirs ?? 'pipe', 'pipe'], detached: true });
    this.#child = child;
    running.add(child);
    // EPIPE and the like: a program that reads no more is about to end, which is told as its end.
    child.stdin?.on('error', () => {});
    const take = (chunk: Buffer) => {
      if (!this.#stopping) events.stdout(chunk);
    };
    child.stdout?.on('data', take);
    if (output) {
      output.onBytes = take;
      output.handOver();
    }
    readLines(child.stderr!, (line) => {
      if (!this.#stopping) events.stderrLine(line);
    });
    this.#gone = new Promise((resolve) => {
      let startError: string | undefined;
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        if (!running.delete(child)) return;
        // Something the program started may still hold the pipes.
        child.stdin?.destroy();
        child.stdout?.destroy();
        output?.close();
        child.stderr!.destroy();
        resolve();
        if (!this.#stopping) events.ended({ code, signal, ...(startError === undefined ? {} : { startError }) });
      };
      child.on('error', (error) => {
        // Also raised by a kill that failed; only a program without a process id never started.
        if (child.pid !== undefined) return;
        startError = messageOf(error);
        end(null, null);
      });
      // The last output can arrive after the exit: wait a moment for it, but not for ever (a grandchild may hold the pipe).
      child.on('exit', (code, signal) => {
        const timer = setTimeout(() => end(code, signal), OUTPUT_GRACE_MS);
        const closed = new Promise((resolveClosed) => child.on('close', resolveClosed));
        void Promise.all([closed, output?.ended]).then(() => {
          clearTimeout(timer);
          end(code, signal);
        });
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Writes to the program's standard input, all chunks in one go and without copying them; they must not change any more.
   * What the program does not take at once is kept: the caller limits how much that can be. Nothing happens where the
   * program reads no more.
   */
  write(chunks: readonly Buffer[]): void {
    const input = this.#child.stdin;
    if (!input?.writable) return;
    input.cork();
    for (const chunk of chunks) input.write(chunk);
    input.uncork();
  }

  /**
   * Closes its input, then its {@link ProgramOptions.stopSignals}, then SIGKILL. Resolves when the program is gone.
   * @param frozen it is known to hang, so that asking is a waste of time: SIGKILL at once
   */
  stop(frozen = false): Promise<void> {
    this.#stopping ??= this.#stop(frozen);
    return this.#stopping;
  }

  async #stop(frozen: boolean): Promise<void> {
    // ffmpeg, waiting for input, heeds no SIGINT.
    this.#child.stdin?.destroy();
    for (const signal of frozen ? [] : this.#stopSignals) {
      signalGroup(this.#child, signal);
      if (await this.#goneWithin(GRACE_MS[signal])) return;
    }
    signalGroup(this.#child, 'SIGKILL');
    await this.#gone;
  }

  async #goneWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const gone = await Promise.race([this.#gone.then(() => true), late]);
    clearTimeout(timer);
    return gone;
  }
}

function readLines(stream: NodeJS.ReadableStream, line: (text: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split(/\r?\n|\r/);
    rest = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const complete of lines) if (complete !== '') line(complete.slice(0, MAX_LINE));
  });
  stream.on('end', () => {
    if (rest !== '') line(rest);
  });
}

export interface ProgramResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end and returns what it printed, at most 1 MiB of each. Never rejects, and is over after `timeoutMs`
 * whatever the program does.
 */
export function runProgram(command: string, args: readonly string[], timeoutMs: number, searchPath: string): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const [file, argv] = tied(command, args, searchPath);
    const child = spawn(file, argv, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    running.add(child);
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < 1 << 20) output[name] += text;
      });
    }
    const end = (code: number | null) => {
      if (!running.delete(child)) return;
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code, ...output });
    };
    const timer = setTimeout(() => {
      signalGroup(child, 'SIGKILL');
      output.stderr += `no answer within ${timeoutMs / 1000} s`;
      end(null);
    }, timeoutMs);
    child.on('error', (error) => {
      output.stderr += messageOf(error);
      end(null);
    });
    // Something it started may hold the pipes open after its end.
    child.on('exit', (code) => {
      child.on('close', () => end(code));
      setTimeout(() => end(code), OUTPUT_GRACE_MS);
    });
  });
}
