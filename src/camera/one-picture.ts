import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { AppError, messageOf, systemErrorCode } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Frame } from '../frames/frame.ts';
import { Camera } from './camera.ts';
import type { ResolvedSource, ResolverOptions } from './resolver.ts';

export interface OnePictureOptions extends Omit<ResolverOptions, 'workDir'> {
  readonly log: Logger;
  /** How long to wait for it once the camera is found, milliseconds. */
  readonly timeoutMs: number;
  /** Ends it at the first error, also at one that may pass. */
  readonly impatient?: boolean;
  /** Ends it; its reason is what is thrown then. */
  readonly signal: AbortSignal;
}

/** A picture, where it came from, and what the camera had to say on the way. */
export interface OnePicture {
  readonly frame: Frame;
  readonly resolved: ResolvedSource;
  readonly notices: readonly AppError[];
}

/** Starts the camera, takes one picture and stops it. Throws an AppError if none comes. */
export async function takeOnePicture({ timeoutMs, impatient = false, signal, ...options }: OnePictureOptions): Promise<OnePicture> {
  const workDir = makeWorkDir();
  let lastError: AppError | undefined;
  let notices: readonly AppError[] = [];
  let onFrame = (_frame: Frame): void => {};
  let onFailure = (_error: AppError): void => {};
  const camera = new Camera({
    ...options,
    workDir,
    watched: () => true,
    clock: systemClock,
    onFrame: (frame) => onFrame(frame),
    onReport: (report) => {
      notices = report.notices;
      lastError = report.error ?? lastError;
      if (report.error?.permanent || (impatient && report.error)) onFailure(report.error);
    },
  });
  // Also keeps the process alive while it waits.
  let timer: NodeJS.Timeout | undefined;
  try {
    const aborted = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
    // It may come when nobody waits any more.
    aborted.catch(() => {});
    signal.throwIfAborted();
    const resolved = await Promise.race([camera.resolve(), aborted]);
    const taken = new Promise<Frame>((resolve, reject) => {
      timer = setTimeout(() => reject(lastError ?? new AppError('NO_FRAMES', 'No picture came.')), timeoutMs);
      onFrame = resolve;
      onFailure = reject;
      camera.start();
    });
    const frame = await Promise.race([taken, aborted]);
    return { frame, resolved, notices };
  } finally {
    clearTimeout(timer);
    await camera.stop();
    rmSync(workDir, { recursive: true, force: true });
  }
}

function makeWorkDir(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'onvif-camera-'));
  } catch (error) {
    const code = systemErrorCode(error) ?? 'SNAPSHOT_FAILED';
    throw new AppError(code, `No folder for temporary files can be made in ${tmpdir()}: ${messageOf(error)}`, { cause: error });
  }
}
