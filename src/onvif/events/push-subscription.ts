import { randomUUID } from 'node:crypto';
import { backoffDelay } from '../../core/backoff.ts';
import type { Cancel } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { DeviceEvent } from '../../device/events.ts';
import { notificationXml } from '../../protocols/notification/message.ts';
import { TNS1, TT, WSA, WSNT } from '../../protocols/notification/names.ts';
import { writeEnvelope } from '../../protocols/soap/envelope.ts';
import { escapeXml } from '../../protocols/xml/text.ts';
import { type Deliver, UnansweredError } from './consumer.ts';
import { Subscription, type SubscriptionOptions } from './subscription.ts';

/** What a {@link PushSubscription} takes: that of its subscription, whose events it hears of itself, and where they go. */
export interface PushOptions extends Omit<SubscriptionOptions, 'onEvents'> {
  /** Where messages are posted: checked by {@link consumerUrl}. */
  readonly consumer: URL;
  /** Returns the message that tells of an event: a SOAP envelope. */
  readonly write: (event: DeviceEvent) => string;
  /** Sends a message. */
  readonly deliver: Deliver;
  readonly log: Logger;
}

const NAMESPACES = ` xmlns:wsa="${WSA}" xmlns:wsnt="${WSNT}" xmlns:tns1="${TNS1}" xmlns:tt="${TT}"`;
const ACTION = 'http://docs.oasis-open.org/wsn/bw-2/NotificationConsumer/Notify';
const CONTENT_TYPE = `application/soap+xml; charset=utf-8; action="${ACTION}"`;
/** Between tries that failed. */
const BACKOFF = { firstMs: 1000, maxMs: 30_000 };
/** A consumer that takes nothing through this many tries, some four minutes, is gone. */
const MAX_TRIES = 12;

/**
 * A subscription whose events are sent to its consumer (Core Specification, "Basic Notification Interface"), one message after the
 * other. Each carries one event: ZoneMinder reads the first of a message and no other.
 */
export class PushSubscription {
  /** Tells it from a {@link PullPoint}. */
  readonly kind = 'push';
  /** Its filter, its end and the events that wait. */
  readonly subscription: Subscription;
  readonly #gone = new AbortController();
  /** The event that is being sent, or is to be sent again. */
  #event: DeviceEvent | undefined;
  /** A message is on its way, or a timer is set to send one. */
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

  /** Sends by a timer, even at once: the answer to Subscribe goes out before the first event. */
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
        // Sent again, it would be told twice.
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
    // The host alone: the path may hold a secret.
    log.warn(`${consumer.host} takes no events (${messageOf(error)}); its subscription is ended. It can subscribe again.`);
    this.subscription.end();
  }
}

/** Returns the SOAP 1.2 envelope of a wsnt:Notify with one event (WS-BaseNotification 1.3, section 3.1). @param consumer its URL */
export function notifyEnvelope(event: DeviceEvent, consumer: string): string {
  const header =
    `<env:Header><wsa:Action>${ACTION}</wsa:Action><wsa:MessageID>urn:uuid:${randomUUID()}</wsa:MessageID>` +
    `<wsa:To>${escapeXml(consumer)}</wsa:To></env:Header>`;
  const body = `<wsnt:Notify>${notificationXml(event)}</wsnt:Notify>`;
  return writeEnvelope('1.2', { namespaces: NAMESPACES, header, body });
}
