import { distinctSizes, type Size } from '../frames/size.ts';
import type { CameraSettings } from './settings.ts';

/** The values from a least to a largest one, both included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** The settings of the image that a source can take, in the units of {@link CameraSettings}; what is missing cannot be set. */
export interface ImagingOffers {
  /** −1 to 1 at most, 0 is normal. */
  readonly brightness?: Range;
  /** A factor, 1 is normal. */
  readonly contrast?: Range;
  /** A factor, 1 is normal. */
  readonly saturation?: Range;
  /** A factor, 1 is normal. */
  readonly sharpness?: Range;
  /** Exposure compensation, stops. */
  readonly ev?: Range;
  /** What can be fixed of the exposure: the time in microseconds, and the analogue gain. */
  readonly exposure?: { readonly shutter: Range; readonly gain?: Range };
  /** Either gain of a fixed white balance. */
  readonly awbGains?: Range;
  /** The mode of high dynamic range that the camera has. */
  readonly hdr?: Exclude<CameraSettings['hdr'], 'off' | 'auto'>;
  /** A lens that can be moved: dioptres. */
  readonly lensPosition?: Range;
}

/** The corners in which a source can draw a text. */
export interface AnnotateOffers {
  /** Not empty. */
  readonly positions: readonly CameraSettings['annotatePosition'][];
}

/** The settings that a source can take while it runs. */
export interface SourceOffers {
  /** Sizes in pixels before rotation, largest first; empty: the pictures come as they are. */
  readonly sizes: readonly Size[];
  /** Pictures per second. */
  readonly fps: Range;
  /** JPEG quality; undefined: the source decides. */
  readonly quality: Range | undefined;
  /** Undefined: nothing of the image can be set. */
  readonly imaging?: ImagingOffers | undefined;
  /** Undefined: no text can be drawn. */
  readonly annotate?: AnnotateOffers | undefined;
}

/** Sizes people ask for, largest first; a source that scales offers those that fit into its sensor. */
const USUAL_SIZES: readonly Size[] = [
  [4608, 2592],
  [3840, 2160],
  [2592, 1944],
  [2304, 1296],
  [1920, 1080],
  [1640, 1232],
  [1296, 972],
  [1280, 960],
  [1280, 720],
  [1024, 768],
  [800, 600],
  [640, 480],
  [640, 360],
  [320, 240],
].map(([width, height]) => ({ width: width!, height: height! }));

/** JPEG quality from 1 to 100. */
export const ANY_QUALITY: Range = { min: 1, max: 100 };
/** Highest rate on offer, pictures per second: more than recorders ask for, and than a Pi can encode in the sizes that matter. */
export const HIGHEST_FPS = 60;

/** Returns the usual sizes up to a largest one, and further sizes in use or native to the source; largest first, each once. */
export function usualSizes(largest: Size, more: readonly Size[] = []): Size[] {
  const fitting = [...USUAL_SIZES, ...more].filter(({ width, height }) => width <= largest.width && height <= largest.height);
  return distinctSizes([...fitting, ...more]);
}
