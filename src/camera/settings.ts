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
  readonly rotation: 0 | 90 | 180 | 270;
  readonly hflip: boolean;
  readonly vflip: boolean;
  readonly exposure: 'normal' | 'sport' | 'short' | 'long' | 'night' | 'custom';
  readonly awb: 'auto' | 'normal' | 'incandescent' | 'tungsten' | 'fluorescent' | 'indoor' | 'daylight' | 'cloudy' | 'custom';
  /** Red and blue gain; turns automatic white balance off. Empty: automatic. */
  readonly awbGains: readonly number[];
  readonly metering: 'centre' | 'spot' | 'average' | 'matrix' | 'custom';
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
  readonly denoise: 'auto' | 'off' | 'cdn_off' | 'cdn_fast' | 'cdn_hq';
  readonly hdr: 'off' | 'auto' | 'sensor' | 'single-exp';
  readonly autofocus: 'default' | 'manual' | 'auto' | 'continuous';
  /** Dioptres (1/metres), 0 is infinity; `default` is the hyperfocal distance; empty leaves it to the camera. */
  readonly lensPosition: number | 'default' | '';
  /** Digital zoom: x, y, width, height, each 0 to 1. Empty: the whole picture. */
  readonly roi: readonly number[];
  /** Path of a libcamera tuning file, empty: the camera's own. */
  readonly tuningFile: string;
  /** Text in the picture with strftime conversions, empty: none. */
  readonly annotate: string;
  /** Handed to the capture program as they are. */
  readonly extraArgs: readonly string[];
}

export type SettingName = keyof CameraSettings;
