import type { CameraSettings, SettingName } from './settings.ts';

/** The settings that hold where nobody set anything else. */
export const DEFAULT_CAMERA_SETTINGS: CameraSettings = {
  width: 1280,
  height: 720,
  fps: 15,
  quality: 75,
  rotation: 0,
  hflip: false,
  vflip: false,
  exposure: 'normal',
  awb: 'auto',
  awbGains: [],
  metering: 'centre',
  ev: 0,
  shutter: 0,
  gain: 0,
  brightness: 0,
  contrast: 1,
  saturation: 1,
  sharpness: 1,
  denoise: 'auto',
  hdr: 'off',
  autofocus: 'default',
  lensPosition: '',
  roi: [],
  tuningFile: '',
  annotate: '',
  annotatePosition: 'upper-left',
  extraArgs: [],
};

const SETTING_NAMES = Object.keys(DEFAULT_CAMERA_SETTINGS) as SettingName[];

/**
 * Returns the names of the settings that differ from the defaults. Values are numbers, strings, booleans and lists of them, so that
 * their JSON tells.
 */
export function changedSettings(settings: CameraSettings): SettingName[] {
  return SETTING_NAMES.filter((name) => JSON.stringify(settings[name]) !== JSON.stringify(DEFAULT_CAMERA_SETTINGS[name]));
}

/** Returns settings with the defaults of some of them in their place. */
export const withDefaults = (settings: CameraSettings, names: readonly SettingName[]): CameraSettings => ({
  ...settings,
  ...Object.fromEntries(names.map((name) => [name, DEFAULT_CAMERA_SETTINGS[name]])),
});

/** Returns the names of the settings that were changed and that a source which only knows `supported` would ignore. */
export function unsupportedSettings(settings: CameraSettings, supported: ReadonlySet<SettingName>): SettingName[] {
  return changedSettings(settings).filter((name) => !supported.has(name));
}
