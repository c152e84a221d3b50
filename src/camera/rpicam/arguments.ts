import { changedSettings } from '../defaults.ts';
import type { CameraSettings, SettingName } from '../settings.ts';

/** Highest rate by night, pictures per second: a rate fixes the longest exposure, and 8 per second allow 125 ms. */
const NIGHT_FPS = 8;
/**
 * Lowest rate to capture at, pictures per second; slower ones are thinned out. rpicam-vid drops about seven pictures at the start:
 * 7 s at 1 fps.
 */
const SLOWEST_CAPTURE_FPS = 10;

/**
 * Returns the settings in force that rpicam-vid cannot do: a rotation by 90 or 270 degrees ("transforms requiring transpose not
 * supported"), and a text elsewhere than at the top left.
 */
export function rpicamUnsupported({ rotation, annotatePosition }: CameraSettings): SettingName[] {
  return [
    ...(rotation % 180 === 0 ? [] : (['rotation'] as const)),
    ...(annotatePosition === 'upper-left' ? [] : (['annotatePosition'] as const)),
  ];
}

/**
 * Returns the pictures per second to ask rpicam-vid for. A long exposure needs a rate that leaves time for it.
 * @param thins whether pictures can be left out afterwards, so that more may be captured than are wanted
 */
export function rpicamFrameRate(settings: CameraSettings, thins = true): number {
  let rate = settings.fps;
  let longExposure = false;
  if (settings.exposure === 'night' && rate > NIGHT_FPS) rate = NIGHT_FPS;
  if (settings.exposure === 'night') longExposure = true;
  if (settings.shutter > 0 && 1e6 / settings.shutter < Math.max(rate, SLOWEST_CAPTURE_FPS)) {
    rate = Math.min(rate, 1e6 / settings.shutter);
    longExposure = true;
  }
  if (longExposure || !thins || rate >= SLOWEST_CAPTURE_FPS) return round(rate);
  return round(rate * Math.ceil(SLOWEST_CAPTURE_FPS / rate));
}

const round = (rate: number) => Math.round(rate * 1000) / 1000;

/**
 * Returns the arguments of rpicam-vid. Options at their default are left out, so that older releases, which know fewer, work too.
 * @param camera index as in `--list-cameras`
 * @param postProcessFile path of the file with the stages that draw a text or look for motion; undefined: there are none
 * @param more further arguments of this program
 * @param encoder the arguments of the H.264 encoder, and the pictures per second; undefined: JPEGs are wanted
 */
export function rpicamArguments(
  settings: CameraSettings,
  camera: number,
  postProcessFile?: string,
  more: readonly string[] = [],
  encoder?: { readonly args: readonly string[]; readonly frameRate: number },
): string[] {
  const args = [...(encoder?.args ?? ['--codec', 'mjpeg']), '-t', '0', '-n', '--flush', '-o', '-', '--camera', String(camera)];
  args.push('--width', String(settings.width), '--height', String(settings.height));
  args.push('--framerate', String(encoder?.frameRate ?? rpicamFrameRate(settings)));
  if (!encoder) args.push('-q', String(settings.quality));
  if (settings.rotation === 180) args.push('--rotation', '180');
  if (settings.hflip) args.push('--hflip');
  if (settings.vflip) args.push('--vflip');
  const changed = new Set(changedSettings(settings));
  // By day `auto-night` is the normal exposure.
  if (settings.exposure === 'auto-night') changed.delete('exposure');
  for (const [name, option] of Object.entries(OPTION_OF) as [SettingName, string][]) {
    // In one word: --hdr does not take its value from the next one.
    if (changed.has(name)) args.push(`${option}=${asText(settings, name)}`);
  }
  if (postProcessFile !== undefined) args.push('--post-process-file', postProcessFile);
  return [...args, ...more, ...settings.extraArgs];
}

function asText(settings: CameraSettings, name: SettingName): string {
  const value = settings[name];
  if (name === 'exposure' && value === 'night') return 'long';
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** The option for each setting that is handed on as it is. */
export const OPTION_OF: Partial<Record<SettingName, string>> = {
  exposure: '--exposure',
  awb: '--awb',
  awbGains: '--awbgains',
  metering: '--metering',
  ev: '--ev',
  shutter: '--shutter',
  gain: '--gain',
  brightness: '--brightness',
  contrast: '--contrast',
  saturation: '--saturation',
  sharpness: '--sharpness',
  denoise: '--denoise',
  hdr: '--hdr',
  autofocus: '--autofocus-mode',
  lensPosition: '--lens-position',
  roi: '--roi',
  tuningFile: '--tuning-file',
};

/** The rpicam-apps release that brought an option of {@link OPTION_OF}; the others were there from the first. */
export const OPTION_SINCE: Readonly<Record<string, string>> = {
  '--autofocus-mode': '1.1.2',
  '--lens-position': '1.1.2',
  '--hdr': '1.1.2',
};
