import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { examineState } from '../config/state.ts';
import { messageOf } from '../core/errors.ts';
import { checkPrivateDirectory, directoryError } from '../platform/files.ts';
import { type Check, failure, fromError, ok, type Result, warning } from './check.ts';
import { mayLook, type Surroundings } from './surroundings.ts';

/** The oldest Node.js that this program runs on, major and minor: `engines` of package.json, which a test compares. */
export const OLDEST_NODE = [20, 19] as const;

/** Returns the checks of what the program itself needs: Node.js, the image library, settings and state. */
export function programChecks(surroundings: Surroundings): Check[] {
  return [
    { id: 'node', title: 'Node.js', run: () => node(surroundings) },
    { id: 'image-library', title: 'Image library', run: () => imageLibrary(surroundings) },
    { id: 'settings', title: 'Settings', run: () => settings(surroundings) },
    { id: 'state', title: 'Users and state', run: () => state(surroundings) },
  ];
}

function node({ nodeVersion, architecture, version }: Surroundings): Result {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  const seen = `Node.js ${nodeVersion} (${architecture}), onvif-camera ${version}`;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor))
    return failure(
      `${seen}; ${oldestMajor}.${oldestMinor} is the oldest that works`,
      '`sudo apt install nodejs` on Raspberry Pi OS Trixie; elsewhere see https://nodejs.org/en/download.',
    );
  return ok(seen);
}

async function imageLibrary({ loadImageLibrary, settings: { spec } }: Surroundings): Promise<Result> {
  try {
    await loadImageLibrary();
    return ok('sharp can be loaded');
  } catch (error) {
    const seen = `sharp cannot be loaded: ${messageOf(error).split('\n')[0]}`;
    const fix =
      'Run `npm install` on this machine, or install the package anew. Only the test pattern, and pictures that RTP cannot carry as they are, need it.';
    return spec.kind === 'test' ? failure(seen, fix) : warning(seen, fix);
  }
}

function settings({ settings: { fault, file, explicit, config } }: Surroundings): Result {
  if (fault) return fromError(fault);
  const from = file === undefined ? 'no settings file' : `settings from ${file}`;
  return ok(`${from}, ${explicit.size} of them set, camera.source ${config.camera.source}`);
}

function state(surroundings: Surroundings): Result {
  const { dataDir } = surroundings.settings;
  if (!mayLook(surroundings))
    return failure(
      `${surroundings.user.name} may not look into the data directory ${dataDir}`,
      'Ask as the user who runs the camera, or as root: `sudo onvif-camera doctor`.',
    );
  const stat = statSync(dataDir, { throwIfNoEntry: false });
  if (!stat) return ok(`${dataDir} is not there yet; the first start makes it`);
  try {
    // To root, the directory may belong to another user: a service has one of its own.
    const open = checkPrivateDirectory(dataDir, surroundings.user.uid === 0 ? stat.uid : undefined);
    const found = examineState(dataDir);
    if (found === 'damaged')
      return failure(
        `${basename(dataDir)}/state.json is damaged`,
        `The next start puts it aside and begins anew, with a new password for admin. To keep the old one: mend it, or take it from a backup (${dataDir}/state.json).`,
      );
    if (open !== undefined) return warning(open, `\`chmod go-w ${dataDir}\``);
    return ok(found ? `${dataDir}, ${countOf(found.users.length, 'user')}` : `${dataDir} is empty; the first start fills it`);
  } catch (error) {
    const { message, hint } = directoryError(`The data directory ${dataDir} cannot be read`, error);
    return failure(message, hint);
  }
}

const countOf = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
