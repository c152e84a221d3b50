import type { Range } from '../camera/offers.ts';
import { MAX_BITRATE, MAX_KEYFRAME_INTERVAL, MIN_BITRATE, MIN_KEYFRAME_INTERVAL } from '../config/schema.ts';
import type { H264Settings } from '../encode/encoder.ts';
import { H264_PROFILES, type H264Profile, h264Profile } from '../frames/h264-level.ts';
import { readSps } from '../frames/h264-sps.ts';
import type { H264Controller, H264Options } from './h264.ts';
import type { PictureController } from './picture.ts';
import type { SettingsGroup } from './settings.ts';

/** The settings that are controlled, and the capture that they change. */
export interface NativeH264ControlOptions {
  readonly settings: Pick<SettingsGroup<H264Settings>, 'now' | 'change'>;
  readonly picture: PictureController;
  /** For an encoder that takes no settings, the parameter set of its stream, once there is one; undefined: it does as it is set. */
  readonly unsettable: () => { readonly sps: Buffer | undefined } | undefined;
}

/**
 * Controls the settings of H.264 that the camera makes itself: size and rate are those of its pictures, and a change of any is a
 * restart of the capture, through which viewers stay.
 */
export class NativeH264Control implements H264Controller {
  constructor(private readonly given: NativeH264ControlOptions) {}

  /** Returns the settings in force. */
  settings(): H264Settings {
    const { settings, picture } = this.given;
    const { width, height, fps } = picture.settings();
    return { ...settings.now, profile: this.#profile, width, height, fps };
  }

  get #profile(): H264Profile {
    const { settings, unsettable } = this.given;
    const sps = unsettable()?.sps;
    const info = sps && readSps(sps);
    return info ? h264Profile(info.profileLevelId) : settings.now.profile;
  }

  /** Returns what can be set; no sizes where the pictures come in the size they have. */
  options(): H264Options {
    const { sizes, fps } = this.given.picture.options();
    if (this.given.unsettable()) {
      const { bitrate, keyframeInterval } = this.given.settings.now;
      return { sizes, fps, bitrate: only(bitrate), keyframeInterval: only(keyframeInterval), profiles: [this.#profile] };
    }
    return {
      sizes,
      fps,
      bitrate: { min: MIN_BITRATE, max: MAX_BITRATE },
      keyframeInterval: { min: MIN_KEYFRAME_INTERVAL, max: MAX_KEYFRAME_INTERVAL },
      profiles: H264_PROFILES,
    };
  }

  /** Changes settings, as {@link PictureControl.change} does: all of them, or none where it rejects with an AppError. */
  async change({ width, height, fps, ...own }: Partial<H264Settings>): Promise<void> {
    const { settings, picture } = this.given;
    const undo = Object.keys(own).length > 0 ? settings.change(own) : undefined;
    const captured = { ...(width !== undefined && { width }), ...(height !== undefined && { height }), ...(fps !== undefined && { fps }) };
    if (Object.keys(captured).length === 0) return;
    try {
      await picture.change(captured);
    } catch (error) {
      undo?.();
      throw error;
    }
  }

  /** Does nothing. */
  requestKeyFrame(): void {
    // The camera's program has no way to be asked: key frames come at their interval.
  }
}

const only = (value: number): Range => ({ min: value, max: value });
