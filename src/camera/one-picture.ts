import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { AppError, messageOf, systemErrorCode } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Frame } from '../frames/frame.ts';
import { Camera, type CameraOptions } from './camera.ts';
import type { ResolvedSource, ResolverOptions } from './resolver.ts';
import type { VideoSettings } from './source.ts';

/** Where one picture is to be taken from, and how long to wait for it. */
export interface OnePictureOptions extends Omit<ResolverOptions, 'workDir'> {
  readonly log: Logger;
  /** How long to wait for the picture once the camera is found, milliseconds. */
  readonly timeoutMs: number;
  /** Whether to give up at the first error, even one that may pass; default false. */
  readonly impatient?: boolean;
  /** Ends the wait; its reason is what is thrown then. */
  readonly signal: AbortSignal;
}

/** A picture, where it came from, and what the camera had to say on the way. */
export interface OnePicture {
  readonly frame: Frame;
  readonly resolved: ResolvedSource;
  readonly notices: readonly AppError[];
}

/** Starts the camera, takes one picture and stops it. Rejects with an AppError if none comes. */
export async function takeOnePicture(options: OnePictureOptions): Promise<OnePicture> {
  const { taken: frame, ...rest } = await takeOne<Frame>(options, (take) => ({ onFrame: take }));
  return { frame, ...rest };
}

/**
 * Starts the camera to see whether it gives H.264 itself, and stops it. Rejects with an AppError if it gives nothing at all.
 * @returns name for people of what makes the H.264; or why the camera gives JPEGs
 */
export async function tryH264(options: OnePictureOptions & { readonly video: VideoSettings }): Promise<string | AppError> {
  const { taken, resolved, notices } = await takeOne<'H264' | 'JPEG'>(options, (take) => ({
    onFrame: () => take('JPEG'),
    onUnit: () => take('H264'),
  }));
  const { encoder, description } = resolved.source;
  if (taken === 'H264') return encoder ?? description;
  const isWhy = ({ code }: AppError) => code === 'CAMERA_H264' || code === 'SETTING_WITHOUT_EFFECT';
  return notices.find(isWhy) ?? notices[0] ?? new AppError('CAMERA_H264', `${description} gives JPEGs.`);
}

/** Runs a camera until the first thing that it gives. */
async function takeOne<T>(
  { timeoutMs, impatient = false, signal, ...options }: OnePictureOptions,
  listen: (take: (what: T) => void) => Pick<CameraOptions, 'onFrame' | 'onUnit'>,
): Promise<{ readonly taken: T; readonly resolved: ResolvedSource; readonly notices: readonly AppError[] }> {
  const workDir = makeWorkDir();
  let lastError: AppError | undefined;
  let notices: readonly AppError[] = [];
  let onTaken = (_what: T): void => {};
  let onFailure = (_error: AppError): void => {};
  const camera = new Camera({
    ...options,
    workDir,
    watched: () => true,
    clock: systemClock,
    ...listen((what) => onTaken(what)),
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
    await Promise.race([camera.resolve(), aborted]);
    const first = new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(lastError ?? new AppError('NO_FRAMES', 'No picture came.')), timeoutMs);
      onTaken = resolve;
      onFailure = reject;
      camera.start();
    });
    const taken = await Promise.race([first, aborted]);
    // As it turned out to be: a camera that was thought to give H.264 may not.
    return { taken, resolved: await camera.resolve(), notices };
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
