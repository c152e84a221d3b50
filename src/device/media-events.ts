import type { Hub } from '../streams/hub.ts';
import type { EventTeller } from './events.ts';
import { type ProfileStore, VIDEO_SOURCE } from './profiles.ts';

const SOURCE = { Source: VIDEO_SOURCE };

/** Tells whether the camera gives pictures, as far as somebody wants some: one that is off has lost nothing. */
export function tellSignalLoss(hub: Pick<Hub, 'watch'>, events: EventTeller): void {
  events.set('VideoSource/SignalLoss', SOURCE, { State: false });
  hub.watch(({ state }) => {
    if (state === 'live') events.set('VideoSource/SignalLoss', SOURCE, { State: false });
    else if (state === 'failed' || state === 'stalled') events.set('VideoSource/SignalLoss', SOURCE, { State: true });
  });
}

/** The store, telling of every profile that is made, changed or deleted in it. */
export const tellingProfiles = (store: ProfileStore, events: EventTeller): ProfileStore => ({
  list: () => store.list(),
  save: (list) => {
    const before = new Map(store.list().map((profile) => [profile.token, JSON.stringify(profile)]));
    store.save(list);
    const after = new Map(list.map((profile) => [profile.token, JSON.stringify(profile)]));
    for (const token of new Set([...before.keys(), ...after.keys()]))
      if (before.get(token) !== after.get(token)) events.tell('Media/ProfileChanged', { Token: token }, {});
  },
});
