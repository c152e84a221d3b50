import { AppError } from '../../core/errors.ts';
import { annotateNotice } from '../ascii.ts';
import { changedSettings } from '../defaults.ts';
import type { CameraSettings } from '../settings.ts';
import type { RpicamCamera } from './list.ts';

/** Settings that move the lens. */
const FOCUS = ['autofocus', 'lensPosition'] as const;

const focusSettings = (settings: CameraSettings) => {
  const changed = new Set(changedSettings(settings));
  return FOCUS.filter((name) => changed.has(name));
};

/**
 * Returns a notice (SETTING_WITHOUT_EFFECT) that the focus stays as it is; undefined where nobody asked for another.
 * @param why a sentence without its full stop
 */
export function withoutFocus(settings: CameraSettings, why: string): AppError | undefined {
  const names = focusSettings(settings).map((name) => `camera.${name}`);
  if (names.length === 0) return undefined;
  return new AppError('SETTING_WITHOUT_EFFECT', `${names.join(' and ')} ${names.length > 1 ? 'have' : 'has'} no effect: ${why}.`);
}

/** Returns notices for the settings that rpicam-vid takes and then passes over in silence. */
export function rpicamNotices(settings: CameraSettings, sensor: RpicamCamera): AppError[] {
  const notices: AppError[] = [];
  if (sensor.focuses === false) {
    const error = withoutFocus(settings, `the lens of this camera (${sensor.model}) cannot be moved`);
    if (error) notices.push(error);
  } else if (settings.lensPosition !== '' && (settings.autofocus === 'auto' || settings.autofocus === 'continuous')) {
    const message = `camera.lensPosition has no effect: with camera.autofocus ${settings.autofocus} the camera moves the lens itself.`;
    notices.push(
      new AppError('SETTING_WITHOUT_EFFECT', message, { hint: 'Set camera.autofocus to manual, or take camera.lensPosition out.' }),
    );
  }
  if (settings.awbGains.includes(0)) {
    const message = 'camera.awbGains has no effect: with a gain of 0 the white balance stays automatic.';
    notices.push(new AppError('SETTING_WITHOUT_EFFECT', message, { hint: 'Set both gains above 0, for example [1.5, 1.2].' }));
  }
  const annotate = annotateNotice(settings.annotate);
  if (annotate) notices.push(annotate);
  return notices;
}
