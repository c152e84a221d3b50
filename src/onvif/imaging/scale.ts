import type { Range } from '../../device/picture.ts';

/** How a setting of the camera becomes the value that ONVIF's clients see, and back. */
export interface Scale {
  /** Returns the value for clients, rounded to hundredths. */
  toOnvif(value: number): number;
  /** Returns the value of the setting, rounded to ten-thousandths. */
  toOurs(value: number): number;
}

/** Middle of ONVIF's 0 to 100: clients show a slider, and expect the normal picture half way. */
const MIDDLE = 50;
/** Largest factor that rpicam-vid takes. */
const LARGEST_FACTOR = 15.99;
const DECIBELS_PER_DECADE = 20;

const hundredths = (value: number): number => Math.round(value * 100) / 100;
const tenThousandths = (value: number): number => Math.round(value * 10_000) / 10_000;

const scale = (toOnvif: (value: number) => number, toOurs: (value: number) => number): Scale => ({
  toOnvif: (value) => hundredths(toOnvif(value)),
  toOurs: (value) => tenThousandths(toOurs(value)),
});

/** Brightness: −1 to 1 is 0 to 100. */
export const BRIGHTNESS = scale(
  (value) => MIDDLE + MIDDLE * value,
  (value) => (value - MIDDLE) / MIDDLE,
);

/**
 * Contrast, saturation and sharpness: a factor from 0 to 15.99 is 0 to 100, the normal 1 is 50. Below that the scale is linear, above
 * it logarithmic, as the eye sees it: 75 is four times as much, and 100 nearly sixteen times.
 */
export const FACTOR = scale(
  (value) => (value <= 1 ? MIDDLE * value : MIDDLE + (MIDDLE * Math.log(value)) / Math.log(LARGEST_FACTOR)),
  (value) => (value <= MIDDLE ? value / MIDDLE : LARGEST_FACTOR ** ((value - MIDDLE) / MIDDLE)),
);

/** A gain, a factor of the amplitude, in dB. */
export const GAIN = scale(
  (value) => DECIBELS_PER_DECADE * Math.log10(value),
  (value) => 10 ** (value / DECIBELS_PER_DECADE),
);

/** What is the same on both sides: stops, dioptres, microseconds, gains of white balance. */
export const SAME = scale(
  (value) => value,
  (value) => value,
);

/** tt:FloatRange in the unit that clients see. */
export const describeRange = ({ min, max }: Range, { toOnvif }: Scale): { readonly Min: number; readonly Max: number } => ({
  Min: toOnvif(min),
  Max: toOnvif(max),
});
