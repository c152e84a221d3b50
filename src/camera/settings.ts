/** Rotations of the picture, degrees clockwise. */
export const ROTATIONS = [0, 90, 180, 270] as const;
/** The exposure modes: those of rpicam-vid, and `night`, `auto-night` of this program; see docs/settings.md. */
export const EXPOSURES = ['normal', 'sport', 'short', 'long', 'night', 'auto-night', 'custom'] as const;
/** The white balance modes, as rpicam-vid names them. */
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
/** The metering modes, as rpicam-vid names them. */
export const METERINGS = ['centre', 'spot', 'average', 'matrix', 'custom'] as const;
/** The denoise modes, as rpicam-vid names them. */
export const DENOISES = ['auto', 'off', 'cdn_off', 'cdn_fast', 'cdn_hq'] as const;
/** The modes of high dynamic range, as rpicam-vid names them. */
export const HDR_MODES = ['off', 'auto', 'sensor', 'single-exp'] as const;
/** The autofocus modes, as rpicam-vid names them. */
export const AUTOFOCUS_MODES = ['default', 'manual', 'auto', 'continuous'] as const;
/** The corners in which a text can stand. */
export const ANNOTATE_POSITIONS = ['upper-left', 'upper-right', 'lower-left', 'lower-right'] as const;
/** Longest text in the picture, characters. */
export const MAX_ANNOTATE_LENGTH = 255;

/** The settings of the picture. Each source says which of them it can do; docs/settings.md says what each means. */
export interface CameraSettings {
  /** Width asked for, pixels; the camera may adjust it. With a rotation of 90 or 270 this is the width before it. */
  readonly width: number;
  /** Height asked for, likewise. */
  readonly height: number;
  /** Most pictures per second that viewers get. */
  readonly fps: number;
  /** JPEG quality, 1 to 100. */
  readonly quality: number;
  /** Degrees clockwise. */
  readonly rotation: (typeof ROTATIONS)[number];
  /** Whether the picture is mirrored, left and right changing sides, before it is rotated. */
  readonly hflip: boolean;
  /** Whether it is mirrored, top and bottom changing sides, before it is rotated. */
  readonly vflip: boolean;
  /** How exposure time and gain are chosen. */
  readonly exposure: (typeof EXPOSURES)[number];
  /** White balance; without effect where `awbGains` fixes it. */
  readonly awb: (typeof WHITE_BALANCES)[number];
  /** Red and blue gain; turns automatic white balance off. Empty: automatic. */
  readonly awbGains: readonly number[];
  /** The area of the picture by which it is exposed. */
  readonly metering: (typeof METERINGS)[number];
  /** Exposure compensation in stops. */
  readonly ev: number;
  /** Fixed exposure time in microseconds, 0: automatic. */
  readonly shutter: number;
  /** Fixed analogue gain, 0: automatic. */
  readonly gain: number;
  /** −1 to 1, 0 is normal. */
  readonly brightness: number;
  /** 0 to 15.99, 1 is normal. */
  readonly contrast: number;
  /** 0 to 15.99, 1 is normal, 0 is grey. */
  readonly saturation: number;
  /** 0 to 15.99, 1 is normal. */
  readonly sharpness: number;
  /** How noise is taken out. */
  readonly denoise: (typeof DENOISES)[number];
  /** High dynamic range. */
  readonly hdr: (typeof HDR_MODES)[number];
  /** How the lens is moved. */
  readonly autofocus: (typeof AUTOFOCUS_MODES)[number];
  /** Dioptres (1/metres), 0 is infinity; `default` is the hyperfocal distance; empty leaves it to the camera. */
  readonly lensPosition: number | 'default' | '';
  /** Digital zoom: x, y, width, height, each 0 to 1. Empty: the whole picture. */
  readonly roi: readonly number[];
  /** Path of a libcamera tuning file, empty: the camera's own. */
  readonly tuningFile: string;
  /** Text in the picture, with strftime's conversions; empty: none. */
  readonly annotate: string;
  /** The corner that the text stands in. */
  readonly annotatePosition: (typeof ANNOTATE_POSITIONS)[number];
  /** Further arguments for the capture program, handed on as they are. */
  readonly extraArgs: readonly string[];
}

/** The name of a setting of the picture. */
export type SettingName = keyof CameraSettings;

/** The settings of the picture that clients may change. */
export const PICTURE_SETTINGS = ['width', 'height', 'fps', 'quality'] as const satisfies readonly SettingName[];

/** The settings that clients may change of the image itself and of the text in it. */
export const IMAGE_SETTINGS = [
  ...(['brightness', 'contrast', 'saturation', 'sharpness', 'ev', 'shutter', 'gain', 'awbGains', 'hdr'] as const),
  ...(['autofocus', 'lensPosition', 'annotate', 'annotatePosition'] as const),
] as const satisfies readonly SettingName[];

/** The settings of the image itself and of the text in it. */
export type ImageSettings = Pick<CameraSettings, (typeof IMAGE_SETTINGS)[number]>;
