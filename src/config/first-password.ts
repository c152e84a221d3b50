import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { directoryError, readOwnFile, writeFileAtomically } from '../platform/files.ts';

/** A user's name and password, in clear. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

type Users = readonly { readonly name: string; readonly password: string }[];

/** Longest file that is read, bytes; the one that is written has less than 300. */
const MAX_BYTES = 4096;

const place = (dataDir: string) => join(dataDir, 'first-password.txt');

/**
 * Writes the password that was made at the first start to `first-password.txt` in the data directory, mode 0600, for when nobody
 * sees a terminal. The file goes with the password: see {@link dropFirstPassword}.
 *
 * @returns the path of the file
 * @throws AppError
 */
export function writeFirstPassword(dataDir: string, user: string, password: string): string {
  const path = place(dataDir);
  const text = `User      ${user}\nPassword  ${password}\n\nMade at the first start of onvif-camera. Note it down and delete this file; when the password is changed,\nor the user deleted, it goes by itself.\n`;
  try {
    writeFileAtomically(path, text);
  } catch (error) {
    throw directoryError(`The first password cannot be kept in ${path}`, error);
  }
  return path;
}

/** Returns the path of the file; undefined where there is none that can be read. */
export const findFirstPassword = (dataDir: string): string | undefined => (read(dataDir) ? place(dataDir) : undefined);

/** Removes the file if its password is out of date. Never throws: such a file lets nobody in. */
export function dropFirstPassword(dataDir: string, users: Users): void {
  const kept = read(dataDir);
  if (!kept || users.some(({ name, password }) => name === kept.user && password === kept.password)) return;
  try {
    rmSync(place(dataDir), { force: true });
  } catch {
    // The disk may be read-only.
  }
}

function read(dataDir: string): Login | undefined {
  try {
    const [, user, password] = /^User +(.+)\nPassword +(.+)\n/.exec(readOwnFile(place(dataDir), { maxBytes: MAX_BYTES })?.text ?? '') ?? [];
    return user === undefined || password === undefined ? undefined : { user, password };
  } catch {
    return undefined;
  }
}
