import { AppError, messageOf, systemErrorCode } from '../../core/errors.ts';
import { isNotThere, type ProgramEnd } from '../../platform/program.ts';

/**
 * Returns the error for an ffmpeg that ended by itself.
 * @param work what it was doing, for people: "libx264"
 * @param lastLine what it said last; empty: nothing
 */
export function endError(work: string, { startError, signal, code }: ProgramEnd, lastLine: string): AppError {
  if (startError) {
    const ours = isNotThere(startError) ? 'H264_UNAVAILABLE' : (systemErrorCode(startError) ?? 'ENCODER_ENDED');
    return new AppError(ours, `ffmpeg could not be started: ${messageOf(startError)}`);
  }
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
  return new AppError('ENCODER_ENDED', `ffmpeg (${work}) ${how}${lastWords(lastLine)}`);
}

/**
 * Returns the error for an ffmpeg that gives nothing: ENCODER_ENDED.
 * @param ms how long it has been silent, milliseconds
 */
export const silenceError = (work: string, ms: number, lastLine: string): AppError =>
  new AppError('ENCODER_ENDED', `ffmpeg (${work}) gave no picture for ${ms / 1000} s${lastWords(lastLine)}`);

const lastWords = (line: string): string => (line ? `; its last words: ${line}` : '.');
