import { type ChildProcessByStdio, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { cachePlace } from './cache.ts';
import { pythonVersion } from './clients.ts';
import { PYTHON, program } from './programs.ts';

/** Clients in Python that come from PyPI, and test/interop/python/clients.py, which runs them. */

const SOURCE = join(import.meta.dirname, '../interop/python');
const LISTS = ['requirements.txt', 'onvif-zeep.txt'].map((file) => join(SOURCE, file));
/** OpenCV with its libraries is most of the 400 MB. */
export const PYTHON_INSTALL_TIMEOUT_MS = 600_000;
const run = promisify(execFile);
const OLDEST = 11;

/** "3.11.2", or why it will not do. */
function ask(): { readonly version?: string; readonly obstacle?: string } {
  if (!program(PYTHON)) return { obstacle: 'needs python3-venv: apt install python3-venv' };
  const { stdout, status } = spawnSync(PYTHON, ['-c', 'import platform; print(platform.python_version()); import ensurepip'], {
    encoding: 'utf8',
  });
  const version = stdout.trim();
  if (Number(version.split('.')[1]) < OLDEST) return { obstacle: `needs Python 3.${OLDEST} or newer, ${PYTHON} is ${version}` };
  return status === 0 ? { version } : { obstacle: 'needs python3-venv: apt install python3-venv' };
}

/** Why they cannot be installed here; undefined if they can. */
export const pythonObstacle = (): string | undefined => ask().obstacle;

/** An installation of them. */
export class PythonClients {
  readonly #python: string;

  private constructor(private readonly place: string) {
    this.#python = join(place, 'bin/python');
  }

  /** Where onvif-zeep is. */
  get #alone(): string {
    const lib = join(this.place, 'alone/lib');
    return join(lib, readdirSync(lib)[0]!, 'site-packages');
  }

  /** Installs them, unless they are there. */
  static async install(): Promise<PythonClients> {
    const clients = new PythonClients(cachePlace('python-clients', LISTS, ask().version ?? ''));
    const complete = join(clients.place, 'complete');
    if (existsSync(complete)) return clients;
    rmSync(clients.place, { recursive: true, force: true });
    await run(PYTHON, ['-m', 'venv', clients.place], { timeout: PYTHON_INSTALL_TIMEOUT_MS });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
    const [together, alone] = LISTS as [string, string];
    for (const args of [
      ['--requirement', together],
      ['--no-deps', '--ignore-installed', '--prefix', join(clients.place, 'alone'), '--requirement', alone],
    ])
      await run(clients.#python, [...pip, ...args], { timeout: PYTHON_INSTALL_TIMEOUT_MS });
    writeFileSync(complete, '');
    return clients;
  }

  /** The version of an installed package. */
  version(name: string): string | undefined {
    return pythonVersion(name, this.#python, name === 'onvif-zeep' ? this.#alone : undefined);
  }

  /** Starts a library that has no end: what it says by and by is in the lines of `stdout`. The caller ends it. */
  start(library: string, ...args: string[]): ChildProcessByStdio<null, Readable, null> {
    return spawn(this.#python, [join(SOURCE, 'clients.py'), library, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  /** What a library made of it; explained in clients.py. */
  async run(library: string, ...args: string[]): Promise<unknown> {
    const words = library === 'onvif_zeep' ? [this.#alone, ...args] : args;
    const { stdout } = await run(this.#python, [join(SOURCE, 'clients.py'), library, ...words], { timeout: 60_000 });
    return JSON.parse(stdout);
  }
}
