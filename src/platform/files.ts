import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, messageOf, systemErrorCode } from '../core/errors.ts';

/**
 * Thrown for a file that others could have made or changed, and which is therefore neither read nor written. The message
 * says what it is.
 */
export class UnsafeFileError extends Error {}

/** Thrown for a file that is longer than it may be. */
export class FileTooLargeError extends Error {}

/** Flags with which `open` neither follows a link, nor waits for a writer to a named pipe, nor takes a controlling terminal. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const ROOT = 0;
/** The bits of a file's mode that let its group and others do something with it. */
const OTHERS = 0o077;

/** Returns the user that this program runs as; undefined on systems that have none. */
const me = (): number | undefined => process.geteuid?.();

/** A file that only this program can have written. */
export interface OwnFile {
  readonly text: string;
  /** Whether others can read it, and that could not be changed. */
  readonly exposed: boolean;
}

/** How such a file is read. */
export interface ReadOptions {
  /** Most bytes; a longer file is not read. */
  readonly maxBytes: number;
  /** Whether the permissions of others are taken away; default false. */
  readonly makePrivate?: boolean;
}

/**
 * Reads a file that only this program can have written: no link, no pipe, no device, and no other user's, so that nobody who may
 * write into the directory can have the program read, wait for or change something else. Returns undefined if there is none.
 * @throws UnsafeFileError, FileTooLargeError, or an error of the operating system
 */
export function readOwnFile(path: string, { maxBytes, makePrivate = false }: ReadOptions): OwnFile | undefined {
  let file: number;
  try {
    file = openSync(path, READ_FLAGS);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP') throw new UnsafeFileError(`${path} is a symbolic link`);
    if (code === 'ENXIO') throw new UnsafeFileError(`${path} is no regular file`);
    throw error;
  }
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new UnsafeFileError(`${path} is no regular file`);
    checkOwner(path, stat);
    const exposed = makePrivate && (stat.mode & OTHERS) !== 0 && !closeToOthers(file);
    return { text: readText(file, path, maxBytes), exposed };
  } finally {
    closeSync(file);
  }
}

/** Throws unless the file is this user's or root's; root also reads what belongs to the owner of the directory that it was pointed to. */
function checkOwner(path: string, { uid }: Stats): void {
  const user = me();
  if (user === undefined || uid === user || uid === ROOT) return;
  if (user === ROOT && statSync(dirname(path)).uid === uid) return;
  throw new UnsafeFileError(`${path} belongs to another user (uid ${uid})`);
}

/**
 * Takes away the permissions of others. Returns whether that was possible: some file systems keep no modes, others are
 * mounted read-only.
 */
function closeToOthers(file: number): boolean {
  try {
    fchmodSync(file, PRIVATE);
    return true;
  } catch {
    return false;
  }
}

function readText(file: number, path: string, maxBytes: number): string {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024);
    const count = readSync(file, chunk);
    if (count === 0) return Buffer.concat(chunks).toString('utf8');
    length += count;
    // Its size says little: it may grow while it is read.
    if (length > maxBytes) throw new FileTooLargeError(`${path} has more than ${maxBytes} bytes`);
    chunks.push(chunk.subarray(0, count));
  }
}

/** Mode of a file for its owner alone. */
const PRIVATE = 0o600;
const DRAFT_ENDING = '.new';
/** Matches the names of drafts. */
const DRAFT = /\.(?:json(?:\.v\d+)?|txt)\.[0-9a-f]{16}\.new$/;

/**
 * Writes a file so that a crash or a power cut leaves the old one or the new one, never half of either. Mode 0600. What stands
 * at the path is replaced, a link too; nothing is left behind where it cannot be written.
 *
 * @param isLasting false: what it says ends with the process. The disk is not waited for, and a power cut may leave anything.
 * @throws Error of the operating system, with the old file as it was
 */
export function writeFileAtomically(path: string, text: string, isLasting = true): void {
  const draft = draftOf(path);
  // Opened first: with no descriptor left for it, nothing has been changed yet.
  const directory = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const file = openSync(draft, 'wx', PRIVATE);
    try {
      try {
        writeFileSync(file, text);
        if (isLasting) fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(draft, path);
    } catch (error) {
      rmSync(draft, { force: true });
      throw error;
    }
    if (isLasting) syncDirectory(directory);
  } finally {
    closeSync(directory);
  }
}

/**
 * Does the same as {@link writeFileAtomically} while the program goes on: a slow disk takes half a second. Rejects with an Error of
 * the operating system, with the old file as it was.
 *
 * @param mode of the file, whatever the umask; default 0600
 */
export async function writeFileInBackground(path: string, text: string, mode = PRIVATE): Promise<void> {
  const draft = draftOf(path);
  const directory = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const file = await open(draft, 'wx', PRIVATE);
    try {
      try {
        if (mode !== PRIVATE) await file.chmod(mode);
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    // As in syncDirectory.
    await directory.sync().catch(() => {});
  } finally {
    await directory.close();
  }
}

/** Returns a path that nobody can guess, so that nothing can stand in its way. */
const draftOf = (path: string) => `${path}.${randomBytes(8).toString('hex')}${DRAFT_ENDING}`;

/**
 * Writes a directory through to the disk: without it a power cut may undo the renaming. Errors are ignored: some file
 * systems cannot, and what is renamed cannot be taken back.
 */
function syncDirectory(directory: number): void {
  try {
    fsyncSync(directory);
  } catch {
    // The new file is in place all the same.
  }
}

/** Removes the drafts that crashes left of {@link writeFileAtomically}, as far as possible. Nobody else may be writing there. */
export function removeDrafts(dir: string): void {
  const attempt = <T>(act: () => T): T | undefined => {
    try {
      return act();
    } catch {
      // It takes up a few bytes, that is all.
      return undefined;
    }
  };
  const names = attempt(() => readdirSync(dir)) ?? [];
  for (const name of names.filter((each) => DRAFT.test(each))) attempt(() => rmSync(join(dir, name), { force: true }));
}

/**
 * Checks that a directory is one for secrets. It may be a link itself (systemd's DynamicUser makes one).
 * @param user id of the user whose secrets they are; default: this one; undefined where the system has none
 * @returns a sentence that says what the user should change, although the directory can be used; undefined: nothing
 * @throws UnsafeFileError, or an error of the operating system
 */
export function checkPrivateDirectory(dir: string, user = me()): string | undefined {
  const { mode, uid } = statSync(dir);
  if (user !== undefined && uid !== user && uid !== ROOT)
    throw new UnsafeFileError(`it belongs to another user (uid ${uid}), who could exchange the files in it`);
  const [sticky, othersWrite, groupWrites] = [mode & 0o1000, mode & 0o002, mode & 0o020];
  if (sticky !== 0) return undefined;
  if (othersWrite !== 0) throw new UnsafeFileError('everybody on this machine can write it, and could exchange the files in it');
  return groupWrites === 0 ? undefined : `Its group can write ${dir} and exchange the files in it: \`chmod g-w ${dir}\` takes that away.`;
}

/**
 * Returns the error that the user reads when something in a directory of the camera fails: DISK_FULL, DISK_READ_ONLY or
 * TOO_MANY_FILES where the operating system says so, else DATA_DIR.
 *
 * @param what "The state cannot be written to /var/lib/onvif-camera", without a full stop
 */
export function directoryError(what: string, error: unknown): AppError {
  const unsafe = error instanceof UnsafeFileError ? { hint: UNSAFE_HINT } : {};
  return new AppError(systemErrorCode(error) ?? 'DATA_DIR', `${what}: ${messageOf(error)}`, { ...unsafe, cause: error });
}

const UNSAFE_HINT =
  'Start as the user it belongs to, put that right (`ls -la` shows it; `chown`, `chmod go-w`, `rm`), or give another directory with --data-dir.';
