import { execFileSync } from 'node:child_process';
import { test } from '@jest/globals';
import { installation, program } from './programs.ts';

/** Without root, as root of a user namespace. */
const UNSHARE = ['unshare', ...(process.getuid?.() === 0 ? [] : ['-r']), '-m', '--propagation', 'private'];

/**
 * What to start a program with so that it has its own mounts, made by a shell script first.
 * @param script shell commands; "$DISK" is `disk`
 */
export const withMounts = (script: string, disk: string): readonly string[] => [
  ...UNSHARE,
  'env',
  `DISK=${disk}`,
  'sh',
  '-ec',
  `${script}\nexec "$@"`,
  'sh',
];

/** Changes the mounts of a process that was started so, by the arguments of mount(8). */
export function remount(pid: number, ...args: readonly string[]): void {
  const user = process.getuid?.() === 0 ? [] : ['-U', '--preserve-credentials'];
  execFileSync('nsenter', ['-t', String(pid), ...user, '-m', 'mount', ...args], { stdio: 'pipe' });
}

/** How a file on a mount of another process is reached. */
export const seenBy = (pid: number, path: string): string => `/proc/${pid}/root${path}`;

let obstacle: string | undefined | null = null;

function findObstacle(): string | undefined {
  const missing = ['unshare', 'nsenter', 'mount'].find((name) => !program(name));
  if (missing) return `needs ${missing}: ${installation(missing)}`;
  try {
    const [file, ...args] = [...withMounts('mount -t tmpfs tmpfs /mnt', '/mnt'), 'true'];
    execFileSync(file!, args, { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `needs mount namespaces: ${String((error as { stderr?: Buffer }).stderr).trim()}`;
  }
}

/** A test of a program with mounts of its own: left out, with a message, where there can be none; failing in CI. */
export function needsMounts(title: string, fn: () => Promise<void>, timeout?: number): void {
  if (obstacle === null) obstacle = findObstacle();
  const run = obstacle === undefined || process.env.CI !== undefined ? test : test.skip;
  run(obstacle === undefined ? title : `${title} (${obstacle})`, fn, timeout);
}
