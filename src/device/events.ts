import type { Cancel, Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import {
  ALL_TOPICS,
  type DataOf,
  type ItemValue,
  type MomentTopic,
  type PropertyTopic,
  type SourceOf,
  type Topic,
} from './event-topics.ts';

/** Items with their values, by name. */
export type EventItems = Readonly<Record<string, ItemValue>>;

/** One event, as every listener gets it. */
export interface DeviceEvent {
  readonly topic: Topic;
  /**
   * How a state came to be: `initialized` when it was not known before, `changed` when it was another one. `moment` is no state, but
   * something that happened.
   */
  readonly kind: 'initialized' | 'changed' | 'moment';
  readonly source: EventItems;
  readonly data: EventItems;
  /** When it happened, or since when the state is this one: milliseconds since the Unix epoch. */
  readonly time: number;
}

/** A function that is called for each event while it is told; it must not block. */
export type EventListener = (event: DeviceEvent) => void;

/** What the bus tells time and failures by. */
export interface EventBusOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
}

/** The part of the bus by which events are told. */
export type EventTeller = Pick<EventBus, 'offer' | 'set' | 'tell' | 'isWanted' | 'onWantedChange'>;

/** The part of the bus by which events are heard. */
export type EventFeed = Pick<EventBus, 'offered' | 'current' | 'subscribe'>;

/** Most states that are known at once: a camera has few sources, and each has few states. */
const MAX_STATES = 256;

/**
 * Tells listeners what happens in the camera, in the order in which it happens, and remembers every state. Listeners hear
 * of a state only when it changes.
 */
export class EventBus {
  readonly #offered = new Set<Topic>();
  readonly #states = new Map<string, DeviceEvent>();
  readonly #listeners = new Map<object, { readonly listener: EventListener; readonly wants: (topic: Topic) => boolean }>();
  readonly #wantedListeners = new Set<() => void>();

  constructor(private readonly options: EventBusOptions) {}

  /** The topics that this camera can tell of, whether or not it has done so, in the order of the table. */
  get offered(): readonly Topic[] {
    return ALL_TOPICS.filter((topic) => this.#offered.has(topic));
  }

  /** Says that this camera can tell of these topics. To be called before the servers start, since clients ask once. */
  offer(...topics: readonly Topic[]): void {
    for (const topic of topics) this.#offered.add(topic);
  }

  /** Sets a state. Listeners hear of it if it is new or another one than before; data is compared as a whole. */
  set<T extends PropertyTopic>(topic: T, source: SourceOf<T>, data: DataOf<T>): void {
    const key = JSON.stringify([topic, source]);
    const before = this.#states.get(key);
    if (before && JSON.stringify(before.data) === JSON.stringify(data)) return;
    if (!before && this.#states.size >= MAX_STATES) {
      this.options.log.error(`More than ${MAX_STATES} states: "${topic}" of a further source is not told.`);
      return;
    }
    this.offer(topic);
    const event: DeviceEvent = { topic, kind: before ? 'changed' : 'initialized', source, data, time: this.options.clock.now() };
    this.#states.set(key, event);
    this.#tellListeners(event);
  }

  /** Tells of something that happened and is no state. */
  tell<T extends MomentTopic>(topic: T, source: SourceOf<T>, data: DataOf<T>): void {
    this.offer(topic);
    this.#tellListeners({ topic, kind: 'moment', source, data, time: this.options.clock.now() });
  }

  /** Returns every state that is known, as `initialized`, with the time since when it holds; in the order of the table of topics. */
  current(): readonly DeviceEvent[] {
    const states = [...this.#states.values()].map((event): DeviceEvent => ({ ...event, kind: 'initialized' }));
    return states.sort((one, other) => ALL_TOPICS.indexOf(one.topic) - ALL_TOPICS.indexOf(other.topic));
  }

  /**
   * Calls the listener for each event to come. Its errors are logged and reach nobody.
   * @param wants whether it listens because of a topic; left out by those that only look on, like a log
   */
  subscribe(listener: EventListener, wants: (topic: Topic) => boolean = () => false): Cancel {
    const key = {};
    this.#listeners.set(key, { listener, wants });
    this.#wantedChanged();
    return () => {
      if (this.#listeners.delete(key)) this.#wantedChanged();
    };
  }

  /** Returns whether a listener subscribed because of this topic. */
  isWanted(topic: Topic): boolean {
    return [...this.#listeners.values()].some(({ wants }) => wants(topic));
  }

  /** Calls the listener after listeners came or went; what they want may be the same as before. */
  onWantedChange(listener: () => void): Cancel {
    this.#wantedListeners.add(listener);
    return () => void this.#wantedListeners.delete(listener);
  }

  #tellListeners(event: DeviceEvent): void {
    for (const { listener } of [...this.#listeners.values()]) this.#guarded(() => listener(event));
  }

  #wantedChanged(): void {
    for (const listener of [...this.#wantedListeners]) this.#guarded(listener);
  }

  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.options.log.error(`A listener to events failed: ${messageOf(error)}`);
    }
  }
}
