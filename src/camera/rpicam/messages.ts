import { AppError } from '../../core/errors.ts';
import { permissionError } from '../permission.ts';
import { OPTION_SINCE } from './arguments.ts';
import { describeTwice, timesGiven, withOrigin } from './origin.ts';

/** The meaning of a line of rpicam-vid's standard error. */
export interface Meaning {
  readonly error: AppError;
  /** Whether the program ends because of it; else it lives with it. */
  readonly fatal: boolean;
}

/** The program that speaks, as far as it matters for what it means. */
export interface Speaker {
  /** "rpicam-vid" or "libcamera-vid" */
  readonly program: string;
  /** Number as in `--list-cameras`. */
  readonly camera: number;
  /** `camera.extraArgs`: what the user added to its command line. */
  readonly extraArgs: readonly string[];
}

interface Rule {
  readonly pattern: RegExp;
  readonly fatal: boolean;
  readonly error: (match: RegExpExecArray, speaker: Speaker) => AppError;
}

const fatal = (pattern: RegExp, error: Rule['error']): Rule => ({ pattern, fatal: true, error });
const notice = (pattern: RegExp, error: Rule['error']): Rule => ({ pattern, fatal: false, error });

/**
 * Returns the rule for a value that no further try will make right.
 * @param options the option in question; several: whichever the user added
 */
const refused = (pattern: RegExp, ...options: string[]): Rule =>
  fatal(pattern, ([text = '', value], { program, extraArgs }) => {
    const option = options.find((each) => timesGiven(each, extraArgs) > 0) ?? options[0]!;
    const origin = withOrigin(option, extraArgs);
    const what = value ? `"${value}"` : 'the value';
    return new AppError('OPTION_INVALID', `${program} does not take ${what} for ${origin}: ${bare(text)}.`, hintFor(origin));
  });

/** Returns a message without the marks that rpicam-apps puts around it. */
const bare = (text: string) => text.replace(/^ERROR: |\*\*\*/g, '').trim();

const hintFor = (origin: string) =>
  origin.includes('camera.extraArgs') ? { hint: 'Correct camera.extraArgs; `rpicam-vid --help` lists what this version takes.' } : {};

const BOOT_CONFIG = '/boot/firmware/config.txt';

/**
 * The messages of rpicam-apps 1.0.1 to 1.13 and of libcamera below it; the first rule that matches counts. Of a program's
 * lines the first that is fatal is the reason: those after it are its consequences.
 */
const RULES: readonly Rule[] = [
  fatal(
    /Failed to open (?:media|video)?\s*device.*Permission denied|\/dev\/(?:media|video|dma_heap)\S*: Permission denied/,
    (_, { program }) => permissionError(`${program} may not use the camera: permission denied.`),
  ),
  fatal(/Could not open any dma/, (_, { program }) =>
    permissionError(`${program} may not use the camera's memory: it can open none of /dev/dma_heap.`),
  ),
  // The camera is then not registered, so that "no cameras available" follows.
  fatal(
    /Failed to (?:open|parse|load) tuning (?:data )?file '?([^'\s]+)/,
    ([, file]) =>
      new AppError('OPTION_INVALID', `The tuning file ${file} cannot be used.`, {
        hint: 'If camera.tuningFile names it, correct that or take it out. If not, this system has no tuning for the sensor: `sudo apt full-upgrade`.',
      }),
  ),
  fatal(/no cameras available/, (_, { program }) => new AppError('NO_CAMERA', `No camera found by ${program}.`)),
  fatal(
    /camera manager failed to start, code 19\b|No valid sysfs media device directory/,
    () =>
      new AppError('NO_CAMERA', 'The system has no camera device at all: no camera was detected when it started.', {
        hint: `Check the ribbon cable at both ends, have \`camera_auto_detect=1\` (or the dtoverlay of your camera) in ${BOOT_CONFIG}, and reboot.`,
      }),
  ),
  fatal(/camera manager failed to start, code (?:1|13)\b/, (_, { program }) =>
    permissionError(`${program} may not use the camera: permission denied.`),
  ),
  fatal(
    /selected camera is not available/,
    (_, { program, camera }) =>
      new AppError('NO_CAMERA', `${program} has no camera number ${camera}.`, {
        hint: '`rpicam-hello --list-cameras` lists the cameras; choose one with --source rpicam:N.',
      }),
  ),
  fatal(
    /in use by another process|failed to acquire camera/,
    () => new AppError('CAMERA_BUSY', 'The camera is in use by another program.'),
  ),
  fatal(
    /dmaHeap allocation failure|failed to allocate capture buffers/,
    () => new AppError('CAMERA_MEMORY', 'There is not enough memory for the camera’s pictures (CMA).'),
  ),
  fatal(
    /configured for the legacy camera stack/,
    () => new AppError('LEGACY_STACK', 'This Pi is set to the legacy camera stack, which rpicam-vid cannot use.'),
  ),
  fatal(
    /only supports the Raspberry Pi platforms/,
    (_, { program }) => new AppError('PLATFORM_UNSUPPORTED', `${program} runs on a Raspberry Pi only.`),
  ),
  fatal(/unrecognised option '(-[^'=]+)/, ([, option = ''], { program, extraArgs }) => {
    const since = OPTION_SINCE[option];
    const age = since ? `; it came with rpicam-apps ${since}` : '';
    const origin = withOrigin(option, extraArgs);
    return new AppError('OPTION_UNKNOWN', `${program} of this system does not know ${origin}${age}.`, since ? {} : hintFor(origin));
  }),
  fatal(/option '(--[^']+)' cannot be specified more than once/, ([, option = ''], { extraArgs }) => {
    const { message, hint } = describeTwice(option, extraArgs);
    return new AppError('OPTION_INVALID', message, { hint });
  }),
  fatal(
    /option '(.+?)' is ambiguous and matches (.+?) \*\*\*/,
    ([, option, matches]) =>
      new AppError('OPTION_INVALID', `${option} in camera.extraArgs can mean ${matches}.`, { hint: 'Write the option out in full.' }),
  ),
  fatal(
    /the (?:required )?argument (?:\('(.*)'\) )?for option '(.+?)' (?:is (invalid|missing)|should follow)/,
    ([, value, option = '', what = 'missing'], { extraArgs }) => {
      const origin = withOrigin(option, extraArgs);
      const subject = value === undefined ? 'The value' : `"${value}"`;
      return new AppError('OPTION_INVALID', `${subject} for ${origin} is ${what}.`, hintFor(origin));
    },
  ),
  refused(/Invalid exposure mode:\s*(.*?) \*\*\*/, '--exposure'),
  refused(/Invalid metering mode:\s*(.*?) \*\*\*/, '--metering'),
  refused(/Invalid AWB mode:\s*(.*?) \*\*\*/, '--awb'),
  refused(/Invalid denoise mode\s*(.*?) \*\*\*/, '--denoise'),
  refused(/Invalid HDR option provided:\s*(.*?) \*\*\*/, '--hdr'),
  refused(/Invalid AfMode:\s*(.*?) \*\*\*/, '--autofocus-mode'),
  // Here rpicam-vid names the value of another option.
  refused(/Invalid AfRange mode:/, '--autofocus-range'),
  refused(/Invalid afSpeed mode:\s*(.*?) \*\*\*/, '--autofocus-speed'),
  refused(/Invalid lens position:\s*(.*?) \*\*\*/, '--lens-position'),
  refused(/Invalid AWB gains/, '--awbgains'),
  refused(/Invalid CCM/, '--ccm'),
  refused(/\*\*\* Invalid mode \*\*\*|Packing indicator should be P or U/, '--mode', '--viewfinder-mode'),
  refused(/Invalid time string provided/, '--timeout', '--flicker-period', '--av-sync', '--shutter'),
  refused(/Invalid bitrate string provided/, '--bitrate', '--audio-bitrate'),
  refused(/unrecognised metadata format (.*?) \*\*\*/, '--metadata-format'),
  refused(/[Uu]nrecognised codec (.*?) \*\*\*/, '--codec'),
  refused(/Unable to find an appropriate H.264 codec|failed to open V4L2 H264 encoder/, '--codec'),
  refused(/incorrect initial value (.*?) \*\*\*/, '--initial'),
  refused(/incorrect sync value (.*?) \*\*\*/, '--sync'),
  refused(/Low res image larger than video/, '--lores-width', '--lores-height'),
  refused(/libav: cannot find video encoder (.*?) \*\*\*/, '--libav-video-codec'),
  refused(/libav: codec option error (.*?) \*\*\*/, '--libav-video-codec-opts'),
  refused(/libav: (?:cannot allocate output context|Incompatible options)/, '--libav-format'),
  fatal(
    /transforms requiring transpose not supported|illegal rotation value/,
    (_, { extraArgs }) =>
      new AppError('OPTION_INVALID', `rpicam-vid can turn the picture by 180 degrees only, with ${withOrigin('--rotation', extraArgs)}.`),
  ),
  fatal(
    /\*\*\* (.*): cannot open file \*\*\*|\*\*\* (.*)\(\d+\): expected .* \*\*\*/,
    ([, missing, damaged], { extraArgs }) =>
      new AppError(
        'OPTION_INVALID',
        `rpicam-vid cannot read the file ${missing ?? damaged}, of ${withOrigin('--post-process-file', extraArgs)}.`,
      ),
  ),
  fatal(
    /what\(\): +failed to open output file (.*)/,
    ([, file]) =>
      new AppError('OPTION_INVALID', `rpicam-vid cannot write the file ${file} (camera.extraArgs).`, {
        hint: 'Take the option that names it out of camera.extraArgs; pictures go to this program.',
      }),
  ),
  notice(
    /No post processing stage found for "annotate_cv"/,
    () => new AppError('ANNOTATE_MISSING', 'The text (camera.annotate) is not in the picture: this rpicam-vid has no annotate_cv stage.'),
  ),
  notice(/Device timeout detected/, () => new AppError('SENSOR_LOST', 'The camera sensor stopped answering ("Device timeout detected").')),
  // Whatever else it calls an error: last, since the rules above know better.
  fatal(/^ERROR: \*\*\* (.*) \*\*\*$/, ([, text], { program }) => new AppError('CAPTURE_ENDED', `${program}: ${text}`)),
];

/** Returns the meaning of a line; undefined where it says nothing that a user should know. */
export function readMessage(line: string, speaker: Speaker): Meaning | undefined {
  for (const rule of RULES) {
    const match = rule.pattern.exec(line);
    if (match) return { error: rule.error(match, speaker), fatal: rule.fatal };
  }
  return undefined;
}

/** Matches what rpicam-vid says on every run, even on those that go well. */
const ROUTINE =
  /^\s*$|^\[libx264 @ |^\[flv @ \S+\] Failed to update header|^Output #\d|^ +(?:Stream #\d|Side data:|cpb: )|^\[[\d:.]+\] \[\d+\] +(?:INFO|WARN|DEBUG) |^Mode selection for |^ +\S+,\d+x\d+\/\S+ - Score: |^Stream configuration adjusted|^Reading post processing stage|^#\d+ \(|^Preview window unavailable|^Made .*preview window|^Lores: |^Motion (?:detected|stopped)|^Halting: |^Received signal |^(?:Selected|Opening|Acquired|Configuring|Camera (?:streams configured|started|stopped)|Viewfinder frame|FileOutput|Encoder|Options:)\b/;

/** Returns whether a line has nothing to do with an end that follows it. */
export const isRoutine = (line: string): boolean => ROUTINE.test(line);
