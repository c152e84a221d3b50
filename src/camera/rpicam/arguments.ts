import { changedSettings } from '../defaults.ts';
import type { CameraSettings, SettingName } from '../settings.ts';

/** Night needs long exposures, and a frame rate fixes the longest one: 8 per second allow 125 ms. */
const NIGHT_FPS = 8;
/** rpicam-vid drops about seven pictures at the start, at the asked rate: 7 s at 1 fps. So capture faster and thin out. */
const SLOWEST_CAPTURE_FPS = 10;

/** What rpicam-vid does not: turn by 90 and 270 degrees ("transforms requiring transpose not supported"), or write elsewhere than at the top left. */
export function rpicamUnsupported({ rotation, annotatePosition }: CameraSettings): SettingName[] {
  return [
    ...(rotation % 180 === 0 ? [] : (['rotation'] as const)),
    ...(annotatePosition === 'upper-left' ? [] : (['annotatePosition'] as const)),
  ];
}

/**
 * Frames per second to ask rpicam-vid for. A long exposure needs a rate that leaves time for it.
 * @param thins whether pictures can be left out afterwards
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
 * The arguments of rpicam-vid. Options at their default are left out, so that older versions, which know fewer, still work.
 * @param camera index as in `--list-cameras`
 * @param postProcessFile if there is a text to draw, or motion to look for
 * @param more further options of ours
 * @param encoder what it is told of its encoder and its rate, if it is not to give JPEGs
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
  // By day, with `auto-night`, it is as always.
  if (settings.exposure === 'auto-night') changed.delete('exposure');
  for (const [name, option] of Object.entries(OPTION_OF) as [SettingName, string][]) {
    // In one word: --hdr would not take its value as the next one.
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

/** Setting → option, for those that are handed on as they are. */
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

/** Which rpicam-apps release brought an option; the others were there from the first. */
export const OPTION_SINCE: Readonly<Record<string, string>> = {
  '--autofocus-mode': '1.1.2',
  '--lens-position': '1.1.2',
  '--hdr': '1.1.2',
};
