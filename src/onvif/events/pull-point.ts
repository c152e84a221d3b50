import type { Cancel, Clock } from '../../core/clock.ts';
import type { DeviceEvent } from '../../device/events.ts';
import { Subscription, type SubscriptionOptions } from './subscription.ts';

/** What a {@link PullPoint} takes: that of its subscription, whose events it hears of itself. */
export type PullPointOptions = Omit<SubscriptionOptions, 'onEvents'>;

/** A subscription whose events the subscriber fetches (Core Specification, "Real-time Pull-Point Notification Interface"). */
export class PullPoint {
  /** Tells it from a {@link PushSubscription}. */
  readonly kind = 'pull';
  /** Its filter, its end and the events that wait. */
  readonly subscription: Subscription;
  readonly #clock: Clock;
  /** Ends the pull that waits. */
  #wake: (() => void) | undefined;
  /** When the last pull was answered, or the pull point was made: monotonic, ms. */
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

  /** Time since the last pull was answered, ms; 0 while one waits. */
  get idle(): number {
    return this.#wake ? 0 : this.#clock.monotonic() - this.#lastSeen;
  }

  /**
   * Resolves to the events that wait, or to the first that comes where none does. Resolves to none after `timeout`, when `signal`
   * fires, when the subscription ends, and when another pull takes the place of this one.
   * @param timeout ms
   * @param limit most events
   * @param signal fires when the client has gone
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
