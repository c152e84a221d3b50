import { execFile, execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from '@jest/globals';
import { installation, isPromised, program } from '../programs.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MARK = 'IN_OWN_NETWORK';
/** Longest time for all tests of a file, milliseconds; most take less than a minute, on a busy machine two. */
const TIMEOUT_MS = 300_000;
const INTEROP = join(ROOT, 'test/interop');
/** Longest time for one test with foreign programs that says none, milliseconds; as in `npm run test:interop`. */
const INTEROP_TEST_TIMEOUT_MS = 90_000;
/** Without root, as root of a user namespace. */
const UNSHARE = process.getuid?.() === 0 ? ['-n'] : ['-r', '-n'];
/** /sys shows the interfaces of the network it was mounted in. */
const WITH_OWN_SYS = ['-m', 'sh', '-c', 'mount -t sysfs sysfs /sys && exec "$@"', 'sh'];

/** Why there can be no network namespaces here; undefined if there can. */
function obstacle(programs: readonly string[]): string | undefined {
  const missing = ['ip', 'unshare', 'nsenter', ...programs].find((name) => !program(name));
  if (missing) return `needs ${missing}: ${installation(missing)}`;
  if (process.getuid?.() !== 0 && programs.includes('avahi-daemon')) return 'needs root: avahi-daemon makes a folder in /run';
  try {
    execFileSync('unshare', [...UNSHARE, ...WITH_OWN_SYS, 'ip', 'link', 'add', 'try0', 'type', 'veth', 'peer', 'name', 'try1'], {
      stdio: 'pipe',
    });
    return undefined;
  } catch (error) {
    return `needs network namespaces: ${String((error as { stderr?: Buffer }).stderr).trim()}`;
  }
}

/**
 * Runs the tests that `define` defines in a network namespace of their own, by running `file` again there; multicast must
 * not reach the real network, nor come from it. Left out, with a message, where that is not possible; failing in CI.
 * @param timeoutMs longest time for all of them, milliseconds
 */
export function inOwnNetwork(file: string, programs: readonly string[], define: () => void, timeoutMs = TIMEOUT_MS): void {
  if (process.env[MARK]) {
    define();
    return;
  }
  const reason = obstacle(programs);
  const run = reason === undefined || (process.env.CI !== undefined && programs.every(isPromised)) ? test : test.skip;
  run(
    `in a network of its own${reason ? ` (${reason})` : ''}`,
    async () => {
      const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', join(ROOT, 'node_modules/jest/bin/jest.js')];
      // In there everybody is root, whose cache may be another user's.
      const cache = join(tmpdir(), `jest-${process.getuid!()}`);
      const options = ['--runInBand', '--verbose', '--forceExit', '--cacheDirectory', cache];
      if (file.startsWith(INTEROP)) options.push('--testTimeout', String(INTEROP_TEST_TIMEOUT_MS));
      const args = [...UNSHARE, ...WITH_OWN_SYS, process.execPath, ...jest, ...options, file];
      await new Promise<void>((resolve, reject) => {
        execFile(
          'unshare',
          args,
          { cwd: ROOT, env: { ...process.env, [MARK]: '1' }, timeout: timeoutMs, killSignal: 'SIGKILL' },
          (error, stdout, stderr) => {
            if (error) reject(new Error(`${stdout}${stderr}`));
            else resolve();
          },
        );
      });
    },
    timeoutMs + 5000,
  );
}

/** Whether the tests of this process run in a network of their own already. */
export const isInOwnNetwork = (): boolean => process.env[MARK] !== undefined;
