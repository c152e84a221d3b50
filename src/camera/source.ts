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

/** What the pictures of a source are compressed to. */
export type SourceEncoding = 'JPEG' | 'H264';

/** What a running capture reports. A source of JPEGs uses either `bytes` or `picture`, one of H.264 `unit`. */
export interface CaptureEvents {
  /** JPEGs back to back, cut anywhere: the output of a program. The chunk is only good until this returns. */
  bytes(chunk: Buffer): void;
  /** One complete picture, from a source that makes pictures itself. */
  picture(picture: Picture): void;
  /**
   * One coded picture. The first is a key frame, and each can be decoded with those before it.
   * @param ownTime when it was taken by the stream's own time, milliseconds, which begins at 0 again at FLV_TIMESTAMP_MODULUS;
   * undefined: the stream tells none, it is taken now
   */
  unit(picture: CodedPicture, ownTime?: number): void;
  /** Something the user should know while the capture goes on. */
  notice(error: AppError): void;
  /** Something of the scene that the source knows by itself. */
  sensed?(sensed: Sensed): void;
  /** It is over, but can be had again at once, by a source that is made anew. Instead of `ended`, and with what the user should know. */
  again(reason: AppError): void;
  /** The capture is over without having been asked; called at most once, and never after `stop()`. */
  ended(error: AppError): void;
}

/** A capture under way: one program, or one loop. */
export interface Capture {
  /**
   * Ends it. Resolves when nothing of it is left; never rejects, may be called again.
   * @param frozen it is known to hang: it is not asked to end, but ended
   */
  stop(frozen?: boolean): Promise<void>;
}

/** Where pictures come from. Constructing is inert; `start()` begins a capture. */
export interface Source {
  readonly kind: SourceKind;
  /** For people: "rpicam-vid, camera 0 (imx219)". */
  readonly description: string;
  readonly encoding: SourceEncoding;
  /** What makes its H.264, for people: "libx264". */
  readonly encoder?: string | undefined;
  /** That is the device's own, and takes no {@link VideoSettings}. */
  readonly encodesAsItLikes?: boolean;
  /** Pictures per second that the source delivers, undefined where only the device knows; the supervisor thins them out to the asked rate. */
  readonly captureFps: number | undefined;
  /** Settings that the user changed and this source cannot do. */
  readonly unsupported: readonly SettingName[];
  /** What the user can do so that it can do them; left out: nothing but to take them out. */
  readonly unsupportedHint?: string | undefined;
  /** What the user should know about the settings, although pictures come with them. */
  readonly notices?: readonly AppError[];
  /** What it can be set to while it runs. */
  readonly offers: SourceOffers;
  start(events: CaptureEvents): Capture;
}

/** What is asked of a camera that compresses to H.264 itself, besides the size and rate of its pictures. */
export interface VideoSettings {
  /** kbit/s */
  readonly bitrate: number;
  /** Seconds from one key frame to the next. */
  readonly keyframeInterval: number;
  readonly profile: H264Profile;
}

/**
 * Makes the source that was found, for any settings.
 * @param video undefined: JPEGs are wanted. A source that cannot give H.264 gives JPEGs, and says why in its notices.
 */
export type MakeSource = (settings: CameraSettings, video: VideoSettings | undefined) => Source;

/** What a source is to look for by itself, if it can at nearly no cost. */
export interface MotionWatch extends Sensitivity {
  /** Rectangles that do not overlap, in which motion counts. */
  readonly regions: readonly Area[];
}

/** Where sources are looked for. */
export interface SearchOptions {
  /** `camera.rpicamPath`, empty: found by name. */
  readonly rpicamPath: string;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** A directory for files that a capture program reads. */
  readonly workDir: string;
  /** Root of sysfs, "/sys". */
  readonly sysfs: string;
  /** Root of the devices, "/dev". */
  readonly dev: string;
  /** Undefined: nobody wants to know of motion. */
  readonly motion?: MotionWatch | undefined;
  /** Whether somebody wants to know how sharp the pictures are. */
  readonly wantsFocus?: boolean | undefined;
}

export interface FindOptions extends SearchOptions {
  /** Undefined: JPEGs are wanted. */
  readonly video: VideoSettings | undefined;
  /** Those in force, as far as they matter for the search. */
  readonly settings: CameraSettings;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Looks for a source of one kind. Throws an AppError if there is none; NO_CAMERA, NO_SUCH_DEVICE and PROGRAM_MISSING say no more than that. */
export type FindSource<K extends SourceKind> = (spec: SpecOf<K>, options: FindOptions) => Promise<MakeSource>;
