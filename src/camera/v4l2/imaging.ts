import type { ImagingOffers, Range } from '../offers.ts';
import type { CameraSettings, SettingName } from '../settings.ts';
import type { Control, ControlValue } from './controls.ts';

/** The controls by their numbers, V4L2_CID_… of linux/v4l2-controls.h. */
const ID = {
  brightness: 0x00980900,
  contrast: 0x00980901,
  saturation: 0x00980902,
  autoWhiteBalance: 0x0098090c,
  gain: 0x00980913,
  whiteBalanceTemperature: 0x0098091a,
  sharpness: 0x0098091b,
  autoExposure: 0x009a0901,
  exposure: 0x009a0902,
  focus: 0x009a090a,
  autoFocus: 0x009a090c,
} as const;

type ControlName = keyof typeof ID;

/** V4L2_EXPOSURE_MANUAL; the default of the control is the webcam's own kind of automatic. */
const MANUAL_EXPOSURE = 1;
/** Unit of V4L2_CID_EXPOSURE_ABSOLUTE, microseconds. */
const EXPOSURE_UNIT_US = 100;
/** Largest factor, as rpicam-vid has it; from 1 to this one a control goes to its end in even ratios. */
const LARGEST_FACTOR = 15.99;
/** Gain at both ends of the control, in even ratios between them: assumed, since webcams do not tell how much theirs is. */
const GAIN: Range = { min: 1, max: 16 };
/** Dioptres, from infinity to ten centimetres: the range assumed of a lens, since webcams tell no distance. */
const LENS: Range = { min: 0, max: 10 };
/** Colour temperature of each white balance mode, kelvin. */
const TEMPERATURES: Partial<Record<CameraSettings['awb'], number>> = {
  incandescent: 2800,
  tungsten: 3200,
  fluorescent: 4000,
  indoor: 4500,
  daylight: 5500,
  cloudy: 6500,
};

/** Turns the picture settings that a webcam's controls can do into values of the controls. */
export class WebcamImaging {
  readonly #controls: ReadonlyMap<number, Control>;

  constructor(controls: readonly Control[]) {
    this.#controls = new Map(controls.map((control) => [control.id, control]));
  }

  /** Returns whether the webcam has all these controls. */
  #has(...names: readonly ControlName[]): boolean {
    return names.every((name) => this.#controls.has(ID[name]));
  }

  /** The settings that this webcam can do. */
  get supported(): readonly SettingName[] {
    return [
      ...(['brightness', 'contrast', 'saturation', 'sharpness'] as const).filter((name) => this.#has(name)),
      ...(this.#has('autoWhiteBalance', 'whiteBalanceTemperature') ? (['awb'] as const) : []),
      ...(this.#has('autoExposure', 'exposure') ? (['shutter'] as const) : []),
      ...(this.#has('gain') ? (['gain'] as const) : []),
      ...(this.#has('autoFocus') ? (['autofocus'] as const) : []),
      ...(this.#has('focus') ? (['lensPosition'] as const) : []),
    ];
  }

  /** What clients can set on this webcam; undefined: nothing. */
  get offers(): ImagingOffers | undefined {
    const factor = (name: ControlName) => this.#has(name) && { [name]: { min: 0, max: LARGEST_FACTOR } };
    const exposure = this.#controls.get(ID.exposure);
    const offers: ImagingOffers = {
      ...(this.#has('brightness') && { brightness: { min: -1, max: 1 } }),
      ...factor('contrast'),
      ...factor('saturation'),
      ...factor('sharpness'),
      ...(exposure &&
        this.#has('autoExposure') && {
          exposure: {
            shutter: { min: Math.max(1, exposure.min) * EXPOSURE_UNIT_US, max: exposure.max * EXPOSURE_UNIT_US },
            ...(this.#has('gain') && { gain: GAIN }),
          },
        }),
      // Clients can only turn the automatic off and move the lens, or turn it on again.
      ...(this.#has('focus', 'autoFocus') && { lensPosition: LENS }),
    };
    return Object.keys(offers).length === 0 ? undefined : offers;
  }

  /** Returns the values that the controls are to have, modes before what depends on them. */
  values(settings: CameraSettings): readonly ControlValue[] {
    const { brightness, contrast, saturation, sharpness, awb, shutter, gain, autofocus, lensPosition } = settings;
    const kelvin = TEMPERATURES[awb];
    const isLensFixed = autofocus === 'manual' || (autofocus === 'default' && lensPosition !== '');
    const isFocusing = autofocus === 'auto' || autofocus === 'continuous';
    const distance = lensPosition === 'default' ? 0 : lensPosition;
    const wanted: readonly (readonly [ControlName, ((control: Control) => number) | undefined])[] = [
      [
        'brightness',
        (control) => control.default + brightness * (brightness < 0 ? control.default - control.min : control.max - control.default),
      ],
      ['contrast', factorOf(contrast)],
      ['saturation', factorOf(saturation)],
      ['sharpness', factorOf(sharpness)],
      ['autoWhiteBalance', (control) => (kelvin === undefined ? control.default : 0)],
      ['whiteBalanceTemperature', kelvin === undefined ? undefined : () => kelvin],
      ['autoExposure', (control) => (shutter > 0 ? MANUAL_EXPOSURE : control.default)],
      ['exposure', shutter > 0 ? () => shutter / EXPOSURE_UNIT_US : undefined],
      ['gain', gain > 0 ? gainOf(gain) : (control) => control.default],
      ['autoFocus', (control) => (isLensFixed ? 0 : isFocusing ? 1 : control.default)],
      ['focus', isLensFixed && distance !== '' ? ({ min, max }) => min + ((max - min) * distance) / LENS.max : undefined],
    ];
    return wanted.flatMap(([name, of]) => {
      const control = this.#controls.get(ID[name]);
      return control && of ? [{ control, value: fitting(of(control), control) }] : [];
    });
  }
}

/** Returns the value of a control for a factor: 1 gives its default, 0 its least value, and the largest factor its largest. */
const factorOf =
  (factor: number) =>
  ({ min, max, default: normal }: Control): number =>
    factor <= 1 ? min + (normal - min) * factor : normal + ((max - normal) * Math.log(factor)) / Math.log(LARGEST_FACTOR);

/** Returns the value for a gain of 1 or more. */
const gainOf =
  (gain: number) =>
  ({ min, max }: Control): number =>
    min + ((max - min) * Math.log(gain / GAIN.min)) / Math.log(GAIN.max / GAIN.min);

/** Returns the nearest value that the control can have. */
const fitting = (value: number, { min, max, step }: Control): number =>
  Math.min(max, Math.max(min, min + Math.round((value - min) / step) * step));
