import type { Range } from '../camera/offers.ts';
import { MAX_BITRATE, MAX_KEYFRAME_INTERVAL, MIN_BITRATE, MIN_KEYFRAME_INTERVAL } from '../config/schema.ts';
import { AS_CAPTURED, encodedSize, evenSize } from '../encode/encoded-size.ts';
import type { EncoderSettings, H264Settings } from '../encode/encoder.ts';
import { H264_PROFILES, type H264Profile } from '../frames/h264-level.ts';
import { distinctSizes, type Size } from '../frames/size.ts';
import type { PictureController } from './picture.ts';
import type { SettingsGroup } from './settings.ts';

/** What an H.264 encoder can be set to. */
export interface H264Options {
  /** Sizes in pixels, the largest first, not empty. */
  readonly sizes: readonly Size[];
  /** Pictures per second, at most those captured. */
  readonly fps: Range;
  /** Bit rates, kbit/s. */
  readonly bitrate: Range;
  /** Times between key frames, seconds. */
  readonly keyframeInterval: Range;
  /** Profiles in which it can encode. */
  readonly profiles: readonly H264Profile[];
}

/** The part of the control by which an H.264 encoder is shown and set. */
export type H264Controller = Pick<H264Control, 'settings' | 'options' | 'change' | 'requestKeyFrame'>;

/** The encoder as far as its settings are concerned. */
export interface EncoderStream {
  /** Takes over the changed settings; viewers stay connected. */
  changed(): void;
  /** Makes one of the next pictures a key frame. */
  requestKeyFrame(): void;
}

/** The settings that are controlled, the pictures that they relate to, and what takes them over. */
export interface H264ControlOptions {
  readonly settings: Pick<SettingsGroup<H264Settings>, 'now' | 'change' | 'onChange'>;
  readonly picture: Pick<PictureController, 'settings' | 'actual'>;
  readonly stream: EncoderStream;
}

/** Shares of the captured size that clients may choose: from 1280x720 they give 960x540, 854x480, 640x360, 426x240 and 320x180. */
const SHARES = [3 / 4, 2 / 3, 1 / 2, 1 / 3, 1 / 4];
/** Smallest side of a picture, pixels; less shows nothing, and hardware encoders refuse it. */
const SMALLEST_SIDE = 64;

/** Controls the settings of the H.264 encoder: the owner's, and the changes of clients. */
export class H264Control {
  constructor(private readonly given: H264ControlOptions) {
    given.settings.onChange(() => given.stream.changed());
  }

  /** The settings in force; 0 stands for "as captured". */
  get #asked(): H264Settings {
    return this.given.settings.now;
  }

  /** Returns the settings in numbers of their own: none of them is relative to what is captured. */
  settings(): H264Settings {
    const asked = this.#asked;
    return { ...asked, ...encodedSize(asked, this.#captured()), fps: this.#asCaptured ? this.#capturedFps : asked.fps };
  }

  /**
   * Returns the encoder's settings for pictures of this size: never larger or faster than captured, in even sizes as 4:2:0
   * wants them.
   */
  settingsFor(captured: Size): EncoderSettings {
    return { ...this.settings(), ...encodedSize(this.#asked, captured), asCaptured: this.#asCaptured };
  }

  get #capturedFps(): number {
    return this.given.picture.settings().fps;
  }

  /** Whether every captured picture is wanted. */
  get #asCaptured(): boolean {
    return this.#asked.fps === 0 || this.#asked.fps >= this.#capturedFps;
  }

  /** Returns what can be set, in relation to the pictures that are captured. */
  options(): H264Options {
    const captured = this.#captured();
    const { fps } = this.given.picture.settings();
    const shares = SHARES.map((share) => ({ width: captured.width * share, height: captured.height * share }))
      .filter(({ width, height }) => Math.min(width, height) >= SMALLEST_SIDE)
      .map((size) => evenSize(size, captured));
    const sizes = [encodedSize(AS_CAPTURED, captured), ...shares, encodedSize(this.#asked, captured)];
    return {
      sizes: distinctSizes(sizes),
      fps: { min: Math.min(1, fps), max: fps },
      bitrate: { min: MIN_BITRATE, max: MAX_BITRATE },
      keyframeInterval: { min: MIN_KEYFRAME_INTERVAL, max: MAX_KEYFRAME_INTERVAL },
      profiles: H264_PROFILES,
    };
  }

  /** Changes settings and keeps them for the next start; viewers stay. Rejects with an AppError where they cannot be kept. */
  async change(change: Partial<H264Settings>): Promise<void> {
    this.given.settings.change(this.#relative(change));
  }

  /** Makes one of the next pictures a key frame. */
  requestKeyFrame(): void {
    this.given.stream.requestKeyFrame();
  }

  /** Returns the change as it is stored: what equals the captured size or rate is to follow them. */
  #relative(change: Partial<H264Settings>): Partial<H264Settings> {
    const whole = encodedSize(AS_CAPTURED, this.#captured());
    const { width = 0, height = 0, fps = 0 } = change;
    return {
      ...change,
      ...(width === whole.width && height === whole.height && AS_CAPTURED),
      ...(fps >= this.given.picture.settings().fps && { fps: 0 }),
    };
  }

  #captured(): Size {
    const { picture } = this.given;
    return picture.actual() ?? picture.settings();
  }
}
