import type { Topic } from './event-topics.ts';
import type { DeviceEvent, EventFeed } from './events.ts';

/** Events that are kept: more than anybody scrolls through. */
const MAX_KEPT = 50;
/** The topic that is not kept: it changes several times a minute, and would soon drive out all that happened. */
const MEASUREMENT: Topic = 'Monitoring/ProcessorUsage';

/** Keeps the last events, without measurements, and counts those of each topic since the start. */
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

  /** The last events, the newest first. */
  get last(): readonly DeviceEvent[] {
    return this.#last.toReversed();
  }

  /** How many events there were of each topic; topics without any are left out. */
  get counts(): ReadonlyMap<Topic, number> {
    return this.#counts;
  }
}
