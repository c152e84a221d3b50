import type { Cancel, Clock } from '../core/clock.ts';
import { AppError, messageOf } from '../core/errors.ts';
import type { Capture } from './source.ts';

/**
 * Starts a capture that calls `tick` `rate` times a second, one call at a time, for the sources that make pictures themselves.
 *
 * The times are counted from the start, so that lateness never adds up. A call that takes longer than its time is
 * followed at once by the newest one due; those that were missed in between are left out.
 *
 * @param rate calls per second
 * @param tick must deliver nothing any more once its signal is aborted
 * @param ended called once when a tick fails; there are no more ticks then. Never called after `stop()`
 */
export function startTicker(
  clock: Clock,
  rate: number,
  tick: (signal: AbortSignal) => Promise<void>,
  ended: (error: AppError) => void,
): Capture {
  const period = 1000 / rate;
  const start = clock.monotonic();
  const over = new AbortController();
  let cancel: Cancel = () => {};
  let running: Promise<void> = Promise.resolve();
  let number = 0;

  async function run(): Promise<void> {
    try {
      await tick(over.signal);
    } catch (error) {
      if (over.signal.aborted) return;
      over.abort();
      ended(error instanceof AppError ? error : new AppError('CAPTURE_ENDED', messageOf(error), { cause: error }));
    }
    if (over.signal.aborted) return;
    const elapsed = clock.monotonic() - start;
    number = Math.max(number + 1, Math.floor(elapsed / period));
    schedule(Math.max(0, number * period - elapsed));
  }

  function schedule(delay: number): void {
    cancel = clock.after(delay, () => {
      running = run();
    });
  }

  schedule(0);
  return {
    async stop() {
      over.abort();
      cancel();
      await running;
    },
  };
}
