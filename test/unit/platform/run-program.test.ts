import { expect, test } from '@jest/globals';
import { isNotThere, Program, type ProgramEnd } from '../../../src/platform/program.ts';
import { runProgram } from '../../../src/platform/run-program.ts';

const shell = (script: string, input?: string) =>
  runProgram('/bin/sh', ['-c', script], { timeoutMs: 5000, ...(input !== undefined && { input }) });

test('a program reads what it is given, to its end', async () => {
  const text = 'line\n'.repeat(50_000);
  expect(await shell('wc -c', text)).toMatchObject({ code: 0, stdout: `${text.length}\n` });
});

test('one that does not read is not waited for', async () => {
  expect(await shell('exec <&-; exit 3', 'x'.repeat(1 << 20))).toMatchObject({ code: 3 });
});

test('without input there is none', async () => {
  expect(await shell('wc -c')).toMatchObject({ code: 0, stdout: '0\n' });
});

test.each(['later', 'before it begins'])('one that is not needed any more is ended: %s', async (when) => {
  const aborted = new AbortController();
  if (when !== 'later') aborted.abort();
  const run = runProgram('/bin/sh', ['-c', 'exec sleep 60'], { timeoutMs: 60_000, signal: aborted.signal });
  aborted.abort();
  expect(await run).toMatchObject({ code: null, stderr: expect.stringContaining('was not needed any more') });
});

// Node.js tells the first by an event, and throws the others.
test.each([
  ['/nonexistent/program', [], 'ENOENT'],
  ['/etc/passwd/program', [], 'ENOTDIR'],
  ['/bin/true', ['x'.repeat(1 << 20)], 'E2BIG'],
])('one that cannot be started is told, with input too: %s', async (program, args, code) => {
  expect(await runProgram(program, args, { timeoutMs: 5000, input: 'x' })).toMatchObject({
    code: null,
    stderr: expect.stringContaining(code),
  });
});

test.each([
  ['/etc/passwd/program', [], 'ENOTDIR', true],
  ['/bin/true', ['x'.repeat(1 << 20)], 'E2BIG', false],
] as const)('one that is to run on ends with the reason, and can be stopped: %s', async (path, args, code, notThere) => {
  const { program, ended } = start(path, args);
  program.write([Buffer.from('x')]);
  const { startError } = await ended;
  expect(startError).toMatchObject({ code });
  expect(isNotThere(startError!)).toBe(notThere);
  await program.stop();
});

/** Starts it without setpriv, in whose place nothing would go wrong. */
function start(path: string, args: readonly string[]): { program: Program; ended: Promise<ProgramEnd> } {
  let end!: (how: ProgramEnd) => void;
  const ended = new Promise<ProgramEnd>((resolve) => (end = resolve));
  const events = { stdout() {}, stderrLine() {}, ended: (how: ProgramEnd) => end(how) };
  return { program: new Program(path, args, '', events, { input: true }), ended };
}
