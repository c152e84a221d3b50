import { dirname } from 'node:path';

/** First line of a unit that {@link serviceUnit} made: only such a one is changed or removed. */
export const MARK = '# Written by `onvif-camera service install`; `onvif-camera service remove` takes it away.';

/** The line with which the units of the package start the program. */
const PACKAGED = 'ExecStart=/usr/bin/node /usr/lib/onvif-camera/dist/main.js';
/** Places that the unit hides from the service. */
const HIDDEN = ['/home/', '/run/user/', '/tmp/', '/var/tmp/'];

/** What a unit of systemd has of its own on this machine. */
export interface UnitOptions {
  /** Full path of Node.js, links resolved. */
  readonly node: string;
  /** Full path of what Node.js runs, links resolved. */
  readonly main: string;
  /** Whether there is `systemd-notify`; without it systemd can be told nothing. */
  readonly canNotify: boolean;
}

/**
 * Returns the unit (systemd.unit(5)) for a program that is not where the package puts it.
 * @param template the unit of the package
 */
export function serviceUnit(template: string, { node, main, canNotify }: UnitOptions): string {
  // The folder of the program with what it loads, and that of Node.js: `~/.nvm/versions/node/v22.11.0`.
  const folders = new Set([dirname(dirname(main)), dirname(dirname(node))].filter((folder) => isHidden(`${folder}/`)));
  const binds = [...folders].map((folder) => `BindReadOnlyPaths=${quoted(folder)}\n`).join('');
  const unit = template
    .replace(/^Documentation=.*\n/m, '')
    .replace(PACKAGED, () => `ExecStart=${quoted(node)} ${quoted(main)}`)
    .replace(/^ProtectHome=.*\n/m, (line) => `${line}${binds}`);
  return `${MARK}\n${canNotify ? unit : unit.replace('Type=notify', 'Type=exec').replace(/^(NotifyAccess|WatchdogSec)=.*\n/gm, '')}`;
}

const isHidden = (path: string) => HIDDEN.some((place) => path.startsWith(place));

/** Returns the program that a unit starts, the second word of its ExecStart=; undefined: none is found. */
export const programOf = (unit: string): string | undefined =>
  /^ExecStart="?[^"\s]+"? "?([^"\n]+?)"?(?: --.*)?$/m.exec(unit)?.[1]?.replaceAll('%%', '%');

/**
 * Returns a path as a word of a unit's command line or path list (systemd.service(5), "Command lines"): specifiers and variables
 * stand for themselves.
 */
function quoted(path: string): string {
  const escaped = path.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /[\s"'\\]/.test(path) ? `"${escaped.replace(/["\\]/g, '\\$&')}"` : escaped;
}
