import type { Clock } from '../core/clock.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import type { FanOut, Taken } from './fan-out.ts';

/**
 * How long a camera that is wanted may send no picture while nothing is said of it either, milliseconds. What watches over the
 * capture has an answer within seconds; with the longest exposures there are, 120 s each, it waits 20 minutes for the first.
 */
const STUCK_MS = 30 * 60_000;

/**
 * Tells a program that is stuck from a camera that is broken: the state of a broken camera is known, and it is tried anew. Only
 * {@link check} does any work; a picture costs nothing.
 */
export class Liveness {
  #status: CameraStatus | undefined;
  #sequence: number | undefined;
  #since: number;

  /** @param progress returns the camera's status and the newest of what it gives */
  constructor(
    private readonly progress: () => Pick<FanOut<Taken>, 'status' | 'latest'>,
    private readonly clock: Pick<Clock, 'monotonic'>,
  ) {
    this.#since = clock.monotonic();
  }

  /**
   * Whether the camera's part of the program gets on; false after {@link STUCK_MS} in which neither a picture nor a change of
   * state came although one has to. To be called at least every minute.
   */
  check(): boolean {
    const { status, latest } = this.progress();
    const now = this.clock.monotonic();
    const rests = status.state === 'idle' || status.state === 'failed';
    if (rests || status !== this.#status || latest?.sequence !== this.#sequence) this.#since = now;
    this.#status = status;
    this.#sequence = latest?.sequence;
    return now - this.#since < STUCK_MS;
  }
}
