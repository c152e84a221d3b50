import { type Config, MAX_BITRATE, MAX_KEYFRAME_INTERVAL, MIN_BITRATE, MIN_KEYFRAME_INTERVAL } from '../config/schema.ts';
import type { StateStore } from '../config/state.ts';
import type { H264Settings as EncoderSettings } from '../encode/encoder.ts';
import type { H264Options, H264Profile, H264Settings, MediaCamera, MediaH264, Size } from '../onvif/media/deps.ts';

/** The encoder as far as its settings are concerned. */
export interface EncoderStream {
  /** The H.264 profile that its pictures have. */
  readonly profile: H264Profile;
  /** The settings are others now. Viewers live through it. */
  changed(): void;
  /** Makes the next picture a key frame. */
  requestKeyFrame(): void;
}

export interface H264Parts {
  readonly config: Config['h264'];
  /** Keys of the settings that the owner set: what persists does not change these. */
  readonly explicit: ReadonlySet<string>;
  readonly state: StateStore;
  readonly camera: Pick<MediaCamera, 'settings' | 'actual'>;
  readonly stream: EncoderStream;
}

/** Shares of the captured size that clients may choose: from 1280x720 they give 960x540, 854x480, 640x360, 426x240 and 320x180. */
const SHARES = [3 / 4, 2 / 3, 1 / 2, 1 / 3, 1 / 4];
/** Pixels; less shows nothing, and hardware encoders refuse it. */
const SMALLEST_SIDE = 64;

/** The settings of the H.264 encoder: the owner's, and what clients made of them. */
export class H264Control implements MediaH264 {
  /** 0 is as captured. */
  #asked: H264Settings;

  constructor(private readonly parts: H264Parts) {
    const { config, explicit, state } = parts;
    const kept = Object.entries(state.state.h264).filter(([key]) => !explicit.has(`h264.${key}`));
    const { width, height, fps, bitrate, keyframeInterval } = { ...config, ...Object.fromEntries(kept) };
    this.#asked = { width, height, fps, bitrate, keyframeInterval };
  }

  settings(): H264Settings {
    const asked = this.#asked;
    return { ...asked, ...encodedSize(asked, this.#captured()), fps: this.#asCaptured ? this.#capturedFps : asked.fps };
  }

  /** What to encode pictures of this size with: never larger or faster than captured, in even sizes as 4:2:0 wants them. */
  settingsFor(captured: Size): EncoderSettings {
    return { ...this.settings(), ...encodedSize(this.#asked, captured), asCaptured: this.#asCaptured };
  }

  get #capturedFps(): number {
    return this.parts.camera.settings().fps;
  }

  /** Whether every captured picture is wanted. */
  get #asCaptured(): boolean {
    return this.#asked.fps === 0 || this.#asked.fps >= this.#capturedFps;
  }

  options(): H264Options {
    const captured = this.#captured();
    const { fps } = this.parts.camera.settings();
    const shares = SHARES.map((share) => ({ width: captured.width * share, height: captured.height * share }))
      .filter(({ width, height }) => Math.min(width, height) >= SMALLEST_SIDE)
      .map((size) => evenSize(size, captured));
    const sizes = [encodedSize(AS_CAPTURED, captured), ...shares, encodedSize(this.#asked, captured)];
    const unique = new Map(sizes.map((size) => [`${size.width}x${size.height}`, size]));
    return {
      sizes: [...unique.values()].sort((a, b) => b.width * b.height - a.width * a.height),
      fps: { min: Math.min(1, fps), max: fps },
      bitrate: { min: MIN_BITRATE, max: MAX_BITRATE },
      keyframeInterval: { min: MIN_KEYFRAME_INTERVAL, max: MAX_KEYFRAME_INTERVAL },
      profile: this.parts.stream.profile,
    };
  }

  async change(change: Partial<H264Settings>): Promise<void> {
    const { state, stream } = this.parts;
    const next = this.#relative(change);
    state.update({ h264: { ...state.state.h264, ...next } });
    this.#asked = { ...this.#asked, ...next };
    stream.changed();
  }

  requestKeyFrame(): void {
    this.parts.stream.requestKeyFrame();
  }

  /** Who asks for what is captured goes along when that changes. */
  #relative(change: Partial<H264Settings>): Partial<H264Settings> {
    const whole = encodedSize(AS_CAPTURED, this.#captured());
    const { width = 0, height = 0, fps = 0 } = change;
    return {
      ...change,
      ...(width === whole.width && height === whole.height && AS_CAPTURED),
      ...(fps >= this.parts.camera.settings().fps && { fps: 0 }),
    };
  }

  #captured(): Size {
    const { camera } = this.parts;
    return camera.actual() ?? camera.settings();
  }
}

const AS_CAPTURED: Size = { width: 0, height: 0 };

/** The size that pictures of the captured size are encoded in. @param asked 0: as captured, or as follows from the other side */
function encodedSize({ width, height }: Size, captured: Size): Size {
  if (width === 0 && height === 0) return evenSize(captured, captured);
  const wanted = {
    width: width || (captured.width * height) / captured.height,
    height: height || (captured.height * width) / captured.width,
  };
  const share = Math.min(1, captured.width / wanted.width, captured.height / wanted.height);
  return evenSize({ width: wanted.width * share, height: wanted.height * share }, captured);
}

/** The nearest even size that is not larger than what is captured. */
const evenSize = ({ width, height }: Size, captured: Size): Size => ({
  width: even(width, captured.width),
  height: even(height, captured.height),
});

const even = (pixels: number, most: number): number => Math.max(2, 2 * Math.floor(Math.min(2 * Math.round(pixels / 2), most) / 2));
