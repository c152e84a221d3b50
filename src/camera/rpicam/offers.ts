import { ANY_QUALITY, HIGHEST_FPS, type ImagingOffers, type Range, type SourceOffers, usualSizes } from '../offers.ts';
import type { CameraSettings } from '../settings.ts';
import { isOnPi5, type RpicamCamera } from './list.ts';

/** The range to which rpicam-vid clamps contrast, saturation and sharpness. */
const FACTOR: Range = { min: 0, max: 15.99 };
/** Exposure compensation that libcamera takes, stops. */
const EV: Range = { min: -8, max: 8 };
/** A gain of 0 would leave the white balance automatic; 32 is libcamera's end. */
const AWB_GAIN: Range = { min: 0.1, max: 32 };
/** Analogue gain that the sensors of all Raspberry Pi cameras reach, for a sensor whose own range is unknown. */
const USUAL_GAIN: Range = { min: 1, max: 10 };
/** Exposure time, microseconds. Longer than a second is astronomy, and the picture would hardly move. */
const SHUTTER: Range = { min: 100, max: 1_000_000 };
/** Lens position, dioptres: from infinity to ten centimetres. */
const USUAL_LENS: Range = { min: 0, max: 10 };

/**
 * Returns what a camera can be set to: the usual sizes up to the sensor's, and its own, since the camera scales to any. The
 * sensor's modes tell the highest rate.
 */
export function rpicamOffers(sensor: RpicamCamera, settings: CameraSettings): SourceOffers {
  const fastest = Math.max(0, ...sensor.modes.map((mode) => mode.fps ?? 0)) || HIGHEST_FPS;
  return {
    sizes: usualSizes(
      sensor,
      [...sensor.modes, settings].map(({ width, height }) => ({ width, height })),
    ),
    fps: { min: 1, max: Math.max(1, Math.floor(Math.min(HIGHEST_FPS, fastest))) },
    quality: ANY_QUALITY,
    imaging: imagingOffers(sensor),
    annotate: { positions: ['upper-left'] },
  };
}

function imagingOffers(sensor: RpicamCamera): ImagingOffers {
  const { AnalogueGain: gain, ExposureTime: shutter, LensPosition: lens } = sensor.controls ?? {};
  const hdr = hdrMode(sensor);
  return {
    brightness: { min: -1, max: 1 },
    ...{ contrast: FACTOR, saturation: FACTOR, sharpness: FACTOR, ev: EV, awbGains: AWB_GAIN },
    exposure: {
      shutter: shutter ? { min: Math.max(SHUTTER.min, shutter.min), max: Math.min(SHUTTER.max, shutter.max) } : SHUTTER,
      gain: gain ?? USUAL_GAIN,
    },
    ...(hdr && { hdr }),
    ...(sensor.focuses && { lensPosition: lens ?? USUAL_LENS }),
  };
}

/** Returns the camera's mode of high dynamic range. The sensor of Camera Module 3 has its own; a Pi 5 makes it of any sensor. */
function hdrMode({ model, id }: RpicamCamera): ImagingOffers['hdr'] {
  if (model.startsWith('imx708')) return 'sensor';
  return isOnPi5({ id }) ? 'single-exp' : undefined;
}
