import type { Range } from '../../device/picture.ts';

/** A setting of ours and the value that ONVIF's clients see for it. */
export interface Scale {
  /** Rounded to hundredths. */
  toOnvif(value: number): number;
  /** Rounded as far as a command line needs it. */
  toOurs(value: number): number;
}

/** Half way of ONVIF's 0 to 100: clients show a slider from 0 to 100, and expect the normal picture in its middle. */
const MIDDLE = 50;
/** What rpicam-vid takes at most as a factor. */
const LARGEST_FACTOR = 15.99;
const DECIBELS_PER_DECADE = 20;

const hundredths = (value: number): number => Math.round(value * 100) / 100;
const tenThousandths = (value: number): number => Math.round(value * 10_000) / 10_000;

const scale = (toOnvif: (value: number) => number, toOurs: (value: number) => number): Scale => ({
  toOnvif: (value) => hundredths(toOnvif(value)),
  toOurs: (value) => tenThousandths(toOurs(value)),
});

/** −1 to 1 as 0 to 100. */
export const BRIGHTNESS = scale(
  (value) => MIDDLE + MIDDLE * value,
  (value) => (value - MIDDLE) / MIDDLE,
);

/**
 * A factor as 0 to 100, 1 being 50: below that in even steps, above it in even ratios, as the eye has it. So 75 is four times as
 * much, and 100 nearly sixteen times.
 */
export const FACTOR = scale(
  (value) => (value <= 1 ? MIDDLE * value : MIDDLE + (MIDDLE * Math.log(value)) / Math.log(LARGEST_FACTOR)),
  (value) => (value <= MIDDLE ? value / MIDDLE : LARGEST_FACTOR ** ((value - MIDDLE) / MIDDLE)),
);

/** A gain as ONVIF has it, in dB. */
export const GAIN = scale(
  (value) => DECIBELS_PER_DECADE * Math.log10(value),
  (value) => 10 ** (value / DECIBELS_PER_DECADE),
);

/** Stops, dioptres and microseconds are the same here and there. */
export const SAME = scale(
  (value) => value,
  (value) => value,
);

/** tt:FloatRange */
export const describeRange = ({ min, max }: Range, { toOnvif }: Scale): { readonly Min: number; readonly Max: number } => ({
  Min: toOnvif(min),
  Max: toOnvif(max),
});
