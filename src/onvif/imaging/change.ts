import type { ImageSettings, ImagingOffers } from '../../device/imaging.ts';
import type { Range } from '../../device/picture.ts';
import { invalidArgument, type SoapFault } from '../../protocols/soap/fault.ts';
import { child, decimal, text } from '../args.ts';
import type { SoapObject } from '../service.ts';
import { isExposureFixed, isLensFixed, NUMBERS } from './describe.ts';
import { describeRange, GAIN, SAME, type Scale } from './scale.ts';

type Change = Partial<ImageSettings>;

/** Exposure compensation, stops, where BacklightCompensation is turned on without a Level. */
const USUAL_EV = 1;
/** Difference below which a value is the one that the client was told: that was rounded to hundredths. */
const SAME_VALUE = 0.005;

/** By element of tt:ImagingSettings20: reads what it would change; undefined: the source does not have it. */
const READERS: Readonly<Record<string, (request: SoapObject, now: ImageSettings, has: ImagingOffers) => Change | undefined>> = {
  ...Object.fromEntries(
    NUMBERS.map(([name, ours, scale]) => [
      name,
      (request: SoapObject, now: ImageSettings, has: ImagingOffers) =>
        has[ours] && { [ours]: number(request, name, now[ours], has[ours], scale) ?? now[ours] },
    ]),
  ),
  BacklightCompensation: (request, now, has) => has.ev && backlightChange(child(request, 'BacklightCompensation'), now, has.ev),
  Exposure: (request, now, has) => has.exposure && exposureChange(child(request, 'Exposure'), now, has.exposure),
  Focus: (request, now, has) => has.lensPosition && focusChange(child(request, 'Focus'), now),
  WideDynamicRange: (request, now, has) => has.hdr && hdrChange(child(request, 'WideDynamicRange'), now, has.hdr),
  WhiteBalance: (request, now, has) => has.awbGains && whiteBalanceChange(child(request, 'WhiteBalance'), now, has.awbGains),
};

/** Members of an element that are no settings. */
const PASSED_OVER = new Set(['attributes', 'Extension']);

/**
 * Returns what a tt:ImagingSettings20 would change. What it leaves out stays, and a number that equals the present one is taken
 * even where it is out of range. Throws SettingsInvalid for what the source does not have and for what is out of range.
 */
export function imagingChange(request: SoapObject, now: ImageSettings, has: ImagingOffers): Change {
  let change: Change = {};
  for (const name of Object.keys(request)) {
    if (PASSED_OVER.has(name)) continue;
    const part = Object.hasOwn(READERS, name) ? READERS[name]!(request, now, has) : undefined;
    if (!part) throw settingsInvalid(`This camera has no ${name.slice(0, 40)} to be set; GetOptions tells what it has.`);
    change = { ...change, ...part };
  }
  return change;
}

const settingsInvalid = (reason: string): SoapFault => invalidArgument('SettingsInvalid', reason);

/** A value in the unit of the setting; undefined where it is missing. Throws SettingsInvalid where it is out of range. */
function number(request: SoapObject, name: string, present: number, range: Range, scale: Scale): number | undefined {
  const asked = decimal(request, name);
  if (asked === undefined) return undefined;
  if (Math.abs(asked - scale.toOnvif(present)) < SAME_VALUE) return present;
  const { Min, Max } = describeRange(range, scale);
  if (asked < Min || asked > Max) throw settingsInvalid(`${name} must be ${Min} to ${Max}.`);
  return scale.toOurs(asked);
}

function mode<const T extends string>(request: SoapObject, name: string, choices: readonly T[]): T {
  const asked = text(request, name)?.trim() ?? '';
  const found = choices.find((choice) => choice === asked);
  if (found === undefined) throw settingsInvalid(`${name} must be ${choices.join(' or ')}.`);
  return found;
}

/** Throws SettingsInvalid for children that the source does not have. */
function checkChildren(request: SoapObject, parent: string, known: readonly string[]): void {
  const other = Object.keys(request).find((name) => !PASSED_OVER.has(name) && !known.includes(name));
  if (other !== undefined)
    throw settingsInvalid(`This camera has no ${other.slice(0, 40)} of ${parent} to be set; GetOptions tells what it has.`);
}

/** BacklightCompensation is the exposure compensation, its Level in stops. */
function backlightChange(request: SoapObject, now: ImageSettings, range: Range): Change {
  const level = number(request, 'Level', now.ev, range, SAME);
  if (mode(request, 'Mode', ['OFF', 'ON']) === 'OFF') return { ev: 0 };
  return { ev: level ?? (now.ev === 0 ? USUAL_EV : now.ev) };
}

function exposureChange(request: SoapObject, now: ImageSettings, range: NonNullable<ImagingOffers['exposure']>): Change {
  checkChildren(request, 'Exposure', ['Mode', 'ExposureTime', ...(range.gain ? ['Gain'] : [])]);
  if (mode(request, 'Mode', ['AUTO', 'MANUAL']) === 'AUTO') return { shutter: 0, gain: 0 };
  const time = number(request, 'ExposureTime', now.shutter, range.shutter, SAME);
  const gain = range.gain && number(request, 'Gain', now.gain, range.gain, GAIN);
  if (time === undefined && gain === undefined && !isExposureFixed(now))
    throw settingsInvalid(`With Mode MANUAL, Exposure must have ${range.gain ? 'ExposureTime, Gain, or both' : 'ExposureTime'}.`);
  return { ...(time !== undefined && { shutter: Math.round(time) }), ...(gain !== undefined && { gain }) };
}

function focusChange(request: SoapObject, now: ImageSettings): Change {
  checkChildren(request, 'Focus', ['AutoFocusMode']);
  const fixed = mode(request, 'AutoFocusMode', ['AUTO', 'MANUAL']) === 'MANUAL';
  if (fixed === isLensFixed(now)) return {};
  return fixed ? { autofocus: 'manual' } : { autofocus: 'continuous', lensPosition: '' };
}

function hdrChange(request: SoapObject, now: ImageSettings, own: NonNullable<ImagingOffers['hdr']>): Change {
  checkChildren(request, 'WideDynamicRange', ['Mode']);
  if (mode(request, 'Mode', ['OFF', 'ON']) === 'OFF') return { hdr: 'off' };
  return { hdr: now.hdr === 'off' ? own : now.hdr };
}

function whiteBalanceChange(request: SoapObject, now: ImageSettings, range: Range): Change {
  const [presentRed = Number.NaN, presentBlue = Number.NaN] = now.awbGains;
  if (mode(request, 'Mode', ['AUTO', 'MANUAL']) === 'AUTO') return { awbGains: [] };
  const red = number(request, 'CrGain', presentRed, range, SAME) ?? presentRed;
  const blue = number(request, 'CbGain', presentBlue, range, SAME) ?? presentBlue;
  if (Number.isNaN(red) || Number.isNaN(blue)) throw settingsInvalid('With Mode MANUAL, WhiteBalance must have CrGain and CbGain.');
  return { awbGains: [red, blue] };
}

/** Returns what a tt:FocusMove would change, in dioptres. Throws SettingsInvalid for what is not offered or out of range. */
export function moveChange(request: SoapObject, now: ImageSettings, range: Range): Change {
  const position = target(request, now, range);
  return { autofocus: 'manual', lensPosition: position };
}

function target(request: SoapObject, now: ImageSettings, range: Range): number {
  const asked = Object.keys(request).filter((name) => !PASSED_OVER.has(name));
  if (asked.length !== 1) throw settingsInvalid('Focus must have either Absolute or Relative.');
  const present = typeof now.lensPosition === 'number' ? now.lensPosition : Number.NaN;
  if (asked[0] === 'Absolute') {
    const position = number(child(request, 'Absolute'), 'Position', present, range, SAME);
    if (position === undefined) throw settingsInvalid('Absolute must have a Position.');
    return position;
  }
  if (asked[0] !== 'Relative') throw settingsInvalid('The lens moves Absolute and Relative only; GetMoveOptions tells.');
  const distance = decimal(child(request, 'Relative'), 'Distance');
  if (distance === undefined) throw settingsInvalid('Relative must have a Distance.');
  if (Number.isNaN(present))
    throw settingsInvalid('Nobody knows where the lens is while it focuses by itself: move it with Absolute first.');
  const position = SAME.toOurs(present + distance);
  if (position < range.min || position > range.max)
    throw settingsInvalid(`That would be at ${position}; the lens moves from ${range.min} to ${range.max}.`);
  return position;
}
