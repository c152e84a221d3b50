import type { Sharp } from 'sharp';
import type { CameraSettings } from '../settings.ts';

/** The middle of an 8 bit value, around which contrast spreads. */
const MIDDLE = 127.5;
const LARGEST = 255;

/** The picture with brightness, contrast and saturation as set, in the meaning they have for the Pi's camera. */
export function adjust(picture: Sharp, { brightness, contrast, saturation }: CameraSettings): Sharp {
  const coloured = saturation === 1 ? picture : picture.modulate({ saturation });
  if (brightness === 0 && contrast === 1) return coloured;
  return coloured.linear(contrast, MIDDLE * (1 - contrast) + brightness * LARGEST);
}
