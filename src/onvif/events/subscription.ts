import type { User } from '../../auth/users.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { DeviceEvent, EventFeed } from '../../device/events.ts';
import { EventQueue } from './event-queue.ts';
import type { EventFilter } from './filter.ts';

export interface SubscriptionOptions {
  /** Unguessable. */
  readonly id: string;
  /** Address of the client that made it. */
  readonly owner: string;
  /** The user who made it; undefined: no login was needed. */
  readonly user: User | undefined;
  readonly filter: EventFilter;
  readonly feed: EventFeed;
  /** Called when something waits for the subscriber that was not there before. */
  readonly onEvents: () => void;
  /** Called once, when it is over. */
  readonly onEnd: () => void;
  readonly clock: Clock;
}

/** What one subscriber is to be told, and until when. It ends by itself at its time. */
export class Subscription {
  readonly id: string;
  readonly owner: string;
  readonly user: User | undefined;
  readonly queue: EventQueue;
  readonly #unsubscribe: Cancel;
  /** Monotonic time, milliseconds. */
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

  get ended(): boolean {
    return this.#ended;
  }

  /** When it ends, as the wall clock has it: milliseconds since the Unix epoch. */
  get terminationTime(): number {
    const { clock } = this.options;
    return clock.now() + Math.max(0, this.#end - clock.monotonic());
  }

  /** It ends so many milliseconds from now, whatever was said before. */
  renew(ms: number): void {
    if (this.#ended) return;
    const { clock } = this.options;
    this.#end = clock.monotonic() + ms;
    this.#cancelTimer();
    this.#cancelTimer = clock.after(ms, () => this.end());
  }

  /** It does not end earlier than so many milliseconds from now. */
  keepAlive(ms: number): void {
    if (this.#end < this.options.clock.monotonic() + ms) this.renew(ms);
  }

  /** Every state is told again as it is now. */
  synchronize(): void {
    this.queue.synchronize();
    if (!this.queue.isEmpty) this.options.onEvents();
  }

  /** Nothing is told any more. Calling it twice does nothing. */
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
