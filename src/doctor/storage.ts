import { closeSync, constants, fsyncSync, openSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { directoryError } from '../platform/files.ts';
import { type Check, failure, fromError, ok, type Result, skipped, warning } from './check.ts';
import { explainNoServer, mayLook, type Surroundings } from './surroundings.ts';

/** Free space below which something will soon fail. */
const LITTLE_SPACE_MB = 200;
/** Free space below which the system and its journal cannot go on. */
const NO_SPACE_MB = 20;
/** Share of the entries of a file system (inodes) that has to be free. */
const FREE_ENTRIES = 0.02;
/** Size of the trial file: more than a block, so that a full disk shows. */
const TRIAL_BYTES = 64 * 1024;

/** Size of a file system as statfs(2) tells it: blocks, bytes in each, and entries (inodes). */
export type FileSystemSize = Readonly<Record<'bavail' | 'blocks' | 'bsize' | 'files' | 'ffree', number>>;

/** Returns the checks of the disk that has the state, temporary files and the system. */
export function storageChecks(surroundings: Surroundings, sizeOf: (place: string) => FileSystemSize = statfsSync): Check[] {
  return [
    { id: 'disk-space', title: 'Disk space', run: () => space(surroundings, sizeOf) },
    { id: 'disk-writable', title: 'Writing', run: () => writable(surroundings) },
    { id: 'disk-errors', title: 'SD card', run: () => cardErrors(surroundings) },
  ];
}

function space({ settings: { dataDir } }: Surroundings, sizeOf: (place: string) => FileSystemSize): Result {
  const places = [...new Set([existing(dataDir), tmpdir()])];
  const found = places.map((place) => {
    const { bavail, blocks, bsize, files, ffree } = sizeOf(place);
    const megabytes = Math.floor((bavail * bsize) / 1e6);
    // Some file systems have no fixed number of entries, and tell 0.
    return { place, megabytes, size: (blocks * bsize) / 1e6, entries: files === 0 ? 1 : ffree / files };
  });
  const seen = found.map(({ place, megabytes }) => `${megabytes} MB free in ${place}`).join(', ');
  const fix = '`df -h` shows what is full; `sudo apt clean` and `sudo journalctl --vacuum-size=50M` make room.';
  const scarce = found.find(({ entries }) => entries < FREE_ENTRIES);
  if (scarce)
    return failure(`${seen}; no more files can be made in ${scarce.place}`, `\`df -i\` shows it; remove what made so many small files.`);
  // A small disk of its own (a tmpfs of 50 MB) is not full because it is small.
  const short = (limit: number) => found.some(({ megabytes, size }) => megabytes < Math.min(limit, size * 0.1));
  if (short(NO_SPACE_MB)) return failure(seen, fix);
  return short(LITTLE_SPACE_MB) ? warning(seen, fix) : ok(seen);
}

/** Writes a file and removes it: missing rights, a full disk and one that was turned read-only show by that. */
function writable(surroundings: Surroundings): Result {
  const {
    settings: { dataDir },
    user,
  } = surroundings;
  if (!mayLook(surroundings)) return skipped(explainNoServer(surroundings));
  const dir = existing(dataDir);
  const path = join(dir, `.onvif-camera-doctor-${process.pid}`);
  try {
    const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    try {
      // Writes all of it: a single write(2) is content with what fits.
      writeFileSync(file, Buffer.alloc(TRIAL_BYTES));
      fsyncSync(file);
    } finally {
      closeSync(file);
      rmSync(path, { force: true });
    }
  } catch (error) {
    return fromError(directoryError(`${user.name} cannot write in ${dir}`, error));
  }
  return ok(`${user.name} can write in ${dir}`);
}

/** Returns the directory, or the nearest one above it that exists. */
function existing(dir: string): string {
  const parent = dirname(dir);
  return parent === dir || statSync(dir, { throwIfNoEntry: false })?.isDirectory() ? dir : existing(parent);
}

/** Looks at devices that should be writable, and at the errors that ext4 has counted. */
function cardErrors({ tree }: Surroundings): Result {
  const mounts = (tree.text('/proc/mounts') ?? '').split('\n').map((line) => line.split(' '));
  const disks = mounts.filter(([device = '', , type = '']) => device.startsWith('/dev/') && /^(ext[234]|f2fs|btrfs|xfs|vfat)$/.test(type));
  const replace =
    'A card that begins to fail is turned read-only: `dmesg | grep -iE "mmc|ext4|I/O error"` tells. Make a copy, and replace it.';
  const readOnly = disks.find(([, place = '', , options = '']) => (place === '/' || place === '/var') && /(^|,)ro(,|$)/.test(options));
  if (readOnly)
    return failure(
      `${readOnly[1]} (${readOnly[0]}) is mounted read-only`,
      `${replace} If it was meant to be (overlay): \`sudo raspi-config\`.`,
    );
  const broken = tree
    .list('/sys/fs/ext4')
    .map((name) => ({ name, count: Number(tree.text(`/sys/fs/ext4/${name}/errors_count`) ?? 0) }))
    .find(({ count }) => count > 0);
  if (broken)
    return warning(
      `the file system on ${broken.name} has counted ${broken.count} errors`,
      `${replace} \`sudo touch /forcefsck\`, then reboot.`,
    );
  return disks.length === 0
    ? skipped('the system names no disk')
    : ok(
        `${disks
          .map(([device]) => device)
          .slice(0, 3)
          .join(', ')}: no errors counted`,
      );
}
