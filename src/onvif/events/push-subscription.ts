import { backoffDelay } from '../../core/backoff.ts';
import type { Cancel } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { DeviceEvent } from '../../device/events.ts';
import { type Deliver, UnansweredError } from './consumer.ts';
import { Subscription, type SubscriptionOptions } from './subscription.ts';

export interface PushOptions extends Omit<SubscriptionOptions, 'onEvents'> {
  readonly consumer: URL;
  /** Returns the message with which a consumer is told. */
  readonly write: (event: DeviceEvent) => string;
  readonly deliver: Deliver;
  readonly log: Logger;
}

const CONTENT_TYPE = 'application/soap+xml; charset=utf-8; action="http://docs.oasis-open.org/wsn/bw-2/NotificationConsumer/Notify"';
const BACKOFF = { firstMs: 1000, maxMs: 30_000 };
/** A consumer that answers nothing through so many tries, some four minutes, is gone. */
const MAX_TRIES = 12;

/**
 * A subscription whose subscriber is told by messages that we send, one after the other. Each carries one event: ZoneMinder reads
 * the first of a message and no other.
 */
export class PushSubscription {
  readonly kind = 'push';
  readonly subscription: Subscription;
  readonly #gone = new AbortController();
  /** What is to be sent next, or again. */
  #event: DeviceEvent | undefined;
  /** A message is on its way, or its time is set. */
  #busy = false;
  /** Tries in a row that failed. */
  #failures = 0;
  #cancelSend: Cancel = () => {};

  constructor(private readonly options: PushOptions) {
    this.subscription = new Subscription({
      ...options,
      onEvents: () => this.#wakeUp(),
      onEnd: () => {
        this.#gone.abort();
        this.#cancelSend();
        options.onEnd();
      },
    });
    this.#wakeUp();
  }

  /** After what goes on now: the answer to the subscriber comes first. */
  #wakeUp(delayMs = 0): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#cancelSend = this.options.clock.after(delayMs, () => void this.#send());
  }

  async #send(): Promise<void> {
    const { consumer: url, write, deliver } = this.options;
    const { queue } = this.subscription;
    this.#event ??= queue.take(1)[0];
    if (this.#event) {
      try {
        await deliver({ url, contentType: CONTENT_TYPE, body: write(this.#event), signal: this.#gone.signal });
        this.#event = undefined;
        this.#failures = 0;
      } catch (error) {
        // It has the message, and would have it twice.
        if (error instanceof UnansweredError) this.#event = undefined;
        this.#failed(error);
      }
    }
    this.#busy = false;
    if (this.subscription.ended || (!this.#event && queue.isEmpty)) return;
    this.#wakeUp(this.#failures === 0 ? 0 : backoffDelay(BACKOFF, this.#failures));
  }

  #failed(error: unknown): void {
    if (this.subscription.ended || ++this.#failures < MAX_TRIES) return;
    const { consumer, log } = this.options;
    // Its path may hold a secret.
    log.warn(`${consumer.host} takes no events (${messageOf(error)}); its subscription is ended. It can subscribe again.`);
    this.subscription.end();
  }
}
