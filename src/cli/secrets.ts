import { closeSync, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { AppError, messageOf } from '../core/errors.ts';
import type { Context, Terminal } from './context.ts';

/** Most that is read of a file with a secret, bytes; tokens of Home Assistant have 200. */
const MAX_BYTES = 4096;

/** Where a secret may come from: never from an argument, which everybody on the machine can read (ps). */
export interface SecretWays {
  /** What it is: "token of Home Assistant". */
  readonly name: string;
  /** `--token-file`: a file, or "-" for standard input. */
  readonly file: string | undefined;
  /** Values of environment variables, of which the first that is set counts. */
  readonly environment: readonly (string | undefined)[];
}

/**
 * Resolves to the secret: the first line of a file, else from the environment; undefined: neither is given.
 *
 * @throws AppError USAGE for a file that cannot be used
 */
export async function findSecret({ name, file, environment }: SecretWays, { stdin }: Pick<Context, 'stdin'>): Promise<string | undefined> {
  if (file === undefined) return environment.find((value) => value !== undefined && value !== '');
  let text: string;
  try {
    if (file !== '-') text = readFirst(file);
    else if (stdin) text = await readAll(stdin);
    else throw new Error('there is no standard input');
  } catch (error) {
    throw new AppError('USAGE', `The ${name} cannot be read from ${file}: ${messageOf(error)}`, {
      hint: 'Check the path and its permissions.',
      cause: error,
    });
  }
  const secret = text.replace(/\r?\n[\s\S]*$/, '');
  if (secret === '') throw new AppError('USAGE', `There is no ${name} in ${file}.`, { hint: 'It has to be the first line.' });
  return secret;
}

/** Returns the beginning of a file or of a pipe (`<(…)` in a shell). */
function readFirst(path: string): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(MAX_BYTES);
    let length = 0;
    for (;;) {
      const count = readSync(file, bytes, length, MAX_BYTES - length, null);
      length += count;
      if (count === 0 || length === MAX_BYTES) return bytes.toString('utf8', 0, length);
    }
  } finally {
    closeSync(file);
  }
}

async function readAll(stdin: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    if (length >= MAX_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_BYTES);
}

/** Returns whether standard input is a terminal, at which somebody can be asked. */
export const canAsk = ({ stdin }: Pick<Context, 'stdin'>): boolean => stdin?.isTTY === true;

/**
 * Asks on the terminal, and resolves to what is typed, which is not shown.
 *
 * @param question "Password: "
 * @throws AppError USAGE if nothing was typed, or if `signal` fires
 */
export function askSecret(question: string, { stdin, stderr }: Pick<Context, 'stdin' | 'stderr'>, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    if (!stdin) throw new AppError('USAGE', 'There is nobody to ask.');
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 });
    // Asked only when the terminal shows nothing any more: some people type at once.
    stderr.write(question);
    const end = (act: () => void) => {
      signal.removeEventListener('abort', onAbort);
      lines.removeAllListeners('close').close();
      stdin.pause();
      stderr.write('\n');
      act();
    };
    const giveUp = () => end(() => reject(new AppError('USAGE', 'Nothing was typed.')));
    const onAbort = () => giveUp();
    signal.addEventListener('abort', onAbort, { once: true });
    lines.once('line', (line) => end(() => (line === '' ? reject(new AppError('USAGE', 'Nothing was typed.')) : resolve(line))));
    lines.once('SIGINT', giveUp);
    lines.once('close', giveUp);
    if (signal.aborted) giveUp();
  });
}
