import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { DescriptorReserve, descriptorLimit } from '../../../src/platform/descriptors.ts';
import { Program, type ProgramEnd } from '../../../src/platform/program.ts';
import { runProgram } from '../../../src/platform/run-program.ts';
import { withDescriptors } from '../../support/descriptors.ts';
import { needsProgram, program } from '../../support/programs.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** An unhandled error event would end the whole process, and these tests with it. */

const PATH = process.env.PATH ?? '';
const HOW_MANY = [0, 1, 2, 3, 4, 5, 6];

needsProgram('prlimit', 'a program that cannot be started for want of descriptors has ended', async () => {
  // Whether there is a setpriv is found out beforehand.
  await runProgram('/bin/true', [], { timeoutMs: 5000, searchPath: PATH });
  const ends: ProgramEnd[] = [];
  for (const left of HOW_MANY) {
    const start = () =>
      new Promise<ProgramEnd>((ended) => {
        new Program('/bin/sleep', ['0.1'], PATH, { stdout() {}, stderrLine() {}, ended }, { input: true });
      });
    // Not the promise itself: it would be waited for.
    const [end] = await withDescriptors(left, () => [start()]);
    ends.push(await end);
  }
  expect(ends[0]).toMatchObject({ code: null, startError: { code: 'EMFILE' } });
  expect(ends.every(({ code, startError }) => code === 0 || startError)).toBe(true);
});

needsProgram('prlimit', 'one that is run for its output says why it could not', async () => {
  for (const left of HOW_MANY) {
    const [result] = await withDescriptors(left, () => [runProgram('/bin/echo', ['x'], { timeoutMs: 5000, searchPath: PATH })]);
    const { code, stdout, stderr } = await result;
    if (code === 0) expect(stdout).toBe('x\n');
    else expect([code, stderr]).toEqual([null, expect.stringContaining('EMFILE')]);
    if (left === 0) expect(code).toBeNull();
  }
});

needsProgram('prlimit', 'a tool of the system too', async () => {
  for (const left of HOW_MANY) {
    const [result] = await withDescriptors(left, () => [runProgram('/bin/echo', ['x'], { timeoutMs: 5000, env: {} })]);
    const { code, stderr } = await result;
    if (code !== 0) expect([code, stderr]).toEqual([null, expect.stringContaining('EMFILE')]);
    if (left === 0) expect(code).toBeNull();
  }
});

needsProgram('prlimit', 'a moment without descriptors does not untie programs from our life for ever', async () => {
  const folder = makeTempDir();
  const notes = join(folder, 'notes');
  writeFileSync(join(folder, 'setpriv'), `#!/bin/sh\necho "$@" >> '${notes}'\nexec '${program('setpriv')}' "$@"\n`, { mode: 0o755 });
  const searchPath = `${folder}:${PATH}`;
  const [first] = await withDescriptors(0, () => [runProgram('/bin/true', [], { timeoutMs: 5000, searchPath })]);
  expect((await first).code).toBeNull();
  expect((await runProgram('/bin/true', ['later'], { timeoutMs: 5000, searchPath })).code).toBe(0);
  expect(readFileSync(notes, 'utf8')).toContain('--pdeathsig KILL -- /bin/true later');
});

test('some descriptors are kept, of few and of many; without a limit all are given', () => {
  expect(descriptorLimit()).toBeGreaterThan(0);
  expect([undefined, 1_000_000].map((limit) => new DescriptorReserve(limit).hasFree())).toEqual([true, true]);
  // Standard input, output and error alone are more than its share.
  expect(new DescriptorReserve(4).hasFree()).toBe(false);
});

needsProgram('prlimit', 'with none left there is no room', async () => {
  const reserve = new DescriptorReserve(1_000_000);
  expect(await withDescriptors(0, () => reserve.hasFree())).toBe(false);
  expect(reserve.hasFree()).toBe(true);
});
