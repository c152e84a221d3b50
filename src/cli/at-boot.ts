import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../platform/programs.ts';
import type { Context } from './context.ts';

/** Directory that exists where systemd runs the machine: sd_booted(3). */
const BOOTED = '/run/systemd/system';
/** Directories in which `sudo` finds programs, whatever the user's PATH is: secure_path of Debian's sudoers. */
const SUDO_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Returns the full paths, links resolved, of Node.js and of the script that this process runs, which lies beside the page's files. */
export const ownProgram = ({ webDir }: Pick<Context, 'webDir'>) => ({
  node: resolved(process.execPath),
  main: resolved(join(webDir, '../main.js')),
});

/** Returns the command of this program as it is typed after `sudo`: its name where sudo finds it, else Node.js and the script. */
export function ownCommand(context: Pick<Context, 'webDir'>): string {
  const { node, main } = ownProgram(context);
  const find = (name: string) => resolved(findProgram(name, SUDO_PATH) ?? '');
  if (find('onvif-camera') === main) return 'onvif-camera';
  return `${find('node') === node ? 'node' : node} ${main}`;
}

/** Returns what to type so that the camera starts with the machine; undefined where there is no systemd. */
export const atBoot = (context: Pick<Context, 'webDir'>, booted: string = BOOTED): string | undefined =>
  existsSync(booted) ? `sudo ${ownCommand(context)} service install` : undefined;

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
