import type { State } from './state.ts';

/** Returns the settings that clients have changed, by key: they hold where the owner has not set them. */
export function persistedSettings(state: State | undefined): ReadonlyMap<string, unknown> {
  if (!state) return new Map();
  const { camera, h264, device } = state;
  const all: (readonly [key: string, value: unknown])[] = [
    ['name', device.name],
    ...Object.entries(camera).map(([key, value]) => [`camera.${key}`, value] as const),
    ['http.port', device.httpPort],
    ['rtsp.port', device.rtspPort],
    ...Object.entries(h264).map(([key, value]) => [`h264.${key}`, value] as const),
  ];
  return new Map(all.filter(([, value]) => value !== undefined));
}
