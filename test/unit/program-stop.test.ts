import { expect, test } from '@jest/globals';
import { Program, type ProgramOptions } from '../../src/core/program.ts';
import { isRunning } from '../support/server.ts';

/** Starts a shell script and waits until it says "ready". */
async function start(script: string, options: ProgramOptions = {}) {
  const lines: string[] = [];
  let heard = (): void => {};
  const program = new Program(
    '/bin/sh',
    ['-c', `${script}; echo ready >&2; while :; do sleep 0.02; done`],
    process.env.PATH ?? '',
    {
      stdout: () => {},
      stderrLine: (line) => {
        lines.push(line);
        heard();
      },
      ended: () => {},
    },
    options,
  );
  while (!lines.includes('ready')) await new Promise<void>((resolve) => (heard = resolve));
  return program;
}

async function stopped(program: Program, frozen?: boolean): Promise<number> {
  const began = performance.now();
  await program.stop(frozen);
  expect(isRunning(program.pid!)).toBe(false);
  return performance.now() - began;
}

// Whoever waits for a signal that is ignored waits for a second or more.
const AT_ONCE_MS = 700;

test('one that ignores SIGINT is not made to wait for it where its owner says so', async () => {
  const program = await start("trap '' INT", { stopSignals: ['SIGTERM'] });
  expect(await stopped(program)).toBeLessThan(AT_ONCE_MS);
});

test('one that is known to hang is killed without being asked', async () => {
  const program = await start("trap '' INT TERM");
  expect(await stopped(program, true)).toBeLessThan(AT_ONCE_MS);
});

test('one that ignores everything is killed in the end', async () => {
  const program = await start("trap '' TERM", { stopSignals: ['SIGTERM'] });
  expect(await stopped(program)).toBeGreaterThan(900);
});
