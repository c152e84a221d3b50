import type { Clock } from '../../../core/clock.ts';
import type { Hub } from '../../../streams/hub.ts';
import type { ViewerInfo } from '../../viewer-info.ts';
import type { Arrivals } from '../arrivals.ts';
import type { Routes } from '../routes.ts';
import type { Vitals } from '../status.ts';
import { addEventsApi, type EventsApiOptions } from './events.ts';
import { sendFullStatus } from './status.ts';
import { addUsersApi, type UsersApiOptions } from './users.ts';

/** What the API tells of and changes. */
export interface ApiOptions extends Omit<UsersApiOptions, 'clientAddress'> {
  readonly hub: Hub;
  readonly arrivals: Arrivals;
  /** Returns what the program knows of itself. */
  readonly vitals: () => Vitals;
  /** The viewers of the web server's streams. */
  readonly viewers: () => readonly ViewerInfo[];
  readonly events: EventsApiOptions;
  readonly clock: Clock;
}

/** Adds the API for the page and for programs, under /api/v1/; docs/api.md describes it. */
export function addApi(routes: Routes, { hub, arrivals, vitals, viewers, events, users, bodies, clock, log }: ApiOptions): void {
  routes.add('/api/v1/status', {
    get: {
      access: 'READ_SYSTEM',
      handle: (req, res) => {
        const now = vitals();
        sendFullStatus(res, now, { viewers: [...viewers(), ...(now.rtsp?.listViewers() ?? [])], base: arrivals.baseOf(req), clock });
      },
    },
  });
  routes.add('/api/v1/camera/retry', {
    post: {
      // It does no more than watching, which has a failed camera tried again too.
      access: 'READ_MEDIA',
      handle: (_req, res) => {
        hub.retry();
        // How it went is in the status. The camera itself sees to it that it is not tried too often.
        res.status(202).set('Cache-Control', 'no-store').end();
      },
    },
  });
  addEventsApi(routes, events);
  addUsersApi(routes, { users, bodies, clientAddress: (req) => arrivals.clientAddress(req), log });
}
