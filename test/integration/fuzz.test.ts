import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { makeTempDir } from '../support/temp-dir.ts';

const RUN = join(import.meta.dirname, '../fuzz/run.mjs');
const WEAK = join(import.meta.dirname, '../support/weak-camera.mjs');
/** How long new inputs are made; what was found before is sent first, however long that takes. */
const SECONDS = process.env.CI === undefined ? 5 : 60;
/** Starts of the program and the making small of a finding come on top of that. */
const TIMEOUT_MS = SECONDS * 1000 + 240_000;

/** Runs the fuzzer, and resolves with its exit code and what it printed. */
function fuzz(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const options = { env: { ...process.env, ...env }, timeout: TIMEOUT_MS, maxBuffer: 1 << 24 };
    const child = execFile(process.execPath, [RUN, ...args], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, said: `${stdout}${stderr}` }),
    );
  });
}

test(
  'the program withstands what was found before, and new inputs of all protocols',
  async () => {
    const { code, said } = await fuzz(['--seconds', String(SECONDS), '--keep', join(import.meta.dirname, '../fixtures/fuzz')]);
    expect({ code, said }).toEqual({ code: 0, said: expect.stringMatching(/ 0 findings/) });
    // Something was sent, to each of those that can be reached here.
    expect(said).not.toMatch(/\b(http|login|soap|rtsp|tunnel) 0[,)]/);
    if (process.env.CI !== undefined) expect(said).not.toMatch(/left out/);
  },
  TIMEOUT_MS,
);

describe('a program that has faults', () => {
  test.each([
    ['ends', /ended with 3/, 16],
    ['works', /CPU time/, 8],
    ['hoards', /descriptors/, 4],
  ])(
    '%s: it is found, made small, kept and found again',
    async (fault, complaint, tries) => {
      const keep = makeTempDir();
      const args = ['--program', WEAK, '--targets', 'http', '--keep', keep, '--tries', String(tries), '--findings', '1', '--patience', '1'];
      const { code, said } = await fuzz([...args, '--inputs', '2500'], { WEAK_CAMERA: fault });
      expect({ code, said }).toEqual({ code: 1, said: expect.stringMatching(complaint) });
      const [name] = readdirSync(keep);
      const kept = JSON.parse(readFileSync(join(keep, name!), 'utf8')) as { complaint: string; cases: { chunks: string[] }[] };
      expect(kept.complaint).toMatch(complaint);
      if (fault === 'ends') expect(kept.cases).toHaveLength(1);
      expect(kept.cases.length).toBeLessThan(200);
      expect((await fuzz([...args, '--replay'], { WEAK_CAMERA: fault })).code).toBe(1);
      expect((await fuzz([...args, '--replay'])).code).toBe(0);
    },
    TIMEOUT_MS,
  );

  test('a target that does not exist: the ones that do are named', async () => {
    expect(await fuzz(['--targets', 'telnet'])).toEqual({ code: 2, said: expect.stringMatching(/no target "telnet"; there are http, /) });
  });
});
