import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { messageOf } from '../core/errors.ts';
import { leftNothing, signalGroup } from '../core/process-group.ts';

/** Most that is kept of each output of a tool, characters: `nmcli device show` prints about 1 KB per device. */
const MAX_OUTPUT = 1 << 20;

export interface RunResult {
  /** Exit code; null when the tool did not end by itself or could not be started. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly timeoutMs: number;
  /** The whole environment: nothing of ours is inherited. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs a program to its end, without a shell, and gives what it printed; what it left in its process group ends too. Never rejects. */
export type Run = (command: string, args: readonly string[], options: RunOptions) => Promise<RunResult>;

export const runTool: Run = (command, args, { timeoutMs, env }) =>
  new Promise((resolve) => {
    const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...env }, detached: true });
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
    const timer = setTimeout(() => {
      if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
      end(null, `${command} did not end within ${timeoutMs / 1000} s`);
    }, timeoutMs);
    const end = (code: number | null, trouble = '') => {
      clearTimeout(timer);
      outputOf('stdout')?.destroy();
      outputOf('stderr')?.destroy();
      resolve({ code, stdout: output.stdout, stderr: output.stderr + trouble });
    };
    child.on('error', (error) => end(null, messageOf(error)));
    child.on('exit', (code, signal) => {
      const trouble = signal ? `${command} was ended by ${signal}` : '';
      clearTimeout(timer);
      const closed = new Promise((resolveClosed) => child.on('close', resolveClosed));
      void leftNothing(child.pid!, closed).then(() => end(code, trouble));
    });
  });
