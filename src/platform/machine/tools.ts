import { basename } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { findProgram } from '../programs.ts';
import type { Run } from '../run-program.ts';

/** Time for a tool that is asked, milliseconds: it is part of answering a request, which a tool that hangs must not hold up. */
const ASK_TIMEOUT_MS = 3000;
/**
 * Time for a tool that changes something, milliseconds. It waits for the hardware: a Wi-Fi connection takes up to 15 s (what nmcli
 * is told to wait).
 */
const CHANGE_TIMEOUT_MS = 20_000;
/** Longest piece of a tool's words in a message, characters. */
const MAX_WORDS = 300;

/** Runs the system's own tools, found in `searchPath` (as in PATH), without a shell and in English. */
export class Tools {
  readonly #env: Readonly<Record<string, string>>;

  constructor(
    private readonly searchPath: string,
    private readonly run: Run,
  ) {
    this.#env = { PATH: searchPath, LC_ALL: 'C' };
  }

  /** Resolves with what a tool prints; undefined if it is missing, fails or takes too long. Never rejects. */
  async ask(name: string, args: readonly string[]): Promise<string | undefined> {
    const path = findProgram(name, this.searchPath);
    if (path === undefined) return undefined;
    const { code, stdout } = await this.run(path, args, { timeoutMs: ASK_TIMEOUT_MS, env: this.#env });
    return code === 0 ? stdout : undefined;
  }

  /**
   * Lets a tool change something, and resolves with what it prints. Rejects with SYSTEM_FAILED and its last words, or its name if
   * it is missing.
   */
  async change(name: string, args: readonly string[]): Promise<string> {
    const path = findProgram(name, this.searchPath);
    if (path === undefined) throw new AppError('SYSTEM_FAILED', `This system has no ${name}, which is needed for that.`);
    const result = await this.run(path, args, { timeoutMs: CHANGE_TIMEOUT_MS, env: this.#env });
    if (result.code !== 0) throw new AppError('SYSTEM_FAILED', `${basename(path)}: ${lastWords(result.stderr, result.stdout)}`);
    return result.stdout;
  }
}

/** Returns the last line of the first output that has one: tools end with the reason. */
function lastWords(...outputs: readonly string[]): string {
  for (const output of outputs) {
    const line = output
      .split('\n')
      .map((text) => text.trim())
      .findLast((text) => text !== '');
    // No control characters: the words go to terminals and into XML.
    if (line !== undefined) return line.replace(/\p{Cc}/gu, '').slice(0, MAX_WORDS);
  }
  return 'failed without a word';
}

/** Returns the values by key in the "Key=value" lines of `timedatectl show` and `show-timesync`. */
export function parseProperties(text: string): Map<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => (line.includes('=') ? [[line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]] : [])),
  );
}
