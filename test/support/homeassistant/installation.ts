import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from '@jest/globals';
import { inOwnNetwork, isInOwnNetwork } from '../network/own-network.ts';

/** Installs it, unless it is there; explained at its top. */
const INSTALL = join(import.meta.dirname, '../../interop/homeassistant/install');
/** Its packages are 900 MB installed: a minute and a half on a fast machine. */
const INSTALL_TIMEOUT_MS = 900_000;
/** Longest time for the tests of one file, milliseconds: Home Assistant alone takes 10 s to start. */
const FILE_TIMEOUT_MS = 420_000;

interface Installation {
  /** The virtual environment. */
  readonly venv: string;
  /** Version of Home Assistant. */
  readonly version: string;
  /** Version of Python. */
  readonly python: string;
}

function parse(output: string): Installation {
  const [venv = '', version = '', python = ''] = output.trim().split('\n');
  return { venv, version, python };
}

/** What is, or would be, installed; why it cannot be where this machine has no Python for it. */
function plan(): Installation | string {
  try {
    return parse(execFileSync(INSTALL, ['--dry-run'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  } catch (error) {
    return String((error as { stderr?: string }).stderr || error).trim();
  }
}

/**
 * Tests with a real Home Assistant, in a network of their own. It is installed first, while there is still a network to
 * install it from. Left out, with a message, where there is no Python for it; failing in CI.
 */
export function withHomeAssistant(file: string, programs: readonly string[], define: (installation: Installation) => void): void {
  const planned = plan();
  if (typeof planned === 'string') {
    const run = process.env.CI === undefined ? test.skip : test;
    run(`with Home Assistant (${planned})`, () => {
      throw new Error(planned);
    });
    return;
  }
  if (!isInOwnNetwork())
    test(
      `Home Assistant ${planned.version} is installed for Python ${planned.python}`,
      async () => void (await promisify(execFile)(INSTALL)),
      INSTALL_TIMEOUT_MS,
    );
  inOwnNetwork(file, ['setpriv', ...programs], () => define(planned), FILE_TIMEOUT_MS);
}

interface Translations {
  readonly config: {
    readonly step: Readonly<
      Record<
        string,
        {
          readonly data: Readonly<Record<string, string>>;
          readonly sections?: Readonly<Record<string, Pick<Translations['config']['step'][string], 'data'>>>;
        }
      >
    >;
    readonly error: Readonly<Record<string, string>>;
    readonly abort: Readonly<Record<string, string>>;
  };
}

/** What Home Assistant's page says in the forms of an integration, in English. */
export function translations(venv: string, integration: string): Translations {
  const lib = join(venv, 'lib');
  const python = readdirSync(lib).find((name) => name.startsWith('python'))!;
  const file = join(lib, python, 'site-packages/homeassistant/components', integration, 'translations/en.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Translations;
}
