import { AppError, messageOf } from '../core/errors.ts';
import { FlvError } from '../protocols/flv/demuxer.ts';
import type { H264Output, OnPicture } from './h264-output.ts';
import { captureProgram, type ProgramCapture } from './program-source.ts';
import type { Capture, CaptureEvents } from './source.ts';

/** A program that is to write H.264, and what is done with its output and its end. */
export interface H264Capture {
  /** The program, and how what it says is understood. */
  readonly program: ProgramCapture;
  /** Makes the reader of its output. */
  readonly output: (onPicture: OnPicture) => H264Output;
  /** Called instead of {@link CaptureEvents.ended}. @param gave whether a picture has come */
  readonly ended: (error: AppError, gave: boolean) => void;
  /** Called when the program is stopped because no picture ever came, although it ran. */
  readonly silent: (error: AppError) => void;
}

/** Starts a program that writes H.264 to standard output. Output that cannot be read ends the capture (CAPTURE_ENDED). */
export function captureH264({ program, output, ended, silent }: H264Capture, events: CaptureEvents): Capture {
  let over = false;
  let gave = false;
  const reader = output((picture, ownTime) => {
    gave = true;
    events.unit(picture, ownTime);
  });
  const close = () => {
    over = true;
    reader.close();
  };
  const end = (error: AppError) => {
    if (over) return;
    close();
    ended(error, gave);
  };
  const bytes = (chunk: Buffer) => {
    if (over) return;
    try {
      reader.push(chunk);
    } catch (error) {
      if (!(error instanceof FlvError)) throw error;
      const name = program.command.split('/').at(-1);
      end(new AppError('CAPTURE_ENDED', `What ${name} sends cannot be read: ${messageOf(error)}.`));
    }
  };
  const capture = captureProgram(program, { ...events, bytes, ended: end });
  return {
    async stop(frozen) {
      const name = program.command.split('/').at(-1);
      if (frozen && !gave && !over) silent(new AppError('CAPTURE_ENDED', `${name} runs, but gives no picture.`));
      close();
      await capture.stop(frozen);
    },
  };
}
