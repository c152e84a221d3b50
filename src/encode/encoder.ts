import type { AppError } from '../core/errors.ts';
import type { AccessUnit } from '../frames/access-unit.ts';
import type { Frame } from '../frames/frame.ts';
import type { H264Profile } from '../frames/h264-level.ts';
import type { Size } from '../frames/size.ts';

/** What is asked of an H.264 encoder; for its size see {@link encodedSize}. */
export interface H264Settings extends Size {
  /** Pictures per second at most, may be a fraction; 0: every one that is captured. */
  readonly fps: number;
  /** kbit/s */
  readonly bitrate: number;
  /** Seconds from one key frame to the next. */
  readonly keyframeInterval: number;
  readonly profile: H264Profile;
}

/** The settings of an encoder that is about to start. */
export interface EncoderSettings extends H264Settings {
  /** No more than `fps` are captured: every picture is encoded, however soon it follows another. */
  readonly asCaptured?: boolean;
}

export interface VideoEncoderEvents {
  /** In the order of the frames. */
  unit(unit: AccessUnit): void;
  /** The encoder is gone, or cannot go on, and is to be stopped. Called once, the last of all, and never after a stop. */
  ended(error: AppError): void;
}

/**
 * An encoder at work, from its start to its end. The first unit is a key frame. It gets JPEGs, or the camera's own H.264.
 */
export interface VideoEncoder<P = Frame> {
  /** For people: "libx264". */
  readonly name: string;
  /** Takes the next picture, or skips it when it is too busy. Returns at once. */
  encode(picture: P): void;
  /** Makes one of the next pictures a key frame. */
  requestKeyFrame(): void;
  /** Resolves when nothing of the encoder is left. */
  stop(): Promise<void>;
}

/** What an encoder is to do, from its start to its end. */
export interface EncoderTask {
  readonly settings: EncoderSettings;
  /** Pixels of the pictures that go in and of those that come out. */
  readonly from: Size;
  readonly to: Size;
  /** Pictures per second that are to be expected. */
  readonly frameRate: number;
  /** Counts what becomes of the frames. */
  readonly counters: EncoderCounters;
}

/** Starts encoders, of whatever kind. */
export interface EncoderFactory<P = Frame> {
  /** Whether they have to get every picture, and thin them out themselves: H.264, of which nothing can be left out. */
  readonly takesAll?: boolean;
  /** Starts one. Throws where that is known at once to be in vain. */
  start(task: EncoderTask, events: VideoEncoderEvents): VideoEncoder<P>;
  /** The settings are others now: what failed before may work. */
  reset(): void;
}

/** What became of the frames, over restarts. */
export interface EncoderCounters {
  /** Encoders started. */
  starts: number;
  /** Frames handed to an encoder. */
  frames: number;
  /** Frames skipped because the encoder was too slow for them. */
  skipped: number;
  /** Units that came out, how many of them key frames, and their bytes. */
  units: number;
  keyframes: number;
  bytes: number;
}
