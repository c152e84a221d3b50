import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../support/fake-clock.ts';

describe('FakeClock', () => {
  test('runs timers in order, each at its own time, those set meanwhile included', () => {
    const clock = new FakeClock();
    const log: string[] = [];
    const note = (name: string) => log.push(`${name}@${clock.now() - FakeClock.EPOCH}`);
    clock.after(30, () => note('c'));
    clock.after(10, () => {
      note('a');
      clock.after(5, () => note('b'));
    });
    clock.after(30, () => note('d'));
    clock.advance(29);
    expect(log).toEqual(['a@10', 'b@15']);
    clock.advance(1);
    expect(log).toEqual(['a@10', 'b@15', 'c@30', 'd@30']);
    expect(clock.pending).toBe(0);
  });

  test('repeats, and stops when told', () => {
    const clock = new FakeClock();
    let count = 0;
    const stop = clock.every(10, () => count++);
    clock.advance(35);
    stop();
    stop();
    clock.advance(100);
    expect(count).toBe(3);
  });

  test('a cancelled timer does not fire', () => {
    const clock = new FakeClock();
    let fired = false;
    clock.after(10, () => (fired = true))();
    clock.advance(20);
    expect(fired).toBe(false);
    expect(clock.pending).toBe(0);
  });

  test('advanceAsync lets promises go on between timers', async () => {
    const clock = new FakeClock();
    const times: number[] = [];
    const sleep = (ms: number) => new Promise<void>((resolve) => clock.after(ms, resolve));
    const run = async () => {
      for (let i = 0; i < 3; i++) {
        await sleep(10);
        times.push(clock.now() - FakeClock.EPOCH);
      }
    };
    const running = run();
    await clock.advanceAsync(100);
    await running;
    expect(times).toEqual([10, 20, 30]);
  });

  test.each([2 ** 31, Number.POSITIVE_INFINITY, Number.NaN, -1])('no timer waits %d ms, as none of Node.js does', (ms) => {
    const clock = new FakeClock();
    expect(() => clock.after(ms, () => {})).toThrow(RangeError);
    expect(() => clock.every(ms, () => {})).toThrow(RangeError);
    expect(clock.pending).toBe(0);
  });

  test('the wall clock can jump without the monotonic one', () => {
    const clock = new FakeClock();
    const before = clock.monotonic();
    clock.setWallForward(3_600_000);
    expect(clock.now()).toBe(FakeClock.EPOCH + 3_600_000);
    expect(clock.monotonic()).toBe(before);
  });
});
