import { runProgram } from '../../platform/run-program.ts';

const VERSION_TIMEOUT_MS = 10_000;

/** The release of rpicam-apps or libcamera-apps, "1.12.0"; undefined where it does not say. */
export async function rpicamVersion(program: string, searchPath: string): Promise<string | undefined> {
  const { stdout } = await runProgram(program, ['--version'], { timeoutMs: VERSION_TIMEOUT_MS, searchPath });
  return /^(?:rpicam|libcamera)-apps build: v?(\d+(?:\.\d+)*)/m.exec(stdout)?.[1];
}

/** Whether a release is this one or a later one. */
export function isSince(version: string | undefined, first: string): boolean {
  if (version === undefined) return false;
  const numbers = version.split('.').map(Number);
  for (const [at, least] of first.split('.').map(Number).entries()) {
    const number = numbers[at] ?? 0;
    if (number !== least) return number > least;
  }
  return true;
}
