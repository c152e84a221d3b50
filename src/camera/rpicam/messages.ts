import { AppError } from '../../core/errors.ts';
import { OPTION_OF, OPTION_SINCE } from './arguments.ts';

/** What a line of rpicam-vid's standard error means: the reason why it ends, or something it lives with. */
export interface Meaning {
  readonly error: AppError;
  readonly fatal: boolean;
}

interface Rule {
  readonly pattern: RegExp;
  readonly fatal: boolean;
  /** @param program "rpicam-vid" or "libcamera-vid" */
  readonly error: (match: RegExpExecArray, program: string, camera: number) => AppError;
}

const fatal = (pattern: RegExp, error: Rule['error']): Rule => ({ pattern, fatal: true, error });
const notice = (pattern: RegExp, error: Rule['error']): Rule => ({ pattern, fatal: false, error });

const settingOf = (option: string) => {
  const setting = Object.entries(OPTION_OF).find(([, name]) => name === option)?.[0];
  return setting ? `${option} (camera.${setting})` : option;
};

/** The messages of rpicam-apps 1.0.1 to 1.13 and of libcamera below it; the first rule that matches counts. */
const RULES: readonly Rule[] = [
  fatal(
    /Failed to open (?:media|video)?\s*device.*Permission denied|\/dev\/(?:media|video|dma_heap)\S*: Permission denied/,
    (_, p) => new AppError('CAMERA_PERMISSION', `${p} may not use the camera: permission denied.`),
  ),
  fatal(/no cameras available/, (_, p) => new AppError('NO_CAMERA', `No camera found by ${p}.`)),
  fatal(
    /selected camera is not available/,
    (_, p, camera) =>
      new AppError('NO_CAMERA', `${p} has no camera number ${camera}.`, {
        hint: '`rpicam-hello --list-cameras` lists the cameras; choose one with --source rpicam:N.',
      }),
  ),
  fatal(
    /in use by another process|failed to acquire camera/,
    () => new AppError('CAMERA_BUSY', 'The camera is in use by another program.'),
  ),
  fatal(
    /configured for the legacy camera stack/,
    () => new AppError('LEGACY_STACK', 'This Pi is set to the legacy camera stack, which rpicam-vid cannot use.'),
  ),
  fatal(/only supports the Raspberry Pi platforms/, (_, p) => new AppError('PLATFORM_UNSUPPORTED', `${p} runs on a Raspberry Pi only.`)),
  fatal(/unrecognised option '(-[^'=]+)/, ([, option = ''], p) => {
    const since = OPTION_SINCE[option];
    const age = since ? `; it came with rpicam-apps ${since}` : '';
    return new AppError('OPTION_UNKNOWN', `${p} of this system does not know ${settingOf(option)}${age}.`);
  }),
  fatal(
    /the (?:required )?argument (?:\('(.*)'\) )?for option '(.+?)' is (invalid|missing)/,
    ([, value, option = '', what]) =>
      new AppError('OPTION_INVALID', `${value === undefined ? 'The value' : `"${value}"`} for ${settingOf(option)} is ${what}.`),
  ),
  fatal(
    /Invalid (exposure|metering|denoise|AWB) mode:?\s*(.*?) \*\*\*/,
    ([, setting = '', value]) =>
      new AppError('OPTION_INVALID', `rpicam-vid of this system has no ${setting} mode "${value}" (camera.${setting.toLowerCase()}).`),
  ),
  fatal(
    /transforms requiring transpose not supported/,
    () => new AppError('OPTION_INVALID', 'rpicam-vid cannot rotate by 90 or 270 degrees (camera.rotation), only by 180.'),
  ),
  fatal(/\*\*\* (.*): cannot open file \*\*\*/, ([, file]) => new AppError('OPTION_INVALID', `rpicam-vid cannot open the file ${file}.`)),
  notice(
    /No post processing stage found for "annotate_cv"/,
    () => new AppError('ANNOTATE_MISSING', 'The text (camera.annotate) is not in the picture: this rpicam-vid has no annotate_cv stage.'),
  ),
  notice(/Device timeout detected/, () => new AppError('SENSOR_LOST', 'The camera sensor stopped answering ("Device timeout detected").')),
  // Whatever else it calls an error; after the rules that know better.
  fatal(/^ERROR: \*\*\* (.*) \*\*\*$/, ([, text], p) => new AppError('CAPTURE_ENDED', `${p}: ${text}`)),
];

export function readMessage(line: string, program: string, camera: number): Meaning | undefined {
  for (const rule of RULES) {
    const match = rule.pattern.exec(line);
    if (match) return { error: rule.error(match, program, camera), fatal: rule.fatal };
  }
  return undefined;
}
