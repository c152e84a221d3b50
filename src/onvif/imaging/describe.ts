import type { ImageSettings, ImagingController, ImagingOffers } from '../../device/imaging.ts';
import type { SoapObject } from '../service.ts';
import { BRIGHTNESS, describeRange, FACTOR, GAIN, SAME, type Scale } from './scale.ts';

/** The settings that are a single number: ONVIF's name, that of the setting, and how the one becomes the other. */
export const NUMBERS = [
  ['Brightness', 'brightness', BRIGHTNESS],
  ['ColorSaturation', 'saturation', FACTOR],
  ['Contrast', 'contrast', FACTOR],
  ['Sharpness', 'sharpness', FACTOR],
] as const satisfies readonly (readonly [string, keyof ImageSettings, Scale])[];

const ON_OFF = ['OFF', 'ON'];
const AUTO_MANUAL = ['AUTO', 'MANUAL'];

/** Returns whether the exposure time (`shutter`, µs), the gain, or both are set; 0 is automatic. */
export const isExposureFixed = ({ shutter, gain }: ImageSettings): boolean => shutter > 0 || gain > 0;

/** Returns whether the lens stays where it was put instead of focusing by itself. */
export const isLensFixed = ({ autofocus, lensPosition }: ImageSettings): boolean =>
  autofocus === 'manual' || (autofocus === 'default' && lensPosition !== '');

/** tt:ImagingSettings20: the present settings, as far as the source has them. Undefined: it has nothing to be set. */
export function describeImaging(imaging: Pick<ImagingController, 'settings' | 'offers'>): SoapObject | undefined {
  const has = imaging.offers();
  return has && describeSettings(imaging.settings(), has);
}

function describeSettings(now: ImageSettings, has: ImagingOffers): SoapObject {
  const numbers = describeNumbers(now, has);
  return {
    ...(has.ev && { BacklightCompensation: { Mode: now.ev === 0 ? 'OFF' : 'ON', Level: now.ev } }),
    ...numbers,
    ...(has.exposure && { Exposure: describeExposure(now) }),
    ...(has.lensPosition && { Focus: { AutoFocusMode: isLensFixed(now) ? 'MANUAL' : 'AUTO' } }),
    ...(has.sharpness && { Sharpness: FACTOR.toOnvif(now.sharpness) }),
    ...(has.hdr && { WideDynamicRange: { Mode: now.hdr === 'off' ? 'OFF' : 'ON' } }),
    ...(has.awbGains && { WhiteBalance: describeWhiteBalance(now) }),
  };
}

/** The numbers but Sharpness: in the schema, other elements come before that. */
const describeNumbers = (now: ImageSettings, has: ImagingOffers): SoapObject =>
  Object.fromEntries(
    NUMBERS.filter(([name, ours]) => name !== 'Sharpness' && has[ours]).map(([name, ours, scale]) => [name, scale.toOnvif(now[ours])]),
  );

/** tt:ImagingSettings, the older type of GetVideoSources, with the single numbers alone. Undefined: the source has nothing to be set. */
export function describeOldImaging(imaging: Pick<ImagingController, 'settings' | 'offers'>): SoapObject | undefined {
  const has = imaging.offers();
  const now = imaging.settings();
  return has && { ...describeNumbers(now, has), ...(has.sharpness && { Sharpness: FACTOR.toOnvif(now.sharpness) }) };
}

/** tt:Exposure20: ExposureTime in µs, Gain in dB. What is automatic is left out. */
const describeExposure = (now: ImageSettings): SoapObject => ({
  Mode: isExposureFixed(now) ? 'MANUAL' : 'AUTO',
  ...(now.shutter > 0 && { ExposureTime: now.shutter }),
  ...(now.gain > 0 && { Gain: GAIN.toOnvif(now.gain) }),
});

/** tt:WhiteBalance20 */
function describeWhiteBalance({ awbGains }: ImageSettings): SoapObject {
  const [red, blue] = awbGains;
  return red === undefined || blue === undefined ? { Mode: 'AUTO' } : { Mode: 'MANUAL', CrGain: red, CbGain: blue };
}

/** tt:ImagingOptions20: the ranges of what the source has. */
export const describeOptions = (has: ImagingOffers): SoapObject => ({
  ...(has.ev && { BacklightCompensation: { Mode: ON_OFF, Level: describeRange(has.ev, SAME) } }),
  ...(has.brightness && { Brightness: describeRange(has.brightness, BRIGHTNESS) }),
  ...(has.saturation && { ColorSaturation: describeRange(has.saturation, FACTOR) }),
  ...(has.contrast && { Contrast: describeRange(has.contrast, FACTOR) }),
  ...(has.exposure && {
    Exposure: {
      Mode: AUTO_MANUAL,
      ExposureTime: describeRange(has.exposure.shutter, SAME),
      ...(has.exposure.gain && { Gain: describeRange(has.exposure.gain, GAIN) }),
    },
  }),
  ...(has.lensPosition && { Focus: { AutoFocusModes: AUTO_MANUAL } }),
  ...(has.sharpness && { Sharpness: describeRange(has.sharpness, FACTOR) }),
  ...(has.hdr && { WideDynamicRange: { Mode: ON_OFF } }),
  ...(has.awbGains && {
    WhiteBalance: { Mode: AUTO_MANUAL, YrGain: describeRange(has.awbGains, SAME), YbGain: describeRange(has.awbGains, SAME) },
  }),
});

/** tt:MoveOptions20: positions and distances in dioptres; empty without a lens that moves. */
export const describeMoveOptions = ({ lensPosition: range }: ImagingOffers): SoapObject =>
  range
    ? {
        Absolute: { Position: describeRange(range, SAME) },
        Relative: { Distance: describeRange({ min: range.min - range.max, max: range.max - range.min }, SAME) },
      }
    : {};

/** tt:ImagingStatus20: the position of the lens in dioptres where it was set; empty while it focuses by itself, as it does not say. */
export const describeStatus = (now: ImageSettings, has: ImagingOffers): SoapObject =>
  has.lensPosition && isLensFixed(now) && typeof now.lensPosition === 'number'
    ? { FocusStatus20: { Position: now.lensPosition, MoveStatus: 'IDLE' } }
    : {};
