import { expect, test } from '@jest/globals';
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

test('one that cannot be started is told, with input too', async () => {
  expect(await runProgram('/nonexistent/program', [], { timeoutMs: 5000, input: 'x' })).toMatchObject({
    code: null,
    stderr: expect.stringContaining('ENOENT'),
  });
});
