/** What may be chosen of the settings that are a choice. */
export const ROTATIONS = [0, 90, 180, 270] as const;
export const EXPOSURES = ['normal', 'sport', 'short', 'long', 'night', 'auto-night', 'custom'] as const;
export const WHITE_BALANCES = [
  'auto',
  'normal',
  'incandescent',
  'tungsten',
  'fluorescent',
  'indoor',
  'daylight',
  'cloudy',
  'custom',
] as const;
export const METERINGS = ['centre', 'spot', 'average', 'matrix', 'custom'] as const;
export const DENOISES = ['auto', 'off', 'cdn_off', 'cdn_fast', 'cdn_hq'] as const;
export const HDR_MODES = ['off', 'auto', 'sensor', 'single-exp'] as const;
export const AUTOFOCUS_MODES = ['default', 'manual', 'auto', 'continuous'] as const;
export const ANNOTATE_POSITIONS = ['upper-left', 'upper-right', 'lower-left', 'lower-right'] as const;
export const MAX_ANNOTATE_LENGTH = 255;

/** What the user can set about the picture. Each source says which of these it can do; see docs/settings.md. */
export interface CameraSettings {
  /** Asked-for size in pixels; the camera may adjust it. With a rotation of 90 or 270 this is the size before it. */
  readonly width: number;
  readonly height: number;
  /** Pictures per second that viewers get at most. */
  readonly fps: number;
  /** JPEG quality, 1 to 100. */
  readonly quality: number;
  /** Degrees clockwise. */
  readonly rotation: (typeof ROTATIONS)[number];
  readonly hflip: boolean;
  readonly vflip: boolean;
  readonly exposure: (typeof EXPOSURES)[number];
  readonly awb: (typeof WHITE_BALANCES)[number];
  /** Red and blue gain; turns automatic white balance off. Empty: automatic. */
  readonly awbGains: readonly number[];
  readonly metering: (typeof METERINGS)[number];
  /** Exposure compensation in stops. */
  readonly ev: number;
  /** Fixed exposure time in microseconds, 0: automatic. */
  readonly shutter: number;
  /** Fixed analogue gain, 0: automatic. */
  readonly gain: number;
  /** −1 to 1. */
  readonly brightness: number;
  /** 0 to 15.99, 1 is normal. */
  readonly contrast: number;
  readonly saturation: number;
  readonly sharpness: number;
  readonly denoise: (typeof DENOISES)[number];
  readonly hdr: (typeof HDR_MODES)[number];
  readonly autofocus: (typeof AUTOFOCUS_MODES)[number];
  /** Dioptres (1/metres), 0 is infinity; `default` is the hyperfocal distance; empty leaves it to the camera. */
  readonly lensPosition: number | 'default' | '';
  /** Digital zoom: x, y, width, height, each 0 to 1. Empty: the whole picture. */
  readonly roi: readonly number[];
  /** Path of a libcamera tuning file, empty: the camera's own. */
  readonly tuningFile: string;
  /** Text in the picture with strftime conversions, empty: none. */
  readonly annotate: string;
  /** The corner it stands in. */
  readonly annotatePosition: (typeof ANNOTATE_POSITIONS)[number];
  /** Handed to the capture program as they are. */
  readonly extraArgs: readonly string[];
}

export type SettingName = keyof CameraSettings;

/** What clients may change of the image itself and of the text in it. */
export const IMAGE_SETTINGS = [
  ...(['brightness', 'contrast', 'saturation', 'sharpness', 'ev', 'shutter', 'gain', 'awbGains', 'hdr'] as const),
  ...(['autofocus', 'lensPosition', 'annotate', 'annotatePosition'] as const),
] as const satisfies readonly SettingName[];

export type ImageSettings = Pick<CameraSettings, (typeof IMAGE_SETTINGS)[number]>;
