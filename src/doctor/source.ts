import { type Result, skipped } from './check.ts';
import type { Surroundings } from './surroundings.ts';

/** What `camera.source` says of a kind of camera: that it has to be there, may be, or is not asked for. */
export function wanted({ settings: { spec } }: Pick<Surroundings, 'settings'>, kind: 'rpicam' | 'v4l2'): 'yes' | 'perhaps' | 'no' {
  if (spec.kind === 'auto') return 'perhaps';
  return spec.kind === kind ? 'yes' : 'no';
}

/** For a check of something that the chosen source does without. */
export const unwanted = ({ settings: { config } }: Pick<Surroundings, 'settings'>): Result =>
  skipped(`camera.source is ${config.camera.source}, which does not need it`);
