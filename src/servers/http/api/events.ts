import type { EventLog } from '../../../device/event-log.ts';
import type { DeviceEvent, EventFeed } from '../../../device/events.ts';
import type { Routes } from '../routes.ts';

/** Where the API gets events from. */
export interface EventsApiOptions {
  /** The states that hold. */
  readonly feed: Pick<EventFeed, 'current'>;
  /** The last events. */
  readonly log: EventLog;
}

const shown = ({ topic, kind, source, data, time }: DeviceEvent) => ({ topic, kind, time: new Date(time).toISOString(), source, data });

/** Adds /api/v1/events: the states that hold, and the events that happened last. Times are in UTC (ISO 8601). */
export function addEventsApi(routes: Routes, { feed, log }: EventsApiOptions): void {
  routes.add('/api/v1/events', {
    get: {
      access: 'READ_MEDIA',
      handle: (_req, res) => {
        const states = feed
          .current()
          .map(({ topic, source, data, time }) => ({ topic, since: new Date(time).toISOString(), source, data }));
        res.set('Cache-Control', 'no-store').json({ states, events: log.last.map(shown) });
      },
    },
  });
}
