import type { User } from '../../auth/users.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { DeviceEvent, EventFeed } from '../../device/events.ts';
import { EventQueue } from './event-queue.ts';
import type { EventFilter } from './filter.ts';

/** What a {@link Subscription} takes. */
export interface SubscriptionOptions {
  /** Last part of its address: unguessable, hexadecimal. */
  readonly id: string;
  /** IP address of the client that made it. */
  readonly owner: string;
  /** The user who made it; undefined: no login was needed. */
  readonly user: User | undefined;
  /** The events that it is about. */
  readonly filter: EventFilter;
  /** Tells what happens. */
  readonly feed: EventFeed;
  /** Called whenever an event joins the queue. */
  readonly onEvents: () => void;
  /** Called once, when it is over. */
  readonly onEnd: () => void;
  readonly clock: Clock;
}

/** The events for one subscriber, and until when they are kept. It begins with every present state, and ends by itself at its time. */
export class Subscription {
  /** {@link SubscriptionOptions.id} */
  readonly id: string;
  /** {@link SubscriptionOptions.owner} */
  readonly owner: string;
  /** {@link SubscriptionOptions.user} */
  readonly user: User | undefined;
  /** The events that wait for the subscriber. */
  readonly queue: EventQueue;
  readonly #unsubscribe: Cancel;
  /** When it ends: monotonic, ms. */
  #end = 0;
  #cancelTimer: Cancel = () => {};
  #ended = false;

  constructor(private readonly options: SubscriptionOptions) {
    const { id, owner, user, feed, filter } = options;
    this.id = id;
    this.owner = owner;
    this.user = user;
    this.queue = new EventQueue(() => feed.current().filter(filter.event));
    this.queue.synchronize();
    this.#unsubscribe = feed.subscribe((event) => this.#hear(event), filter.topic);
  }

  /** Whether it is over. */
  get ended(): boolean {
    return this.#ended;
  }

  /** When it ends by the wall clock, which may be set meanwhile: milliseconds since the Unix epoch. */
  get terminationTime(): number {
    const { clock } = this.options;
    return clock.now() + Math.max(0, this.#end - clock.monotonic());
  }

  /** Ends it `ms` milliseconds from now, sooner or later than was said before. */
  renew(ms: number): void {
    if (this.#ended) return;
    const { clock } = this.options;
    this.#end = clock.monotonic() + ms;
    this.#cancelTimer();
    this.#cancelTimer = clock.after(ms, () => this.end());
  }

  /** Keeps it for another `ms` milliseconds at least. */
  keepAlive(ms: number): void {
    if (this.#end < this.options.clock.monotonic() + ms) this.renew(ms);
  }

  /** Tells every present state again. */
  synchronize(): void {
    this.queue.synchronize();
    if (!this.queue.isEmpty) this.options.onEvents();
  }

  /** Ends it: nothing is told from here on. Calling it again does nothing. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancelTimer();
    this.#unsubscribe();
    this.options.onEnd();
  }

  #hear(event: DeviceEvent): void {
    if (!this.options.filter.event(event)) return;
    this.queue.add(event);
    this.options.onEvents();
  }
}
