import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Program, type ProgramOptions } from '../../../src/platform/program.ts';
import { isRunning } from '../../support/server.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** Starts a shell that notes the signals it is asked with and goes on, and gives those it has heard when it is gone. */
async function heardUntilGone(options: ProgramOptions, frozen?: boolean): Promise<string[]> {
  const heard = join(makeTempDir(), 'heard');
  const script = `trap 'echo INT >> ${heard}' INT; trap 'echo TERM >> ${heard}' TERM; echo ready >&2; while :; do sleep 0.02; done`;
  let ready = (): void => {};
  const started = new Promise<void>((resolve) => (ready = resolve));
  const events = { stdout: () => {}, stderrLine: () => ready(), ended: () => {} };
  const program = new Program('/bin/sh', ['-c', script], process.env.PATH ?? '', events, options);
  await started;
  await program.stop(frozen);
  expect(isRunning(program.pid!)).toBe(false);
  return existsSync(heard) ? readFileSync(heard, 'utf8').trim().split('\n') : [];
}

test('a program is asked with SIGINT, then with SIGTERM, then killed', async () => {
  expect(await heardUntilGone({})).toEqual(['INT', 'TERM']);
});

test('it is asked with the signals of its owner alone', async () => {
  expect(await heardUntilGone({ stopSignals: ['SIGTERM'] })).toEqual(['TERM']);
});

test('one that is known to hang is killed without being asked', async () => {
  expect(await heardUntilGone({}, true)).toEqual([]);
});
