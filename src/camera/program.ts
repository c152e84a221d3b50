import { type ChildProcess, spawn } from 'node:child_process';
import { messageOf } from '../core/errors.ts';
import { findProgram } from '../core/programs.ts';

/** Wait after SIGINT, then after SIGTERM, milliseconds. rpicam-vid drains in 200 to 500 ms; one that ignores SIGINT never ends by it. */
const INTERRUPT_GRACE_MS = 1500;
const TERMINATE_GRACE_MS = 1000;
/** Longest line of standard error that is kept, characters. */
const MAX_LINE = 4096;

export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The program could not be started at all. */
  readonly startError?: string;
}

export interface ProgramEvents {
  stdout(chunk: Buffer): void;
  /** One line of standard error, without its end. */
  stderrLine(line: string): void;
  /** The program is gone without having been stopped. */
  ended(end: ProgramEnd): void;
}

const running = new Set<ChildProcess>();

/** Last resort when our own process goes down at once: no capture program outlives it. */
export function killPrograms(): void {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * A capture program under way. Its output is always drained, also while it is being stopped: with a full pipe
 * rpicam-vid ignores SIGINT. Where util-linux's `setpriv` exists the kernel kills the program when we die, however we die.
 */
export class Program {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #stopping: Promise<void> | undefined;

  /** @param searchPath where `setpriv` is looked up, as in PATH */
  constructor(command: string, args: readonly string[], searchPath: string, events: ProgramEvents) {
    const setpriv = findProgram('setpriv', searchPath);
    const [file, argv] = setpriv ? [setpriv, ['--pdeathsig', 'KILL', '--', command, ...args]] : [command, [...args]];
    const child = spawn(file, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    running.add(child);
    child.stdout!.on('data', (chunk: Buffer) => {
      if (!this.#stopping) events.stdout(chunk);
    });
    readLines(child.stderr!, (line) => {
      if (!this.#stopping) events.stderrLine(line);
    });
    this.#gone = new Promise((resolve) => {
      let startError: string | undefined;
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        if (!running.delete(child)) return;
        // Something the program started may still hold the pipes.
        child.stdout!.destroy();
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
        const timer = setTimeout(() => end(code, signal), 200);
        child.on('close', () => {
          clearTimeout(timer);
          end(code, signal);
        });
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** SIGINT, then SIGTERM, then SIGKILL. Resolves when the program is gone. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const steps = [
      ['SIGINT', INTERRUPT_GRACE_MS],
      ['SIGTERM', TERMINATE_GRACE_MS],
    ] as const;
    for (const [signal, grace] of steps) {
      this.#child.kill(signal);
      if (await this.#goneWithin(grace)) return;
    }
    this.#child.kill('SIGKILL');
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

/** Runs a program to its end and returns what it printed, at most `timeoutMs` long and 1 MiB of each. Never rejects. */
export function runProgram(command: string, args: readonly string[], timeoutMs: number): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        if (output[name].length < 1 << 20) output[name] += text;
      });
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const end = (code: number | null) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code, ...output });
    };
    child.on('error', (error) => {
      output.stderr += messageOf(error);
      end(null);
    });
    child.on('close', end);
  });
}
