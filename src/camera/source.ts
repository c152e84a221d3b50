import type { Clock } from '../core/clock.ts';
import type { AppError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { CodedPicture } from '../frames/access-unit.ts';
import type { Area } from '../frames/area.ts';
import type { Picture } from '../frames/frame.ts';
import type { H264Profile } from '../frames/h264-level.ts';
import type { Sensed } from '../frames/sensed.ts';
import type { Sensitivity } from '../frames/sensitivity.ts';
import type { SourceOffers } from './offers.ts';
import type { CameraSettings, SettingName } from './settings.ts';
import type { SourceKind, SpecOf } from './source-spec.ts';

export type { SourceKind } from './source-spec.ts';

/** The compression of a source's pictures. */
export type SourceEncoding = 'JPEG' | 'H264';

/** What a running capture reports. A source of JPEGs uses either `bytes` or `picture`, one of H.264 `unit`. */
export interface CaptureEvents {
  /** JPEGs back to back, cut anywhere: the output of a program. The chunk is only valid until this returns. */
  bytes(chunk: Buffer): void;
  /** One complete picture, from a source that makes pictures itself. */
  picture(picture: Picture): void;
  /**
   * One coded picture. The first is a key frame, and each can be decoded with those before it.
   * @param ownTime when it was taken by the stream's own clock, milliseconds, which begins at 0 again at FLV_TIMESTAMP_MODULUS;
   * undefined: the stream has none, and the picture counts as taken when it comes
   */
  unit(picture: CodedPicture, ownTime?: number): void;
  /** Something that the user should know while the capture goes on. */
  notice(error: AppError): void;
  /** Something of the scene that the source knows by itself. */
  sensed?(sensed: Sensed): void;
  /** The capture is over, but a source made anew can capture at once. Called instead of `ended`, with what the user should know. */
  again(reason: AppError): void;
  /** The capture is over without having been asked; called at most once, and never after `stop()`. */
  ended(error: AppError): void;
}

/** A capture under way: one program, or one loop. */
export interface Capture {
  /**
   * Ends it. Resolves when nothing of it is left; never rejects, may be called again.
   * @param frozen whether it is known to hang: it is then not asked to end, but killed. Default false
   */
  stop(frozen?: boolean): Promise<void>;
}

/** Where pictures come from. Constructing is inert; `start()` begins a capture. */
export interface Source {
  readonly kind: SourceKind;
  /** For people: "rpicam-vid, camera 0 (imx219)". */
  readonly description: string;
  readonly encoding: SourceEncoding;
  /** Name for people of what makes its H.264: "libx264"; undefined: it gives none. */
  readonly encoder?: string | undefined;
  /** Whether its H.264 is the device's own, which takes no {@link VideoSettings}; default false. */
  readonly encodesAsItLikes?: boolean;
  /**
   * Pictures per second that the source delivers, which the supervisor thins out to the rate asked for; undefined where only the
   * device knows.
   */
  readonly captureFps: number | undefined;
  /** Settings that were changed and that this source cannot do. */
  readonly unsupported: readonly SettingName[];
  /** What the user can do so that the source can do them; undefined: nothing but take them out. */
  readonly unsupportedHint?: string | undefined;
  /** Why it may be able to do them all the same: a program that was asked did not tell. Undefined: it cannot. */
  readonly untold?: AppError | undefined;
  /** What the user should know about the settings, although pictures come with them. */
  readonly notices?: readonly AppError[];
  /** What it can be set to while it runs. */
  readonly offers: SourceOffers;
  /** Begins a capture. Throws where that is known at once to be in vain. */
  start(events: CaptureEvents): Capture;
}

/** What is asked of a camera that compresses to H.264 itself, besides the size and rate of its pictures. */
export interface VideoSettings {
  /** Bit rate on average, kbit/s. */
  readonly bitrate: number;
  /** Seconds from one key frame to the next. */
  readonly keyframeInterval: number;
  readonly profile: H264Profile;
}

/**
 * Makes the source that was found, for any settings. Starts nothing.
 * @param video undefined: JPEGs are wanted. A source that cannot give H.264 gives JPEGs, and says why in its notices
 */
export type MakeSource = (settings: CameraSettings, video: VideoSettings | undefined) => Source;

/** The motion that a source is to look for by itself, if it can at nearly no cost. */
export interface MotionWatch extends Sensitivity {
  /** Rectangles that do not overlap, in which motion counts. */
  readonly regions: readonly Area[];
}

/** Where sources are looked for, and what they are to look for themselves. */
export interface SearchOptions {
  /** `camera.rpicamPath`; empty: the program is found by its name. */
  readonly rpicamPath: string;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** Directory for files that a capture program reads. */
  readonly workDir: string;
  /** Root of sysfs, "/sys". */
  readonly sysfs: string;
  /** Root of the devices, "/dev". */
  readonly dev: string;
  /** The motion to look for; undefined: nobody wants to know of any. */
  readonly motion?: MotionWatch | undefined;
  /** Whether somebody wants to know how sharp the pictures are; default false. */
  readonly wantsFocus?: boolean | undefined;
}

/** What a search for a source of one kind may need. */
export interface FindOptions extends SearchOptions {
  /** The H.264 that is wanted; undefined: JPEGs are. */
  readonly video: VideoSettings | undefined;
  /** The settings in force. */
  readonly settings: CameraSettings;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Looks for a source of one kind. Rejects with an AppError if there is none; NO_CAMERA, NO_SUCH_DEVICE and PROGRAM_MISSING say no
 * more than that.
 */
export type FindSource<K extends SourceKind> = (spec: SpecOf<K>, options: FindOptions) => Promise<MakeSource>;
