import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** The limit of files and sockets that this process may have open, by a helper that is started while there is still room for it. */
export class OpenFiles {
  static readonly PROGRAM = 'prlimit';
  readonly #shell = spawn(
    'sh',
    ['-c', `while read -r limit; do ${OpenFiles.PROGRAM} --pid ${process.pid} --nofile="$limit" && echo done; done`],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );

  /** No file and no socket can be opened from now on. */
  async forbid(): Promise<void> {
    await this.#set('3:');
  }

  async allow(): Promise<void> {
    await this.#set('1024:');
  }

  async stop(): Promise<void> {
    await this.allow();
    this.#shell.stdin.end();
    await once(this.#shell, 'exit');
  }

  async #set(limit: string): Promise<void> {
    this.#shell.stdin.write(`${limit}\n`);
    await once(this.#shell.stdout, 'data');
  }
}
