import { closeSync, constants, openSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';

/**
 * Returns the error for what a user may not open (CAMERA_PERMISSION), with the command that changes it.
 * @param user this one, unless another is named
 */
export function permissionError(message: string, user: string = userName()): AppError {
  const next = 'then log in again (a service: start it again)';
  return new AppError('CAMERA_PERMISSION', message, {
    hint: `Add the user to the group: \`sudo usermod -aG video ${user}\`, ${next}.`,
  });
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in the system's list, as in a container.
    return '$USER';
  }
}

/**
 * Returns the path of the device that keeps this user from a Pi's camera; undefined where nothing does. libcamera passes over
 * what it may not open and says that there is no camera: it needs the media devices, and one of the DMA heaps for its buffers.
 * @param dev root of the devices, "/dev"
 */
export function deniedCameraDevice(dev: string): string | undefined {
  const media = list(dev).filter((name) => /^media\d+$/.test(name));
  const denied = media.map((name) => join(dev, name)).find(isDenied);
  if (denied !== undefined) return denied;
  const heaps = list(join(dev, 'dma_heap')).map((name) => join(dev, 'dma_heap', name));
  // Without a media device there is no camera to be kept from: other machines have heaps for the superuser alone.
  return media.length > 0 && heaps.length > 0 && heaps.every(isDenied) ? heaps[0] : undefined;
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch {
    return [];
  }
}

/** Opens a device rather than asking about it, since access control lists and capabilities count too. To open one of these does nothing. */
function isDenied(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    return false;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM';
  }
}
