import type { Topic } from './event-topics.ts';
import type { DeviceEvent, EventFeed } from './events.ts';

/** More than anybody scrolls through. */
const MAX_KEPT = 50;
/** It changes several times a minute, and would soon have driven out all that happened. */
const MEASUREMENT: Topic = 'Monitoring/ProcessorUsage';

/** The last events without measurements, and how many there were of each topic since the start. */
export class EventLog {
  readonly #last: DeviceEvent[] = [];
  readonly #counts = new Map<Topic, number>();

  constructor(feed: Pick<EventFeed, 'subscribe'>) {
    feed.subscribe((event) => {
      this.#counts.set(event.topic, (this.#counts.get(event.topic) ?? 0) + 1);
      // What was so from the beginning did not happen.
      if (event.kind === 'initialized' || event.topic === MEASUREMENT) return;
      this.#last.push(event);
      if (this.#last.length > MAX_KEPT) this.#last.shift();
    });
  }

  /** The newest first. */
  get last(): readonly DeviceEvent[] {
    return this.#last.toReversed();
  }

  /** By topic; those of which there was none are left out. */
  get counts(): ReadonlyMap<Topic, number> {
    return this.#counts;
  }
}
