import type { AppError } from '../core/errors.ts';
import type { AccessUnit } from '../frames/access-unit.ts';
import type { Frame } from '../frames/frame.ts';
import type { H264Profile } from '../frames/h264-level.ts';
import type { Size } from '../frames/size.ts';

/** What is asked of an H.264 encoder. Of the size, either side may be 0; {@link encodedSize} says what comes of it. */
export interface H264Settings extends Size {
  /** Pictures per second at most, may be a fraction; 0: every one that is captured. */
  readonly fps: number;
  /** Bit rate on average, kbit/s. */
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

/** What an encoder at work reports. */
export interface VideoEncoderEvents {
  /** One coded picture, in the order of the frames. */
  unit(unit: AccessUnit): void;
  /** The encoder is gone, or cannot go on, and is to be stopped. Called once, the last of all, and never after a stop. */
  ended(error: AppError): void;
}

/**
 * An encoder at work, from its start to its end. The first unit that it gives is a key frame.
 * @typeParam P what goes in: JPEGs, or the camera's own H.264
 */
export interface VideoEncoder<P = Frame> {
  /** Name for people: "libx264". */
  readonly name: string;
  /** Takes the next picture, or skips it when it is too busy. Returns at once. */
  encode(picture: P): void;
  /** Makes one of the next pictures a key frame. */
  requestKeyFrame(): void;
  /** Ends it. Resolves when nothing of it is left. */
  stop(): Promise<void>;
}

/** What an encoder is to do, from its start to its end. */
export interface EncoderTask {
  readonly settings: EncoderSettings;
  /** Size of the pictures that go in. */
  readonly from: Size;
  /** Size of those that come out. */
  readonly to: Size;
  /** Pictures per second that are to be expected. */
  readonly frameRate: number;
  /** Where the encoder counts what becomes of the frames. */
  readonly counters: EncoderCounters;
}

/** Starts encoders of one kind. */
export interface EncoderFactory<P = Frame> {
  /** Whether these encoders have to get every picture and thin them out themselves, as with H.264, of which nothing can be left out. */
  readonly takesAll?: boolean;
  /** Starts an encoder. Throws where that is known at once to be in vain. */
  start(task: EncoderTask, events: VideoEncoderEvents): VideoEncoder<P>;
  /** Forgets which encoders have failed: with changed settings they may work. */
  reset(): void;
}

/** What became of the frames, added up over restarts. */
export interface EncoderCounters {
  /** Encoders started. */
  starts: number;
  /** Frames handed to an encoder. */
  frames: number;
  /** Frames skipped because the encoder was too slow for them. */
  skipped: number;
  /** Units that came out. */
  units: number;
  /** How many of the units were key frames. */
  keyframes: number;
  /** Bytes of the units. */
  bytes: number;
}
