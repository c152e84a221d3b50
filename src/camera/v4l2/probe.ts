import { AppError } from '../../core/errors.ts';
import { type RunResult, runProgram } from '../../platform/run-program.ts';

/**
 * Time for a program to tell what a webcam, or the program itself, can do, milliseconds. It takes a second at most, unless the system
 * has just started: a Pi then reads all of ffmpeg from a cold SD card, which looks for the system's fonts.
 */
const PROBE_TIMEOUT_MS = 10_000;

/** Runs a program that tells what a webcam, or the program itself, can do. Never rejects. */
export const probe = (program: string, args: readonly string[], searchPath: string): Promise<RunResult> =>
  runProgram(program, args, { timeoutMs: PROBE_TIMEOUT_MS, searchPath });

/** Returns the error where such a program did not tell. @param what "v4l2-ctl does not tell the controls of /dev/video0" */
export function untold(what: string, { code, stderr }: RunResult): AppError {
  const why = stderr.trim().split('\n').at(-1)!.replace(/\.$/, '') || `exit code ${code}`;
  return new AppError('CAPTURE_ENDED', `${what}: ${why}.`);
}
