import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { clientReports, listing, reportingFiles, tableRows, withReports } from '../../../scripts/clients-table.mjs';

const ROOT = join(import.meta.dirname, '../../..');

describe("the README's table of clients", () => {
  const rows = tableRows(readFileSync(join(ROOT, 'README.md'), 'utf8'));

  test('has a row for each client that a test reports, and no other', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual([...reportingFiles(ROOT).keys()].sort());
  });

  test('tells of each row which version it was, and when', () => {
    for (const row of rows)
      expect(row).toEqual({
        name: expect.any(String),
        version: expect.stringMatching(/^\d[\w.]*(, \d[\w.]*)*$/),
        date: expect.stringMatching(/^20\d\d-\d\d-\d\d$/),
      });
  });
});

describe('what goes into it', () => {
  const MARKED = [
    'Before',
    '<!-- clients: scripts/clients.mjs writes the versions and dates -->',
    '| Client | Version | Tested | What | Login |',
  ];
  const readme = [
    ...MARKED,
    '|---|---|---|---|---|',
    '| one `lib` (in much) | 1.0 | 2026-01-01 | all | none |',
    '| two | 2.0 | 2026-01-02 | some | Basic |',
    '<!-- /clients -->',
    '| one `lib` | stays |',
  ].join('\n');
  const files = new Map([
    ['one lib', ['test/a.test.ts', 'test/b.test.ts']],
    ['two', ['test/b.test.ts']],
    ['three', ['test/c.test.ts']],
  ]);
  const ran = (clients: Record<string, string>, over: object = {}) => ({
    date: '2026-02-02',
    passed: 3,
    failed: 0,
    skipped: 0,
    clients,
    ...over,
  });
  const filled = (collection: Parameters<typeof clientReports>[0]) => withReports(readme, clientReports(collection, files));

  test('are version and date of those whose tests all passed: the older date, where they ran on two days', () => {
    const both = {
      'test/a.test.ts': ran({ 'one lib': '1.1' }, { date: '2026-02-01' }),
      'test/b.test.ts': ran({ 'one lib': '1.1', two: '2.1' }),
    };
    expect(filled(both)).toBe(
      readme
        .replace('(in much) | 1.0 | 2026-01-01 |', '(in much) | 1.1 | 2026-02-01 |')
        .replace('| two | 2.0 | 2026-01-02 |', '| two | 2.1 | 2026-02-02 |'),
    );
  });

  test.each([
    ['failed', ran({ 'one lib': '1.1', two: '2.1' }, { failed: 1 })],
    ['was left out', ran({ 'one lib': '1.1', two: '2.1' }, { skipped: 1 })],
    ['reports no version', ran({})],
  ])('is nothing of a client one of whose tests %s', (_title, second) => {
    expect(filled({ 'test/a.test.ts': ran({ 'one lib': '1.1' }), 'test/b.test.ts': second })).toBe(readme);
  });

  test('is nothing of a client one of whose files has not run', () => {
    expect(filled({ 'test/a.test.ts': ran({ 'one lib': '1.1' }) })).toBe(readme);
  });

  test('is listed, with what differs and what has not run', () => {
    const collection = { 'test/a.test.ts': ran({ 'one lib': '1.1' }), 'test/b.test.ts': ran({ 'one lib': '1.1', two: '2.0' }) };
    expect(listing(clientReports(collection, files), readme)).toEqual([
      '  one lib  1.1  2026-02-02  the 6 tests of its files passed',
      '  two      2.0  2026-02-02  the 3 tests of its files passed',
      '  The README has one lib 1.0; this was 1.1.',
      '  Not run: three.',
    ]);
    expect(listing(clientReports({ 'test/b.test.ts': ran({ two: '2.0' }, { failed: 1 }) }, files), readme)[0]).toMatch(
      /^ {2}two .*not all passed, or not all run: test\/b\.test\.ts$/,
    );
  });
});
