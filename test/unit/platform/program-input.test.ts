import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Program, type ProgramEnd } from '../../../src/platform/program.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

function run(script: string): {
  program: Program;
  ended: Promise<ProgramEnd>;
  output: () => Buffer;
  said: (text: string) => Promise<void>;
} {
  let output = Buffer.alloc(0);
  let changed = () => {};
  let end: (how: ProgramEnd) => void;
  const ended = new Promise<ProgramEnd>((resolve) => (end = resolve));
  const program = new Program(
    '/bin/sh',
    ['-c', script],
    process.env.PATH ?? '',
    {
      stdout: (chunk) => {
        output = Buffer.concat([output, chunk]);
        changed();
      },
      stderrLine: () => {},
      ended: (how) => end(how),
    },
    { input: true },
  );
  const said = async (text: string) => {
    while (!output.includes(text)) await new Promise<void>((resolve) => (changed = resolve));
  };
  return { program, ended, output: () => output, said };
}

test('a program gets what is written, in order, and more than a pipe holds', async () => {
  const { program, output, said } = run('cat');
  const large = Buffer.alloc(1 << 20, 'x');
  program.write([Buffer.from('<'), large]);
  program.write([Buffer.from('>')]);
  await said('>');
  expect(output().equals(Buffer.concat([Buffer.from('<'), large, Buffer.from('>')]))).toBe(true);
  await program.stop();
});

test('one that reads no more, or is gone, is no error', async () => {
  const { program, ended, said } = run('exec <&-; echo deaf; sleep 0.2; exit 7');
  await said('deaf');
  for (let k = 0; k < 3; k++) program.write([Buffer.alloc(1 << 20)]);
  expect(await ended).toMatchObject({ code: 7 });
  program.write([Buffer.from('late')]);
  await program.stop();
});

test('one that waits for input and heeds no signal ends by the end of its input, before it is killed', async () => {
  const file = join(makeTempDir(), 'over');
  const { program, said } = run(`trap '' INT TERM; echo ready; cat > /dev/null; touch '${file}'`);
  await said('ready');
  await program.stop();
  expect(existsSync(file)).toBe(true);
});
