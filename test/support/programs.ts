import { spawnSync } from 'node:child_process';
import { describe, test } from '@jest/globals';
import { findProgram } from '../../src/platform/programs.ts';

/** Debian packages of programs whose names are others. */
const PACKAGES: Readonly<Record<string, string>> = {
  ffprobe: 'ffmpeg',
  zmc: 'zoneminder',
  'zmonvif-probe.pl': 'zoneminder',
  'zmonvif-trigger.pl': 'zoneminder',
  mariadbd: 'mariadb-server-core',
  mariadb: 'mariadb-client-core',
  'mariadb-install-db': 'mariadb-server-core',
  'onvif-util': 'onvif-tools',
  xmllint: 'libxml2-utils',
  ip: 'iproute2',
  nft: 'nftables',
  unshare: 'util-linux',
  'systemd-analyze': 'systemd',
  nsenter: 'util-linux',
  'avahi-browse': 'avahi-utils',
  'dbus-daemon': 'dbus',
  nginx: 'nginx-light',
  go: 'golang-go',
  'gst-launch-1.0': 'gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-libav',
};

/** What to type where a program is missing. */
export const installation = (name: string): string => `apt install ${PACKAGES[name] ?? name}`;

/** Path of a program of the system, if it is installed. Servers are where only root's PATH leads. */
export const program = (name: string): string | undefined => findProgram(name, `${process.env.PATH ?? ''}:/usr/sbin`);

/** Debian's Python, which has Debian's Python packages; another one may come first in PATH. */
export const PYTHON = '/usr/bin/python3';

/**
 * Whether a test fails where this program is missing: in CI. Not where `.ci/run` names it in CI_WITHOUT, since no package of
 * the machine's has one that will do.
 */
export const isPromised = (name: string): boolean =>
  process.env.CI !== undefined && !(process.env.CI_WITHOUT ?? '').split(' ').includes(name);

/** Whether {@link PYTHON} has a module. */
export function hasPythonModule(name: string): boolean {
  return spawnSync(PYTHON, ['-c', `import ${name}`], { stdio: 'ignore' }).status === 0;
}

/** The same as {@link needsProgram} for a module of Debian's Python. */
export const needsPython = (module: string, title: string, fn: () => Promise<void>, timeout?: number): void =>
  needs(hasPythonModule(module), `the Python module ${module}: apt install python3-${module}`, title, fn, timeout);

/** The same as {@link needsProgram} for a module of Debian's Perl. */
export const needsPerl = (module: string, title: string, fn: () => Promise<void>, timeout?: number): void =>
  needs(
    spawnSync('/usr/bin/perl', ['-e', `require ${module}`], { stdio: 'ignore' }).status === 0,
    `the Perl module ${module}: apt install lib${module.toLowerCase().replaceAll('::', '-')}-perl`,
    ...([title, fn, timeout] as const),
  );

/** A test that needs a program of the system: left out, with a message, where it is missing; failing for that in CI. */
export const needsProgram = (name: string, title: string, fn: () => Promise<void>, timeout?: number): void =>
  needs(program(name) !== undefined, `${name}: ${installation(name)}`, title, fn, timeout);

function needs(isThere: boolean, what: string, title: string, fn: () => Promise<void>, timeout?: number): void {
  const isToRun = isThere || process.env.CI !== undefined;
  const run = isToRun ? test : test.skip;
  run(isToRun ? title : `${title} (needs ${what})`, fn, timeout);
}

/**
 * A group of tests: left out where there is a reason ("needs ffmpeg: apt install ffmpeg"), which its title then tells; failing
 * for that in CI.
 * @param name the program, where CI does not always have it
 */
export function describeNeeding(reason: string | undefined, title: string, fn: () => void, name = ''): void {
  const run = reason === undefined || isPromised(name) ? describe : describe.skip;
  run(reason === undefined ? title : `${title} (${reason})`, fn);
}
