import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { OutputSocket } from '../../src/platform/output-socket.ts';
import { Program, type ProgramEnd } from '../../src/platform/program.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** Runs a shell script with its output through a socket; the chunks are copied, as they are only good for the moment. */
async function run(script: string): Promise<{ output: string; end: ProgramEnd }> {
  const output = await OutputSocket.open();
  const chunks: Buffer[] = [];
  const end = await new Promise<ProgramEnd>((ended) => {
    new Program(
      '/bin/sh',
      ['-c', script],
      process.env.PATH ?? '',
      { stdout: (chunk) => chunks.push(Buffer.from(chunk)), stderrLine() {}, ended },
      { output },
    );
  });
  await output.ended;
  return { output: Buffer.concat(chunks).toString(), end };
}

describe('OutputSocket', () => {
  test('carries all that a program writes, the last words too, and ends with it', async () => {
    const { output, end } = await run('i=0; while [ $i -lt 20000 ]; do echo "line $i of many"; i=$((i+1)); done; printf last; exit 3');
    expect(output).toMatch(/^line 0 of many\n/);
    expect(output.split('\n')).toHaveLength(20_001);
    expect(output).toMatch(/last$/);
    expect(end).toMatchObject({ code: 3, signal: null });
  });

  test('the program writes into something that blocks, as it would into a pipe', async () => {
    const { output, end } = await run('head -c 3000000 /dev/zero | tr "\\0" x');
    expect(end.code).toBe(0);
    expect(output).toHaveLength(3_000_000);
  });

  test('leaves nothing in the folder for temporary files', async () => {
    const folder = makeTempDir();
    const output = await OutputSocket.open(folder);
    expect(readdirSync(folder)).toEqual([]);
    output.close();
    await output.ended;
  });

  test('cannot be opened where no folder can be made', async () => {
    await expect(OutputSocket.open(`${makeTempDir()}/missing`)).rejects.toThrow('ENOENT');
  });
});
