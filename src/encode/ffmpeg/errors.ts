import { AppError, messageOf, systemErrorCode } from '../../core/errors.ts';
import { isNotThere, type ProgramEnd } from '../../platform/program.ts';

/** Returns what is wrong where ffmpeg ended by itself. @param work what it was at: "libx264" */
export function endError(work: string, { startError, signal, code }: ProgramEnd, lastLine: string): AppError {
  if (startError) {
    const ours = isNotThere(startError) ? 'H264_UNAVAILABLE' : (systemErrorCode(startError) ?? 'ENCODER_ENDED');
    return new AppError(ours, `ffmpeg could not be started: ${messageOf(startError)}`);
  }
  const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
  return new AppError('ENCODER_ENDED', `ffmpeg (${work}) ${how}${lastWords(lastLine)}`);
}

/** Returns what is wrong where ffmpeg gives nothing. @param ms how long */
export const silenceError = (work: string, ms: number, lastLine: string): AppError =>
  new AppError('ENCODER_ENDED', `ffmpeg (${work}) gave no picture for ${ms / 1000} s${lastWords(lastLine)}`);

const lastWords = (line: string): string => (line ? `; its last words: ${line}` : '.');
