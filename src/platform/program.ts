import type { ChildProcess } from 'node:child_process';
import type { OutputSocket } from './output-socket.ts';
import { leftNothing, running, signalGroup, spawnGroup } from './process-group.ts';

/** How long a program may take to heed a signal, milliseconds: encoders finish what they have in hand after SIGINT. */
const GRACE_MS = { SIGINT: 1500, SIGTERM: 1000 } as const;
/** The descriptor of a program's second output. */
export const SECOND_OUTPUT = 3;
/** Longest line of standard error that is kept, characters. */
const MAX_LINE = 4096;

/** How a program ended: code or signal, as in Node.js's `exit` event. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Why the program could not be started at all; undefined: it was. */
  readonly startError?: Error;
}

/** Codes of the errors with which a program is not there, or not for this user. */
const NOT_THERE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'EACCES']);

/**
 * Returns whether a program could not be started because it is not there, or not for this user. Otherwise the machine is short of
 * something (memory, processes), and a later try may do.
 */
export const isNotThere = (startError: NodeJS.ErrnoException): boolean => NOT_THERE.has(startError.code);

/** What a running program reports. */
export interface ProgramEvents {
  /** Bytes of its standard output. With an {@link OutputSocket} the chunk is only valid until this returns. */
  stdout(chunk: Buffer): void;
  /** What comes through {@link ProgramOptions.second}. */
  second?(chunk: Buffer): void;
  /** One line of standard error, without its end. */
  stderrLine(line: string): void;
  /** Called when the program and all of its process group are gone, without having been stopped. */
  ended(end: ProgramEnd): void;
}

/** How a program is run. */
export interface ProgramOptions {
  /** Whether the program gets a standard input, for {@link Program.write}; default false. */
  readonly input?: boolean;
  /** Takes the standard output instead of a pipe, for programs that write much; belongs to this program alone. */
  readonly output?: OutputSocket | undefined;
  /** Whether the program gets a second output, its descriptor {@link SECOND_OUTPUT}; default false. */
  readonly second?: boolean;
  /** Signals by which it is asked to stop, in this order; default SIGINT, then SIGTERM. */
  readonly stopSignals?: readonly (keyof typeof GRACE_MS)[];
}

/**
 * A program under way; constructing starts it. Its output is always drained, even while it is being stopped: with a full pipe
 * rpicam-vid ignores SIGINT. Where util-linux's `setpriv` exists, the kernel kills the program when this process dies, however that
 * comes.
 */
export class Program {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  readonly #stopSignals: readonly (keyof typeof GRACE_MS)[];
  #stopping: Promise<void> | undefined;
  /** Whether its process group is empty; the number may soon belong to another one. */
  #groupEnded = false;

  /** @param searchPath where `setpriv` is looked up, as in PATH */
  constructor(command: string, args: readonly string[], searchPath: string, events: ProgramEvents, options: ProgramOptions = {}) {
    const { input = false, output, second = false } = options;
    this.#stopSignals = options.stopSignals ?? ['SIGINT', 'SIGTERM'];
    const stdio = [input ? 'pipe' : 'ignore', output?.theirs ?? 'pipe', 'pipe', ...(second ? (['pipe'] as const) : [])] as const;
    const child = spawnGroup(command, args, { stdio: [...stdio], searchPath });
    this.#child = child;
    // EPIPE and the like: a program that reads no more is about to end, which is told as its end.
    child.stdin?.on('error', () => {});
    const take = (chunk: Buffer) => {
      if (!this.#stopping) events.stdout(chunk);
    };
    child.stdout?.on('data', take);
    const secondOutput = child.stdio?.[SECOND_OUTPUT];
    secondOutput?.on('data', (chunk: Buffer) => {
      if (!this.#stopping) events.second?.(chunk);
    });
    secondOutput?.on('error', () => {});
    if (output) {
      output.onBytes = take;
      output.handOver();
    }
    // Without descriptors for them Node makes no streams; the error event follows.
    if (child.stderr)
      readLines(child.stderr, (line) => {
        if (!this.#stopping) events.stderrLine(line);
      });
    this.#gone = new Promise((resolve) => {
      let startError: Error | undefined;
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        if (!running.delete(child)) return;
        // Something the program started may still hold the pipes.
        child.stdin?.destroy();
        child.stdout?.destroy();
        secondOutput?.destroy();
        output?.close();
        child.stderr?.destroy();
        resolve();
        if (!this.#stopping) events.ended({ code, signal, ...(startError === undefined ? {} : { startError }) });
      };
      child.on('error', (error) => {
        // Also raised by a kill that failed; only a program without a process id never started.
        if (child.pid !== undefined) return;
        startError = error;
        end(null, null);
      });
      child.on('exit', (code, signal) => {
        const closed = new Promise((resolveClosed) => child.on('close', resolveClosed));
        void leftNothing(child.pid!, Promise.all([closed, output?.ended])).then(() => {
          this.#groupEnded = true;
          end(code, signal);
        });
      });
    });
  }

  /** Its process id; undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Bytes of what was written that the program has not taken yet, besides what the kernel holds for it. */
  get waiting(): number {
    return this.#child.stdin?.writableLength ?? 0;
  }

  /**
   * Writes to the program's standard input, all chunks in one go and without copying them; they must not change after that.
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
   * Closes the input, sends {@link ProgramOptions.stopSignals}, then SIGKILL. Resolves when the program is gone, and what
   * it started in its group.
   *
   * @param frozen whether it is known to hang, so that it gets SIGKILL at once; default false
   */
  stop(frozen = false): Promise<void> {
    this.#stopping ??= this.#stop(frozen);
    return this.#stopping;
  }

  async #stop(frozen: boolean): Promise<void> {
    // ffmpeg, waiting for input, heeds no SIGINT.
    this.#child.stdin?.destroy();
    for (const signal of frozen ? [] : this.#stopSignals) {
      this.#signal(signal);
      if (await this.#goneWithin(GRACE_MS[signal])) return;
    }
    this.#signal('SIGKILL');
    await this.#gone;
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid !== undefined && !this.#groupEnded) signalGroup(pid, signal);
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
