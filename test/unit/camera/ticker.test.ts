import { describe, expect, jest, test } from '@jest/globals';
import { startTicker } from '../../../src/camera/ticker.ts';
import { AppError } from '../../../src/core/errors.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const never = (): never => {
  throw new Error('ended');
};

/** Ticks that take `duration()` milliseconds each; notes when they began, counted from the start. */
function slowTicks(clock: FakeClock, duration: () => number) {
  const origin = clock.monotonic();
  const began: number[] = [];
  let running = 0;
  let mostAtOnce = 0;
  const tick = async () => {
    began.push(clock.monotonic() - origin);
    running += 1;
    mostAtOnce = Math.max(mostAtOnce, running);
    await new Promise<void>((resolve) => clock.after(duration(), resolve));
    running -= 1;
  };
  return { tick, began, mostAtOnce: () => mostAtOnce };
}

describe('startTicker', () => {
  test('keeps to the grid however long each tick takes, as long as it is shorter than the period', async () => {
    const clock = new FakeClock();
    const lengths = [30, 99, 1, 60, 0];
    const { tick, began } = slowTicks(clock, () => lengths.shift() ?? 10);
    startTicker(clock, 10, tick, never);
    await clock.advanceAsync(750);
    expect(began).toEqual([0, 100, 200, 300, 400, 500, 600, 700]);
  });

  test('does not drift when the period is no whole number of milliseconds', async () => {
    const clock = new FakeClock();
    const { tick, began } = slowTicks(clock, () => 1);
    startTicker(clock, 15, tick, never);
    await clock.advanceAsync(20_001);
    expect(began).toHaveLength(301);
    expect(began.at(-1)).toBeCloseTo(20_000, 6);
  });

  test('too slow: goes on at once with the newest tick due, never two at a time, and returns to the grid', async () => {
    const clock = new FakeClock();
    const lengths = [250, 250, 130];
    const { tick, began, mostAtOnce } = slowTicks(clock, () => lengths.shift() ?? 20);
    startTicker(clock, 10, tick, never);
    await clock.advanceAsync(950);
    expect(began).toEqual([0, 250, 500, 630, 700, 800, 900]);
    expect(mostAtOnce()).toBe(1);
  });

  test('begins after the caller has its capture in hand', () => {
    const tick = jest.fn(async () => {});
    startTicker(new FakeClock(), 10, tick, never);
    expect(tick).not.toHaveBeenCalled();
  });

  test('a failing tick is the end, told once', async () => {
    const clock = new FakeClock();
    const reason = new AppError('NO_PICTURES', 'none');
    const tick = jest.fn(() => Promise.reject(reason));
    const ended = jest.fn();
    const capture = startTicker(clock, 10, tick, ended);
    await clock.advanceAsync(1000);
    await capture.stop();
    expect(tick).toHaveBeenCalledTimes(1);
    expect(ended.mock.calls).toEqual([[reason]]);
    expect(clock.pending).toBe(0);
  });

  test('any other failure ends it as CAPTURE_ENDED', async () => {
    const clock = new FakeClock();
    const ended = jest.fn<(error: AppError) => void>();
    startTicker(clock, 10, () => Promise.reject(new Error('out of memory')), ended);
    await clock.advanceAsync(10);
    expect(ended.mock.calls[0]?.[0]).toMatchObject({ code: 'CAPTURE_ENDED', message: 'out of memory' });
  });

  test('stop() waits for the tick that runs, aborts its signal and reports no failure any more', async () => {
    const clock = new FakeClock();
    let fail = (_error: Error) => {};
    let seen: AbortSignal | undefined;
    const ended = jest.fn();
    const capture = startTicker(
      clock,
      10,
      (signal) => {
        seen = signal;
        return new Promise((_resolve, reject) => {
          fail = reject;
        });
      },
      ended,
    );
    await clock.advanceAsync(1);
    let stopped = false;
    const stopping = capture.stop().then(() => {
      stopped = true;
    });
    await clock.advanceAsync(500);
    expect(seen?.aborted).toBe(true);
    expect(stopped).toBe(false);
    fail(new Error('too late'));
    await stopping;
    await capture.stop();
    expect(ended).not.toHaveBeenCalled();
    expect(clock.pending).toBe(0);
  });

  test('stop() between two ticks leaves no timer', async () => {
    const clock = new FakeClock();
    const tick = jest.fn(async () => {});
    const capture = startTicker(clock, 10, tick, never);
    await clock.advanceAsync(150);
    await capture.stop();
    await clock.advanceAsync(1000);
    expect(tick).toHaveBeenCalledTimes(2);
    expect(clock.pending).toBe(0);
  });
});
