import { MAX_BITRATE, MAX_KEYFRAME_INTERVAL, MIN_BITRATE, MIN_KEYFRAME_INTERVAL } from '../config/schema.ts';
import type { H264Settings } from '../encode/encoder.ts';
import type { ParameterSets } from '../frames/access-unit.ts';
import type { H264Controller, H264Options, H264Profile } from './h264.ts';
import type { PictureController } from './picture.ts';
import type { SettingsGroup } from './settings.ts';

export interface NativeH264ControlOptions {
  readonly settings: Pick<SettingsGroup<H264Settings>, 'now' | 'change'>;
  readonly picture: PictureController;
  /** Those of what the camera encodes; undefined before it has. */
  readonly parameterSets: () => ParameterSets | undefined;
}

/** By profile_idc (H.264, A.2). */
const PROFILES: ReadonlyMap<number | undefined, H264Profile> = new Map([
  [66, 'Baseline'],
  [77, 'Main'],
  [100, 'High'],
]);

/** Returns the profile that parameter sets tell; the least, which every decoder knows, where there are none. */
const profileOf = (sets: ParameterSets | undefined): H264Profile => PROFILES.get(sets?.sps[1]) ?? 'Baseline';

/**
 * The settings of H.264 that the camera makes itself: size and rate are those of its pictures, and a change of any is a restart of
 * the capture, through which viewers live.
 */
export class NativeH264Control implements H264Controller {
  constructor(private readonly given: NativeH264ControlOptions) {}

  settings(): H264Settings {
    const { settings, picture } = this.given;
    const { width, height, fps } = picture.settings();
    const { bitrate, keyframeInterval } = settings.now;
    return { width, height, fps, bitrate, keyframeInterval };
  }

  /** Returns what can be set; no sizes where the pictures come in the size they have. */
  options(): H264Options {
    const { picture, parameterSets } = this.given;
    const { sizes, fps } = picture.options();
    return {
      sizes,
      fps,
      bitrate: { min: MIN_BITRATE, max: MAX_BITRATE },
      keyframeInterval: { min: MIN_KEYFRAME_INTERVAL, max: MAX_KEYFRAME_INTERVAL },
      profile: profileOf(parameterSets()),
    };
  }

  /** Changes settings, as {@link PictureControl.change} does. */
  async change({ bitrate, keyframeInterval, ...rest }: Partial<H264Settings>): Promise<void> {
    const { settings, picture } = this.given;
    const own = { ...(bitrate !== undefined && { bitrate }), ...(keyframeInterval !== undefined && { keyframeInterval }) };
    const undo = Object.keys(own).length > 0 ? settings.change(own) : undefined;
    if (Object.keys(rest).length === 0) return;
    try {
      await picture.change(rest);
    } catch (error) {
      undo?.();
      throw error;
    }
  }

  requestKeyFrame(): void {
    // The camera's program has no way to be asked: key frames come at their interval.
  }
}
