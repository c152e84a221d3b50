import { test } from '@jest/globals';
import { findProgram } from '../../src/core/programs.ts';

/** Path of a program of the system, if it is installed. */
export const program = (name: string): string | undefined => findProgram(name, process.env.PATH ?? '');

/** A test that needs a program of the system: left out, with a message, where it is missing; failing for that in CI. */
export function needsProgram(name: string, title: string, fn: () => Promise<void>, timeout?: number): void {
  const there = program(name) !== undefined || process.env.CI !== undefined;
  const run = there ? test : test.skip;
  run(there ? title : `${title} (needs ${name}: apt install ${name})`, fn, timeout);
}
