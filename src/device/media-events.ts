import { SECTIONS, type Section } from '../config/state.ts';
import type { Size } from '../frames/size.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import type { Hub } from '../streams/hub.ts';
import type { EventTeller } from './events.ts';
import type { PictureController } from './picture.ts';
import { type ProfileStore, SOURCE_CONFIGURATION, VIDEO_SOURCE } from './profiles.ts';
import type { DeviceSettings } from './settings.ts';
import type { VideoStream } from './streams.ts';

const SOURCE = { Source: VIDEO_SOURCE };

/** Tells whether the camera gives pictures, as far as somebody wants some: one that is off has lost nothing. */
export function tellSignalLoss(hub: Pick<Hub, 'watch'>, events: EventTeller): void {
  events.set('VideoSource/SignalLoss', SOURCE, { State: false });
  hub.watch(({ state }) => {
    if (state === 'live') events.set('VideoSource/SignalLoss', SOURCE, { State: false });
    else if (state === 'failed' || state === 'stalled') events.set('VideoSource/SignalLoss', SOURCE, { State: true });
  });
}

/** Everything that the configurations depend on. */
export interface ConfigurationSources {
  readonly streams: readonly Pick<VideoStream, 'encoder' | 'control'>[];
  readonly settings: Pick<DeviceSettings, Section>;
  readonly picture: Pick<PictureController, 'settings' | 'actual'>;
  /** Everything that has pictures of the camera. */
  readonly hubs: readonly {
    subscribe(listener: () => void): void;
    watch(listener: (status: Pick<CameraStatus, 'state'>) => void): void;
  }[];
}

/**
 * Tells when the configuration of the video source or of an encoder has changed: after a change of the settings, and when pictures
 * come in another size than is asked for, which encoders follow that encode them as captured.
 */
export function tellConfigurationChanges({ streams, settings, picture, hubs }: ConfigurationSources, events: EventTeller): void {
  const describe = () => {
    const { width, height } = picture.actual() ?? picture.settings();
    return [
      { Token: SOURCE_CONFIGURATION.token, Type: 'VideoSource', value: JSON.stringify([width, height]) },
      ...streams.map(({ encoder, control }) => ({ Token: encoder, Type: 'VideoEncoder', value: JSON.stringify(control.settings()) })),
    ];
  };
  let before = describe();
  const look = () => {
    const now = describe();
    const changed = now.filter(({ value }, at) => value !== before[at]!.value);
    before = now;
    for (const { Token, Type } of changed) events.tell('Media/ConfigurationChanged', { Token, Type }, {});
  };
  for (const section of SECTIONS) settings[section].onChange(look);
  let last: Size | undefined;
  const lookAtSize = () => {
    const size = picture.actual();
    if (size?.width === last?.width && size?.height === last?.height) return;
    last = size;
    look();
  };
  for (const hub of hubs) {
    hub.subscribe(lookAtSize);
    // While it is off, the size that is asked for is the one that counts.
    hub.watch(({ state }) => {
      if (state === 'idle') last = undefined;
    });
  }
}

/** Returns the store, telling of every profile that is made, changed or deleted in it. */
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
