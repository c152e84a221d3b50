import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { type Check, failure, type Group, ok, type Result, skipped, warning } from '../../../src/doctor/check.ts';
import { type Finding, runChecks, worst } from '../../../src/doctor/run.ts';

const check = (id: string, run: Check['run'], timeoutMs?: number): Check => ({ id, title: id, run, ...(timeoutMs && { timeoutMs }) });
const silent = { started() {}, done() {} };
const never = new AbortController().signal;
const group = (title: string, checks: Check[], last = false): Group => ({ title, checks, last });

describe('running the checks', () => {
  test('gives the findings in the order of the groups, whichever ends first', async () => {
    const order: string[] = [];
    let release = (_: Result): void => {};
    const slow = new Promise<Result>((resolve) => {
      release = resolve;
    });
    const groups = [
      group('one', [check('a', () => slow), check('b', () => ok('b'))]),
      group('two', [
        check('c', () => {
          release(ok('a'));
          return ok('c');
        }),
      ]),
    ];
    const findings = await runChecks(groups, { started: ({ id }) => order.push(`+${id}`), done: ({ id }) => order.push(`-${id}`) }, never);
    expect(findings.map(({ id, group: of, seen }) => [id, of, seen])).toEqual([
      ['a', 'one', 'a'],
      ['b', 'one', 'b'],
      ['c', 'two', 'c'],
    ]);
    // The groups side by side, the checks of a group one after the other.
    expect(order.slice(0, 2)).toEqual(['+a', '+c']);
    expect(order.indexOf('+b')).toBeGreaterThan(order.indexOf('-a'));
  });

  test('leaves a group that is last until the others are done', async () => {
    const order: string[] = [];
    const noting = (id: string) => check(id, () => ok(String(order.push(id))));
    await runChecks([group('walk', [noting('walk')], true), group('other', [noting('a'), noting('b')])], silent, never);
    expect(order).toEqual(['a', 'b', 'walk']);
  });

  test('a check that throws is an error of its own, and the others go on', async () => {
    const findings = await runChecks(
      [
        group('one', [
          check('broken', () => {
            throw new TypeError('x is not a function');
          }),
          check('known', () => Promise.reject(new AppError('CAMERA_BUSY', 'The camera is in use.'))),
          check('fine', () => ok('fine')),
        ]),
      ],
      silent,
      never,
    );
    expect(findings).toMatchObject([
      { id: 'broken', level: 'error', seen: 'this check itself failed: x is not a function', fix: expect.stringContaining('--report') },
      { id: 'known', level: 'error', seen: 'The camera is in use.', fix: expect.stringContaining('fuser') },
      { id: 'fine', level: 'ok' },
    ]);
  });

  test('a check that hangs is given up, and told that nobody waits', async () => {
    let told = false;
    const hanging = check(
      'hangs',
      (signal) => {
        signal.addEventListener('abort', () => {
          told = true;
        });
        return new Promise(() => {});
      },
      20,
    );
    const findings = await runChecks([group('one', [hanging, check('next', () => ok('next'))])], silent, never);
    expect(findings).toMatchObject([
      { id: 'hangs', level: 'error', seen: 'no answer within 0.02 s' },
      { id: 'next', level: 'ok' },
    ]);
    expect(told).toBe(true);
  });

  test('ends at once when it is stopped, with what was found until then', async () => {
    const stop = new AbortController();
    const findings = runChecks(
      [
        group('one', [
          check('first', () => ok('first')),
          check('goes on until it is told', (signal) => {
            stop.abort();
            return new Promise((resolve) => signal.addEventListener('abort', () => resolve(ok('too late'))));
          }),
          check('never', () => ok('never')),
        ]),
      ],
      silent,
      stop.signal,
    );
    expect((await findings).map(({ id }) => id)).toEqual(['first']);
  });

  test('makes one line of what was seen', async () => {
    const [finding] = await runChecks([group('one', [check('a', () => ok('two\n  lines\n'))])], silent, never);
    expect((finding as Finding).seen).toBe('two lines');
  });
});

test('the worst counts, and what was skipped does not', () => {
  expect(worst([])).toBe('ok');
  expect(worst([skipped('x')])).toBe('ok');
  expect(worst([ok('x'), warning('x', 'y'), skipped('z')])).toBe('warning');
  expect(worst([failure('x', 'y'), ok('x'), warning('x', 'y')])).toBe('error');
});
