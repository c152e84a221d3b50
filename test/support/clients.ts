import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, expect } from '@jest/globals';
import { REPORT_VARIABLE } from './client-report.mjs';
import { PYTHON, program } from './programs.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * Says that tests run a program or library that we did not write: those of the file, or of the group around the call. The
 * README's table of clients, which has a row for each, takes its version and date from it when all tests of all files that
 * report it have passed.
 * @param name as in the README's table, spelt out here: what is reported can be read from the tests' text
 * @param version asks the client itself, after the tests; undefined where it is not installed
 */
export function reportClient(name: string, version: () => string | undefined | Promise<string | undefined>): void {
  // Not run where all tests were left out.
  afterAll(async () => {
    const file = process.env[REPORT_VARIABLE];
    const known = file && (await version());
    if (!known) return;
    const test = relative(ROOT, expect.getState().testPath!);
    appendFileSync(file, `${JSON.stringify({ test, name, version: known })}\n`);
  });
}

/** What a program says of itself, on either of its outputs; undefined where it is not installed. */
function outputOf(name: string, args: readonly string[]): string | undefined {
  const path = program(name);
  if (!path) return undefined;
  const { stdout, stderr } = spawnSync(path, args, { encoding: 'utf8', timeout: 20_000 });
  return `${stdout}${stderr}`;
}

/** Finds the first version in a text; a distribution's own suffix is left out. */
function firstVersion(text: string, of: string): string {
  const version = /\d+(?:\.\d+)+/.exec(text)?.[0];
  if (!version) throw new Error(`${of} names no version: ${text}`);
  return version;
}

/** The version that a program prints. */
export function programVersion(name: string, ...args: string[]): string | undefined {
  const text = outputOf(name, args);
  return text === undefined ? undefined : firstVersion(text.replaceAll(name, ''), name);
}

/** The version of a package of Debian's, for a program that names none. */
export function debianVersion(name: string): string | undefined {
  const text = outputOf('dpkg-query', ['-W', '-f', `\${Version}`, name]);
  return text === undefined ? undefined : firstVersion(text.replaceAll(name, ''), name);
}

/** The version of an npm package that is installed here. */
export function npmVersion(name: string): string {
  return (JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version;
}

/**
 * The version of an installed Python package; undefined where it is not installed.
 * @param folder where it is, if not where `python` looks by itself
 */
export function pythonVersion(name: string, python = PYTHON, folder = ''): string | undefined {
  const script = 'import sys, importlib.metadata as m; sys.path[:0] = filter(None, sys.argv[2:]); print(m.version(sys.argv[1]))';
  const { status, stdout } = spawnSync(python, ['-c', script, name, folder], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
