import type { Clock } from './clock.ts';

/** How long a first thing is waited for. */
export interface Patience {
  readonly timeoutMs: number;
  /** Ends the wait when it fires. */
  readonly signal: AbortSignal;
  readonly clock: Pick<Clock, 'after'>;
}

/**
 * Resolves with the first thing that comes; undefined: nothing within the time, or before the signal, or it was given up.
 * @param listen begins to listen, and calls `done` with what comes, or with undefined to give up; it may do so at once.
 * It returns what ends the listening, which is called once.
 */
export function first<T>(
  { timeoutMs, signal, clock }: Patience,
  listen: (done: (thing: T | undefined) => void) => () => void,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    let stop: (() => void) | undefined;
    let over = false;
    const done = (thing: T | undefined) => {
      if (over) return;
      over = true;
      cancelTimer();
      signal.removeEventListener('abort', onAbort);
      stop?.();
      resolve(thing);
    };
    const onAbort = () => done(undefined);
    const cancelTimer = clock.after(timeoutMs, onAbort);
    signal.addEventListener('abort', onAbort, { once: true });
    const stopListening = listen(done);
    if (over) stopListening();
    else stop = stopListening;
    if (signal.aborted) onAbort();
  });
}
