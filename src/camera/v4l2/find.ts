import { existsSync } from 'node:fs';
import { AppError } from '../../core/errors.ts';
import { findProgram } from '../../platform/programs.ts';
import { H264Trial } from '../h264-trial.ts';
import type { FindSource } from '../source.ts';
import { ControlSetter, listControls } from './controls.ts';
import { listVideoDevices } from './devices.ts';
import { canDrawText } from './draw-text.ts';
import { listFormats } from './formats.ts';
import { WebcamImaging } from './imaging.ts';
import { V4l2Source, type WebcamH264 } from './source.ts';

/**
 * Finds a webcam: the one asked for, or else the first. Rejects with NO_SUCH_DEVICE, PROGRAM_MISSING, or what keeps ffmpeg from it. What
 * else it can do need not be known: the source says so where a setting asks for that.
 */
export const find: FindSource<'v4l2'> = async ({ device: asked }, { searchPath, sysfs, video, log }) => {
  const known = listVideoDevices(sysfs);
  const device = asked ?? known[0]?.path;
  if (device === undefined) throw new AppError('NO_SUCH_DEVICE', 'No webcam found.');
  if (asked !== undefined && !existsSync(asked)) throw new AppError('NO_SUCH_DEVICE', `There is no ${asked}.`);
  const ffmpeg = findProgram('ffmpeg', searchPath);
  if (!ffmpeg)
    throw new AppError('PROGRAM_MISSING', 'A webcam needs ffmpeg, which is not installed.', {
      hint: 'Install it: `sudo apt install ffmpeg`.',
    });
  const program = findProgram('v4l2-ctl', searchPath);
  if (!program)
    log.info(
      `v4l2-ctl is not installed: brightness, exposure, focus and the like of ${device} cannot be set. \`sudo apt install v4l-utils\``,
    );
  const [formats, drawsText, controls] = await Promise.all([
    listFormats(ffmpeg, device, searchPath),
    canDrawText(ffmpeg, searchPath).catch(asAnswer),
    program ? listControls(program, device, searchPath).catch(asAnswer) : [],
  ]);
  for (const answer of [drawsText, controls]) if (answer instanceof AppError) log.info(answer.message);
  const name = known.find((each) => each.path === device)?.name;
  const controlled =
    program === undefined
      ? undefined
      : {
          imaging: new WebcamImaging(controls instanceof AppError ? [] : controls),
          untold: controls instanceof AppError ? controls : undefined,
          setter: new ControlSetter({ program, device, searchPath }),
        };
  const options = { ffmpeg, device, formats, drawsText, controlled, searchPath, ...(name ? { name } : {}) };
  const h264: WebcamH264 | undefined = video && { trial: new H264Trial() };
  return (settings) => new V4l2Source({ ...options, h264, log }, settings);
};

/** Takes the error as the answer where a program did not tell. */
function asAnswer(error: unknown): AppError {
  if (!(error instanceof AppError)) throw error;
  return error;
}
