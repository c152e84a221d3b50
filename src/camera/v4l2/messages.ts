import { AppError } from '../../core/errors.ts';
import { permissionError } from '../permission.ts';

/** Returns what a line of ffmpeg's standard error means for a V4L2 device; undefined: nothing. All that it means ends the capture. */
export function readFfmpegMessage(line: string, device: string): { error: AppError; fatal: boolean } | undefined {
  const error = meaning(line, device);
  return error && { error, fatal: true };
}

function meaning(line: string, device: string): AppError | undefined {
  if (/Permission denied/.test(line)) return permissionError(`The user may not open ${device}: permission denied.`);
  if (/Device or resource busy/.test(line)) return new AppError('CAMERA_BUSY', `${device} is in use by another program.`);
  if (/No such file or directory/.test(line)) return new AppError('NO_SUCH_DEVICE', `There is no ${device}.`);
  if (/No such device/.test(line)) return new AppError('NO_SUCH_DEVICE', `${device} is gone; the webcam was unplugged or lost power.`);
  if (/Not a video capture device|Inappropriate ioctl/.test(line)) return new AppError('NO_SUCH_DEVICE', `${device} is not a camera.`);
  const option = /Unrecognized option '(\S+?)'|Option (\S+) not found/.exec(line);
  if (option) {
    return new AppError('OPTION_UNKNOWN', `ffmpeg does not know the option ${option[1] ?? option[2]} (camera.extraArgs).`, {
      hint: 'Correct camera.extraArgs; they go in front of ffmpeg’s -i.',
    });
  }
  return undefined;
}

/** Returns whether ffmpeg also says a line where all goes well. */
export const isRoutine = (line: string): boolean =>
  /The driver changed the time per frame|deprecated pixel format used|Last message repeated/.test(line);
