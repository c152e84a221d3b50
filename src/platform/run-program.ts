import type { Readable } from 'node:stream';
import { messageOf } from '../core/errors.ts';
import { leftNothing, running, signalGroup, spawnGroup } from './process-group.ts';

/** Most characters kept of each output: `nmcli device show` prints about 1 KB per device. */
const MAX_OUTPUT = 1 << 20;

/** The outcome of a program that has ended. */
export interface RunResult {
  /** Exit code; null when the program did not end by itself or could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  /** Its standard error, and why it has no exit code if it has none. */
  readonly stderr: string;
}

/** How a program is run to its end. */
export interface RunOptions {
  /** Time until it is killed, milliseconds. */
  readonly timeoutMs: number;
  /** Where to find the `setpriv` that ties the program's life to this one's, as in PATH; undefined: it may outlive this one. */
  readonly searchPath?: string;
  /** The whole environment; default: that of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads from standard input, which others cannot see as they see its arguments; default: nothing. */
  readonly input?: string | Uint8Array;
  /** Ends the program when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a program to its end, as {@link runProgram} does. */
export type Run = (command: string, args: readonly string[], options: RunOptions) => Promise<RunResult>;

/**
 * Runs a program to its end, without a shell, and resolves with what it printed; what it started in its process group ends with it.
 * Never rejects, and is over 1.7 s after `timeoutMs` whatever the program does.
 */
export const runProgram: Run = (command, args, { timeoutMs, searchPath, env, input, signal: aborted }) =>
  new Promise((resolve) => {
    const child = spawnGroup(command, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'], searchPath, env });
    // A program that reads no more is about to end, which is told as its end.
    child.stdin?.on('error', () => {}).end(input);
    const output = { stdout: '', stderr: '' };
    // Without descriptors for them Node makes no streams; the error event follows.
    const outputOf = (name: 'stdout' | 'stderr') => child[name] as Readable | undefined;
    for (const name of ['stdout', 'stderr'] as const) {
      outputOf(name)
        ?.setEncoding('utf8')
        .on('data', (text: string) => {
          output[name] = (output[name] + text).slice(0, MAX_OUTPUT);
        });
    }
    const end = (code: number | null, trouble = '') => {
      running.delete(child);
      clearTimeout(timer);
      aborted?.removeEventListener('abort', onAbort);
      outputOf('stdout')?.destroy();
      outputOf('stderr')?.destroy();
      resolve({ code, stdout: output.stdout, stderr: output.stderr + trouble });
    };
    const kill = (why: string) => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      end(null, why);
    };
    const onAbort = () => kill(`${command} was not needed any more`);
    const timer = setTimeout(() => kill(`${command} did not end within ${timeoutMs / 1000} s`), timeoutMs);
    aborted?.addEventListener('abort', onAbort);
    if (aborted?.aborted) onAbort();
    child.on('error', (error) => end(null, messageOf(error)));
    child.on('exit', (code, signal) => {
      clearTimeout(timer);
      const closed = new Promise((resolveClosed) => child.on('close', resolveClosed));
      void leftNothing(child.pid!, closed).then(() => end(code, signal ? `${command} was ended by ${signal}` : ''));
    });
  });
