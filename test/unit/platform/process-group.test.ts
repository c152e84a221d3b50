import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Program, type ProgramEnd } from '../../../src/platform/program.ts';
import { runProgram } from '../../../src/platform/run-program.ts';
import { eventually, isRunning } from '../../support/server.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** A wrapper script that goes while what it started in the background goes on, and keeps the camera. */

const PATH = process.env.PATH ?? '';
/** Starts a shell in the background that runs `script` without holding the output; prints its process id. */
const inBackground = (script: string) => `sh -c '${script}' > /dev/null 2>&1 & echo "pid $!"`;
const FOR_EVER = 'for k in 1 2 3 4 5 6 7 8 9 10; do sleep 2; done';
/** As above, and goes on when it heeds SIGTERM no more. */
function deaf(): string {
  const ready = join(makeTempDir(), 'ready');
  return `${inBackground(`trap "" TERM INT; touch "${ready}"; ${FOR_EVER}`)}; until [ -e '${ready}' ]; do sleep 0.02; done`;
}

function start(script: string) {
  let text = '';
  let changed = () => {};
  let end: (how: ProgramEnd) => void;
  const ended = new Promise<ProgramEnd>((resolve) => (end = resolve));
  const take = (more: string) => {
    text += more;
    changed();
  };
  const program = new Program('/bin/sh', ['-c', script], PATH, {
    stdout: (chunk) => take(chunk.toString()),
    stderrLine: (line) => take(`${line}\n`),
    ended: (how) => end(how),
  });
  const said = async (pattern: RegExp) => {
    while (!pattern.test(text)) await new Promise<void>((resolve) => (changed = resolve));
    return pattern.exec(text)!;
  };
  const child = async () => Number((await said(/pid (\d+)\n/))[1]);
  return { program, ended, said, child, text: () => text };
}

test.each([
  ['goes on', () => inBackground(FOR_EVER)],
  ['heeds no SIGTERM', deaf],
])('what a program that ends left in the background is gone when its end is told, even if it %s', async (_what, script) => {
  const { ended, child } = start(`${script()}; exit 3`);
  const pid = await child();
  expect(await ended).toEqual({ code: 3, signal: null });
  expect(isRunning(pid)).toBe(false);
});

test('what heeds no SIGINT, as all that a shell starts in the background, is gone when the program has been stopped', async () => {
  const { program, child } = start(`${deaf()}; exec sleep 1000`);
  const pid = await child();
  await program.stop();
  expect(isRunning(pid)).toBe(false);
});

test('what only passes on the last words of the program may do so', async () => {
  const pipe = join(makeTempDir(), 'pipe');
  const { ended, text } = start(`mkfifo '${pipe}'; { read rest < '${pipe}'; echo 'last words' >&2; } & exec 9> '${pipe}'; exit 4`);
  expect(await ended).toMatchObject({ code: 4 });
  expect(text()).toContain('last words');
});

test.each([
  ['tied to us', { searchPath: PATH }],
  ['of another environment', { env: { PATH } }],
])('a run %s leaves nothing running, and gives what the program said', async (_name, options) => {
  const { code, stdout } = await runProgram('/bin/sh', ['-c', `${deaf()}; exit 5`], { timeoutMs: 10_000, ...options });
  expect(code).toBe(5);
  expect(isRunning(Number(/pid (\d+)/.exec(stdout)![1]))).toBe(false);
});

test('a tool that takes too long is ended with what it started', async () => {
  const { code, stdout } = await runProgram('/bin/sh', ['-c', `${deaf()}; exec sleep 1000`], { timeoutMs: 500, env: { PATH } });
  expect(code).toBeNull();
  const pid = Number(/pid (\d+)/.exec(stdout)![1]);
  await eventually(() => !isRunning(pid), 'the end of what it started');
});
