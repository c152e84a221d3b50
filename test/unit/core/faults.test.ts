import { describe, expect, test } from '@jest/globals';
import { Faults, guardedClock } from '../../../src/core/faults.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const HOUR = 3_600_000;

function setUp() {
  const clock = new FakeClock();
  const lines: { readonly message: string; readonly suppressed: unknown }[] = [];
  const log = {
    ...silentLogger,
    error: (message: string, fields = {}) => lines.push({ message, ...{ suppressed: undefined, ...fields } }),
  };
  return { clock, lines, faults: new Faults(log, clock) };
}

describe('an error that nobody expected', () => {
  test('is told once with its stack, counted, and told again after an hour with its number', () => {
    const { clock, lines, faults } = setUp();
    const error = new Error('no descriptors left');
    for (let k = 0; k < 1000; k++) faults.take(error);
    expect(faults.count).toBe(1000);
    expect(lines).toHaveLength(1);
    expect(lines[0]!.message).toContain('no descriptors left');
    expect(lines[0]!.message).toContain('faults.test');
    clock.advance(HOUR);
    faults.take(error);
    expect(lines).toHaveLength(2);
    expect(lines[1]!.suppressed).toBe(999);
  });

  test('does not hide another one', () => {
    const { lines, faults } = setUp();
    faults.take(new Error('one'));
    faults.take(new Error('two'));
    faults.take('a text');
    expect(lines.map(({ message }) => /one|two|a text/.exec(message)?.[0])).toEqual(['one', 'two', 'a text']);
  });

  test('of which there are ever new ones does not fill the log', () => {
    const { lines, faults } = setUp();
    for (let k = 0; k < 5000; k++) faults.take(new Error(`fault ${k}`));
    expect(lines.length).toBeLessThan(100);
    expect(faults.count).toBe(5000);
  });

  test('may be anything at all', () => {
    const { faults } = setUp();
    const odd = [undefined, null, 0, Symbol('x'), Object.create(null), { toString: () => 1n }];
    for (const each of odd) expect(() => faults.take(each)).not.toThrow();
    expect(faults.count).toBe(odd.length);
  });
});

describe('a guarded clock', () => {
  test('calls periodic work again that has thrown, and tells of it', () => {
    const { clock, lines, faults } = setUp();
    let calls = 0;
    const cancel = guardedClock(clock, faults.take).every(1000, () => {
      calls++;
      throw new Error('EMFILE');
    });
    clock.advance(5000);
    expect(calls).toBe(5);
    expect(lines).toHaveLength(1);
    cancel();
    clock.advance(5000);
    expect(calls).toBe(5);
  });

  test('lives through a timer that throws', () => {
    const { clock, faults } = setUp();
    guardedClock(clock, faults.take).after(10, () => {
      throw new Error('late');
    });
    clock.advance(10);
    expect(faults.count).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test('tells the time of the one beneath', () => {
    const { clock, faults } = setUp();
    const guarded = guardedClock(clock, faults.take);
    clock.advance(1234);
    expect([guarded.now(), guarded.monotonic()]).toEqual([clock.now(), clock.monotonic()]);
  });
});
