import type { State } from './state.ts';

/** Returns the settings that clients have changed, by key: they hold where the owner has not set them. */
export function persistedSettings(state: State | undefined): ReadonlyMap<string, unknown> {
  if (!state) return new Map();
  const { device } = state;
  const ofSection = (name: 'camera' | 'h264' | 'sub') =>
    Object.entries(state[name]).map(([key, value]) => [`${name}.${key}`, value] as const);
  const all: (readonly [key: string, value: unknown])[] = [
    ['name', device.name],
    ...ofSection('camera'),
    ['http.port', device.httpPort],
    ['rtsp.port', device.rtspPort],
    ...ofSection('h264'),
    ...ofSection('sub'),
  ];
  return new Map(all.filter(([, value]) => value !== undefined));
}
