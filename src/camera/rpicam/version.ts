import { runProgram } from '../../platform/run-program.ts';

/** Time for the program to name its version, milliseconds: a Pi Zero with a cold SD card takes a few seconds. */
const VERSION_TIMEOUT_MS = 10_000;

/** A release of the capture program. */
export interface Release {
  /** Of rpicam-apps or libcamera-apps, "1.12.0"; undefined where it does not say. */
  readonly version: string | undefined;
  /** Whether it encodes with libav; undefined where it does not say, as before 1.9. */
  readonly libav: boolean | undefined;
}

/** Asks the capture program for its release. Never rejects: what cannot be found out is undefined. */
export async function rpicamRelease(program: string, searchPath: string): Promise<Release> {
  const { stdout } = await runProgram(program, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS, searchPath });
  const version = /^(?:rpicam|libcamera)-apps build: v?(\d+(?:\.\d+)*)/m.exec(stdout)?.[1];
  const libav = /\blibav:([01])\b/.exec(stdout)?.[1];
  return { version, libav: libav === undefined ? undefined : libav === '1' };
}

/** Returns whether a release is this one or a later one; false for an unknown one. */
export function isSince(version: string | undefined, first: string): boolean {
  if (version === undefined) return false;
  const numbers = version.split('.').map(Number);
  for (const [at, least] of first.split('.').map(Number).entries()) {
    const number = numbers[at] ?? 0;
    if (number !== least) return number > least;
  }
  return true;
}
