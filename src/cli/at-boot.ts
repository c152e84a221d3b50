import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../platform/programs.ts';
import type { Context } from './context.ts';

/** Exists where systemd runs the machine: sd_booted(3). */
const BOOTED = '/run/systemd/system';
/** Where `sudo` finds programs, whatever the user's PATH is: secure_path of Debian's sudoers. */
const SUDO_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Returns what this process runs: Node.js and the script, which lies beside the page's files. Full paths, links resolved. */
export const ownProgram = ({ webDir }: Pick<Context, 'webDir'>) => ({
  node: resolved(process.execPath),
  main: resolved(join(webDir, '../main.js')),
});

/** Returns our own command as it is typed with `sudo` in front: by its name where sudo finds it. */
export function ownCommand(context: Pick<Context, 'webDir'>): string {
  const { node, main } = ownProgram(context);
  const find = (name: string) => resolved(findProgram(name, SUDO_PATH) ?? '');
  if (find('onvif-camera') === main) return 'onvif-camera';
  return `${find('node') === node ? 'node' : node} ${main}`;
}

/** What to type so that the camera starts with the machine; undefined where there is no systemd. */
export const atBoot = (context: Pick<Context, 'webDir'>, booted: string = BOOTED): string | undefined =>
  existsSync(booted) ? `sudo ${ownCommand(context)} service install` : undefined;

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
