import { backoffDelay } from '../../core/backoff.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { DeviceEvent } from '../../device/events.ts';
import type { Deliver } from './consumer.ts';
import { Subscription, type SubscriptionOptions } from './subscription.ts';

export interface PushOptions extends Omit<SubscriptionOptions, 'onEvents'> {
  readonly consumer: URL;
  /** The message with which a consumer is told. */
  readonly write: (events: readonly DeviceEvent[]) => string;
  readonly deliver: Deliver;
  readonly log: Logger;
}

const CONTENT_TYPE = 'application/soap+xml; charset=utf-8; action="http://docs.oasis-open.org/wsn/bw-2/NotificationConsumer/Notify"';
/** Events in one message. */
const BATCH = 32;
const BACKOFF = { firstMs: 1000, maxMs: 30_000 };
/** A consumer that takes nothing through so many tries, some four minutes, is gone. */
const MAX_TRIES = 12;

/** A subscription whose subscriber is told by messages that we send, one after the other. */
export class PushSubscription {
  readonly kind = 'push';
  readonly subscription: Subscription;
  readonly #gone = new AbortController();
  #batch: readonly DeviceEvent[] = [];
  #busy = false;
  #failures = 0;
  #cancelRetry: Cancel = () => {};

  constructor(private readonly options: PushOptions) {
    const clock: Clock = options.clock;
    this.subscription = new Subscription({
      ...options,
      onEvents: () => this.#wakeUp(clock),
      onEnd: () => {
        this.#gone.abort();
        this.#cancelRetry();
        options.onEnd();
      },
    });
    this.#wakeUp(clock);
  }

  /** After what goes on now: the answer to the subscriber comes first, and what happens at once goes in one message. */
  #wakeUp(clock: Clock): void {
    if (this.#busy || this.#failures > 0) return;
    this.#busy = true;
    this.#cancelRetry = clock.after(0, () => void this.#send());
  }

  async #send(): Promise<void> {
    const { consumer: url, write, deliver } = this.options;
    this.#busy = true;
    if (this.#batch.length === 0) this.#batch = this.subscription.queue.take(BATCH);
    if (this.#batch.length > 0 && !this.subscription.ended) {
      try {
        await deliver({ url, contentType: CONTENT_TYPE, body: write(this.#batch), signal: this.#gone.signal });
        this.#batch = [];
        this.#failures = 0;
      } catch (error) {
        this.#failures++;
        this.#failed(error);
      }
    }
    this.#busy = false;
    if (!this.subscription.queue.isEmpty) this.#wakeUp(this.options.clock);
  }

  #failed(error: unknown): void {
    if (this.subscription.ended) return;
    const { consumer, clock, log } = this.options;
    if (this.#failures < MAX_TRIES) {
      this.#cancelRetry = clock.after(backoffDelay(BACKOFF, this.#failures), () => void this.#send());
      return;
    }
    // Its path may hold a secret.
    log.warn(`${consumer.host} takes no events (${messageOf(error)}); its subscription is ended. It can subscribe again.`);
    this.subscription.end();
  }
}
