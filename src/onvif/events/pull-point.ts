import type { Cancel, Clock } from '../../core/clock.ts';
import type { DeviceEvent } from '../../device/events.ts';
import { Subscription, type SubscriptionOptions } from './subscription.ts';

export type PullPointOptions = Omit<SubscriptionOptions, 'onEvents'>;

/** A subscription whose subscriber comes to fetch what happened. */
export class PullPoint {
  readonly kind = 'pull';
  readonly subscription: Subscription;
  readonly #clock: Clock;
  /** Ends the pull that waits. */
  #wake: (() => void) | undefined;
  /** Monotonic time when the subscriber was last there, milliseconds. */
  #lastSeen: number;

  constructor(options: PullPointOptions) {
    this.#clock = options.clock;
    this.#lastSeen = options.clock.monotonic();
    this.subscription = new Subscription({
      ...options,
      onEvents: () => this.#wake?.(),
      onEnd: () => {
        this.#wake?.();
        options.onEnd();
      },
    });
  }

  /** How long the subscriber has not been there, milliseconds; 0 while he waits. */
  get idle(): number {
    return this.#wake ? 0 : this.#clock.monotonic() - this.#lastSeen;
  }

  /**
   * Resolves to what waits, and where nothing does, to what comes first; to nothing at all after `timeout` milliseconds, when
   * the subscriber has gone, or when he pulls anew.
   * @param limit at most so many
   */
  async pull(timeout: number, limit: number, signal: AbortSignal): Promise<readonly DeviceEvent[]> {
    const { queue } = this.subscription;
    this.#wake?.();
    // "After a PullMessages response is returned, the subscription should be active for at least the timeout" (Core
    // Specification, "Create pull point subscription").
    this.subscription.keepAlive(2 * timeout);
    const isToAnswer = !queue.isEmpty || timeout <= 0 || (await this.#somethingToTell(timeout, signal));
    this.#lastSeen = this.#clock.monotonic();
    return isToAnswer && !signal.aborted && !this.subscription.ended ? queue.take(limit) : [];
  }

  /** Resolves to whether something waits; to false where another pull comes in the place of this one. */
  #somethingToTell(timeout: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      let cancelTimer: Cancel = () => {};
      const wake = () => {
        cancelTimer();
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve(!this.subscription.queue.isEmpty);
      };
      this.#wake = wake;
      cancelTimer = this.#clock.after(timeout, wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted) wake();
    });
  }
}
