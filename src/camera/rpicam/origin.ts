import { OPTION_OF } from './arguments.ts';

/**
 * The options that this program gives rpicam-vid itself, with the key of the setting that they come from; undefined: there is no
 * such key.
 */
const GIVEN: Readonly<Record<string, string | undefined>> = {
  '--codec': undefined,
  '--inline': undefined,
  '--libav-format': undefined,
  '--libav-video-codec': undefined,
  '--libav-video-codec-opts': undefined,
  '--low-latency': undefined,
  '--bitrate': 'h264.bitrate',
  '--intra': 'h264.keyframeInterval',
  '--profile': 'h264.profile',
  '--level': undefined,
  '--timeout': undefined,
  '--nopreview': undefined,
  '--flush': undefined,
  '--output': undefined,
  '--camera': undefined,
  '--width': 'camera.width',
  '--height': 'camera.height',
  '--framerate': 'camera.fps',
  '--quality': 'camera.quality',
  '--rotation': 'camera.rotation',
  '--hflip': 'camera.hflip',
  '--vflip': 'camera.vflip',
  '--post-process-file': 'camera.annotate',
  ...Object.fromEntries(Object.entries(OPTION_OF).map(([setting, option]) => [option, `camera.${setting}`])),
};

/** The options that people add by a letter. */
const LETTERS: Readonly<Record<string, string>> = {
  '-t': '--timeout',
  '-o': '--output',
  '-n': '--nopreview',
  '-q': '--quality',
  '-b': '--bitrate',
  '-g': '--intra',
  '-i': '--initial',
};

/** Returns how often an option stands among the words: by its name, a beginning of it, or its letter. */
export function timesGiven(option: string, words: readonly string[]): number {
  return words.filter((word) => {
    const name = word.split('=', 1)[0]!;
    if (name.startsWith('--')) return name.length > 3 && option.startsWith(name);
    return LETTERS[word.slice(0, 2)] === option;
  }).length;
}

/** Returns an option with the setting that the user finds it by: "--ev (camera.ev)"; its own name alone where there is none. */
export function withOrigin(option: string, extraArgs: readonly string[]): string {
  if (timesGiven(option, extraArgs) > 0) return `${option} (camera.extraArgs)`;
  const setting = GIVEN[option];
  return setting ? `${option} (${setting})` : option;
}

/** Returns why rpicam-vid got an option twice, and what to take out. */
export function describeTwice(option: string, extraArgs: readonly string[]): { message: string; hint: string } {
  if (!(option in GIVEN) || timesGiven(option, extraArgs) > 1) {
    return { message: `${option} is given twice in camera.extraArgs.`, hint: `Take one ${option} out of camera.extraArgs.` };
  }
  const setting = GIVEN[option];
  return {
    message: `${option} is given twice: in camera.extraArgs, and by this program${setting ? ` (${setting})` : ''}.`,
    hint: `Take ${option} out of camera.extraArgs; ${setting ? `${setting} sets it.` : 'this program needs its own.'}`,
  };
}
