import { AppError, messageOf, systemErrorCode } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { OutputSocket } from '../platform/output-socket.ts';
import { isNotThere, Program, type ProgramEnd, type ProgramEvents, type ProgramOptions } from '../platform/program.ts';
import type { Capture, CaptureEvents } from './source.ts';

/** Returns what one line of a capture program's standard error means; undefined: nothing that a user should know. */
export type ReadLine = (line: string) => { readonly error: AppError; readonly fatal: boolean } | undefined;

/** A capture program, and how what it says is understood. */
export interface ProgramCapture {
  /** Path of the program. */
  readonly command: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** Understands a line of its standard error. */
  readonly readLine: ReadLine;
  /** Whether the program says a line on every run, so that it explains no end. */
  readonly isRoutine: (line: string) => boolean;
  /** See {@link ProgramOptions.stopSignals}. */
  readonly stopSignals?: ProgramOptions['stopSignals'];
  readonly log: Logger;
}

/** Matches lines in which programs of many kinds say what went wrong. */
const COMPLAINT = /\b(?:error|fatal|failed|cannot|what\(\))/i;

/** Starts a program that writes pictures to standard output, and turns what it says into errors a user can act on. */
export function captureProgram(options: ProgramCapture, events: CaptureEvents): Capture {
  const { command, args, searchPath, readLine, isRoutine, stopSignals, log } = options;
  const name = command.split('/').at(-1)!;
  let reason: AppError | undefined;
  let words = '';
  const told = new Set<string>();
  log.debug(`starting ${name}`, { command, args });
  const programEvents: ProgramEvents = {
    stdout: (chunk) => events.bytes(chunk),
    stderrLine(line) {
      log.debug(line, { program: name });
      // The first complaint is the reason, those after it are its consequences; without one the last words have to do.
      if (!isRoutine(line) && !COMPLAINT.test(words)) words = line.trim();
      const meaning = readLine(line);
      if (meaning?.fatal) reason ??= meaning.error;
      else if (meaning && !told.has(meaning.error.code)) {
        // rpicam-vid repeats some of them every second, for ever.
        told.add(meaning.error.code);
        events.notice(meaning.error);
      }
    },
    ended(end) {
      const { startError } = end;
      const code = startError && isNotThere(startError) ? 'PROGRAM_MISSING' : (systemErrorCode(startError) ?? 'CAPTURE_ENDED');
      events.ended(reason ?? new AppError(code, describeEnd(name, end, words)));
    },
  };
  let program: Program | undefined;
  let stopped = false;
  const started = OutputSocket.open()
    .catch((error: unknown) => {
      log.debug(`the output of ${name} goes through a pipe: ${messageOf(error)}`);
      return undefined;
    })
    .then((output) => {
      if (stopped) return output?.close();
      try {
        program = new Program(command, args, searchPath, programEvents, { output, ...(stopSignals ? { stopSignals } : {}) });
      } catch (error) {
        output?.close();
        throw error;
      }
    })
    .catch((error: unknown) => events.ended(new AppError('CAPTURE_ENDED', messageOf(error), { cause: error })));
  return {
    async stop(frozen) {
      stopped = true;
      await started;
      await program?.stop(frozen);
    },
  };
}

function describeEnd(name: string, end: ProgramEnd, words: string): string {
  if (end.startError) return `${name} could not be started: ${messageOf(end.startError)}`;
  const how = end.signal ? `was ended by ${end.signal}` : `ended with exit code ${end.code}`;
  return words ? `${name} ${how}; it said: ${words}` : `${name} ${how}.`;
}
