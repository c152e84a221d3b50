import { describe, expect, test } from '@jest/globals';
import { Progress, TaskProgress } from '../../../src/cli/progress.ts';
import { type Group, type Level, ok } from '../../../src/doctor/check.ts';
import { asJson, countsOf, Printer } from '../../../src/doctor/print.ts';
import type { Finding } from '../../../src/doctor/run.ts';

const groups: Group[] = [
  { title: 'One', checks: ['a', 'b'].map((id) => ({ id, title: `Check ${id}`, run: () => ok('') })) },
  { title: 'Two', checks: [{ id: 'c', title: 'Check c', run: () => ok('') }] },
];
const finding = (id: string, level: Level, more: Partial<Finding> = {}): Finding => ({
  ...{ id, level, title: `Check ${id}`, group: id === 'c' ? 'Two' : 'One', seen: `seen ${id}`, ms: 1 },
  ...more,
});

describe('the printed findings', () => {
  test('are one line each, with the fix below, group by group', () => {
    let text = '';
    const printer = new Printer(groups, false, (more) => {
      text += more;
    });
    printer.done(finding('c', 'ok'));
    expect(text).toBe('');
    printer.done(finding('a', 'warning', { fix: '`do this`' }));
    printer.done(finding('b', 'error', { fix: '`do that`' }));
    expect(text.split('\n')).toEqual([
      'One',
      `warning  ${'Check a'.padEnd(28)}seen a`,
      '         fix: `do this`',
      `ERROR    ${'Check b'.padEnd(28)}seen b`,
      '         fix: `do that`',
      '',
      'Two',
      `ok       ${'Check c'.padEnd(28)}seen c`,
      '',
    ]);
  });

  test.each<[Level, string]>([
    ['ok', '\x1b[32mok      \x1b[0m'],
    ['warning', '\x1b[33mwarning \x1b[0m'],
    ['error', '\x1b[31mERROR   \x1b[0m'],
    ['skipped', '\x1b[2mskipped \x1b[0m'],
  ])('%s has its colour where colours are wanted', (level, painted) => {
    let text = '';
    const printer = new Printer(groups, true, (more) => {
      text += more;
    });
    printer.done(finding('a', level));
    expect(text).toContain(`${painted} Check a`);
  });

  test('what a device calls itself does not move the cursor', () => {
    let text = '';
    new Printer(groups, false, (more) => {
      text += more;
    }).done(finding('a', 'ok', { seen: '\x1b[2J\u202egnp.exe' }));
    expect(text).toContain('\\x1b[2J\\u202egnp.exe');
  });

  test('are counted', () => {
    const findings = [finding('a', 'error'), finding('b', 'warning'), finding('c', 'skipped')];
    expect(countsOf(findings)).toBe('1 error, 1 warning, 0 ok, 1 skipped');
    expect(JSON.parse(asJson('1.2.3', findings))).toEqual({ version: '1.2.3', worst: 'error', checks: findings });
  });
});

describe('the progress', () => {
  test('is one line of a terminal that is wiped before anything else is written', () => {
    let text = '';
    const progress = new TaskProgress(new Progress({ isTTY: true, write: (more) => (text += more) }));
    progress.begin('a', 'Check a');
    progress.begin('b', 'Check b');
    progress.around(() => (text += 'finding\n'));
    progress.end('a');
    progress.clear();
    const wiped = '\r\x1b[K';
    expect(text).toBe(`${wiped}… Check a${wiped}… Check a, Check b${wiped}finding\n${wiped}… Check a, Check b${wiped}… Check b${wiped}`);
  });

  test('is nothing where there is no terminal', () => {
    let text = '';
    const progress = new TaskProgress(new Progress({ write: (more) => (text += more) }));
    progress.begin('a', 'Check a');
    progress.around(() => (text += 'finding\n'));
    progress.clear();
    expect(text).toBe('finding\n');
  });
});
