import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { allGroups } from '../../../src/doctor/checks.ts';
import { makeSurroundings } from '../../support/doctor.ts';

const ROOT = join(import.meta.dirname, '../../..');
const page = readFileSync(join(ROOT, 'docs/doctor.md'), 'utf8');
const checks = allGroups(makeSurroundings()).flatMap((group) => group.checks);

test('docs/doctor.md has a line for each check, in their order, under the title that is shown', () => {
  const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| (.+?) \| (.+) \|$/gm)];
  expect(rows.map(([, id, title]) => [id, title])).toEqual(checks.map(({ id, title }) => [id, title]));
  for (const [, , , what = ''] of rows) expect(what.length).toBeGreaterThan(10);
});

test('no two checks have the same id', () => {
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
});

test('the README leads there', () => {
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain('(docs/doctor.md)');
});
