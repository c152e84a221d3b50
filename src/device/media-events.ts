import type { Hub } from '../streams/hub.ts';
import type { EventTeller } from './events.ts';
import { PICTURE_SETTINGS } from './picture.ts';
import { type ProfileStore, VIDEO_SOURCE } from './profiles.ts';
import type { DeviceSettings } from './settings.ts';
import { H264, MJPEG, type StreamNames, SUB } from './stream-names.ts';

const SOURCE = { Source: VIDEO_SOURCE };

/** Tells whether the camera gives pictures, as far as somebody wants some: one that is off has lost nothing. */
export function tellSignalLoss(hub: Pick<Hub, 'watch'>, events: EventTeller): void {
  events.set('VideoSource/SignalLoss', SOURCE, { State: false });
  hub.watch(({ state }) => {
    if (state === 'live') events.set('VideoSource/SignalLoss', SOURCE, { State: false });
    else if (state === 'failed' || state === 'stalled') events.set('VideoSource/SignalLoss', SOURCE, { State: true });
  });
}

/**
 * Tells of every change of how a stream is encoded. Those of the image are none: an encoder does not know of them.
 * @param isNative whether the camera encodes H.264 itself, in the size and rate of its pictures
 */
export function tellEncoderChanges(
  { camera, h264, sub }: Pick<DeviceSettings, 'camera' | 'h264' | 'sub'>,
  events: EventTeller,
  isNative: () => boolean = () => false,
): void {
  const tell = ({ encoder }: StreamNames) => events.tell('Media/ConfigurationChanged', { Token: encoder, Type: 'VideoEncoder' }, {});
  camera.onChange((now, before) => {
    if (PICTURE_SETTINGS.some((name) => now[name] !== before[name])) tell(MJPEG);
    if (isNative() && PICTURE_SETTINGS.some((name) => name !== 'quality' && now[name] !== before[name])) tell(H264);
  });
  h264.onChange(() => tell(H264));
  sub.onChange(() => tell(SUB));
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
