import { silentLogger } from '../core/log.ts';
import { probeEncoder } from '../encode/ffmpeg/probe.ts';
import { findProgram } from '../platform/programs.ts';
import { runProgram } from '../platform/run-program.ts';
import { type Check, failure, fromError, ok, type Result, skipped, warning } from './check.ts';
import { type Surroundings, wanted } from './surroundings.ts';

/** Longest wait for ffmpeg to tell its version: it loads a hundred libraries, which takes a Pi Zero some seconds. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Longest time for the trials of both encoders, which run at once and take 20 s each at most. */
const TRIAL_MS = 25_000;

const INSTALL = '`sudo apt install ffmpeg`';

/** Returns the checks of ffmpeg, which encodes H.264 and reads webcams. */
export function encoderChecks(surroundings: Surroundings): Check[] {
  return [
    { id: 'ffmpeg', title: 'ffmpeg', run: () => ffmpeg(surroundings) },
    { id: 'ffmpeg-encoders', title: 'Encoders of ffmpeg', run: () => encoders(surroundings) },
    { id: 'h264-trial', title: 'H.264, a trial', timeoutMs: TRIAL_MS, run: () => trial(surroundings) },
  ];
}

/** Returns the path of the ffmpeg that the camera would encode with; undefined: there is none. */
export const findFfmpeg = ({ settings: { config }, searchPath }: Pick<Surroundings, 'settings' | 'searchPath'>): string | undefined =>
  findProgram(config.h264.ffmpegPath || 'ffmpeg', searchPath);

async function ffmpeg(surroundings: Surroundings): Promise<Result> {
  const { settings, searchPath } = surroundings;
  const { ffmpegPath } = settings.config.h264;
  const program = findFfmpeg(surroundings);
  if (program === undefined) {
    if (ffmpegPath !== '')
      return failure(`there is no program ${ffmpegPath} (h264.ffmpegPath)`, `Correct the setting, or take it out and ${INSTALL}.`);
    if (settings.config.camera.encoding === 'h264')
      return failure(
        'ffmpeg is not installed: of a camera that gives H.264 (camera.encoding) there is no page, MJPEG or snapshot without it',
        `${INSTALL}, or set camera.encoding: mjpeg.`,
      );
    if (wanted(surroundings, 'v4l2') === 'yes') return failure('ffmpeg is not installed, and a webcam needs it', INSTALL);
    if (!settings.config.h264.enabled) return skipped('ffmpeg is not installed, and h264.enabled is off');
    return warning(
      'ffmpeg is not installed: there is no H.264, which most recorders want',
      `${INSTALL}, and start the camera again. MJPEG works without it.`,
    );
  }
  const { code, stdout, stderr } = await runProgram(program, ['-hide_banner', '-version'], { timeoutMs: ANSWER_TIMEOUT_MS, searchPath });
  const [, version] = /^ffmpeg version (\S+)/m.exec(stdout) ?? [];
  if (code !== 0 || version === undefined)
    return failure(
      `${program} does not run: ${stderr.trim().split('\n').at(-1) || `exit code ${code}`}`,
      "Install the system's own anew: `sudo apt install --reinstall ffmpeg`",
    );
  return ok(`${program} ${version}`);
}

/** The encoders of ffmpeg that the camera can use; the second one is the hardware of a Pi. */
const NAMES = ['libx264', 'h264_v4l2m2m'] as const;

async function encoders(surroundings: Surroundings): Promise<Result> {
  const { settings, searchPath } = surroundings;
  const program = findFfmpeg(surroundings);
  if (program === undefined) return skipped('ffmpeg is not installed');
  if (!settings.config.h264.enabled) return skipped('h264.enabled is off');
  const { stdout } = await runProgram(program, ['-hide_banner', '-encoders'], { timeoutMs: ANSWER_TIMEOUT_MS, searchPath });
  const has = NAMES.filter((name) => new RegExp(`^ V\\S+ ${name}\\s`, 'm').test(stdout));
  const { encoder } = settings.config.h264;
  const missing = encoder === 'auto' ? has.length === 0 : !has.includes(encoder);
  if (missing)
    return failure(
      `${program} has no ${encoder === 'auto' ? 'encoder for H.264' : `${encoder} (h264.encoder)`}`,
      "Install the system's own ffmpeg, which has libx264, `sudo apt install --reinstall ffmpeg`, and start the camera again. MJPEG works without it.",
    );
  return ok(`has ${has.join(' and ')}`);
}

async function trial(surroundings: Surroundings): Promise<Result> {
  const { settings, searchPath } = surroundings;
  const { enabled, encoder, ffmpegPath } = settings.config.h264;
  if (!enabled) return skipped('h264.enabled is off');
  if (findFfmpeg(surroundings) === undefined) return skipped('ffmpeg is not installed');
  const startedAt = performance.now();
  const found = await probeEncoder({ ffmpeg: ffmpegPath || undefined, wanted: encoder, searchPath, log: silentLogger });
  if ('error' in found) return fromError(found.error);
  const { hardware, software } = found.ok;
  const works = [...(hardware ? ['h264_v4l2m2m (hardware)'] : []), ...(software ? ['libx264'] : [])].join(' and ');
  return ok(`${works} encoded ten pictures, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s with all around it`);
}
