import { existsSync, readFileSync } from 'node:fs';

/** The file that systemd-timesyncd, which Raspberry Pi OS has, touches each time it sets the clock; other services have nothing like it. */
export const CLOCK_SET_FILE = '/run/systemd/timesync/synchronized';

/**
 * The run of this machine: the kernel's random id of it, undefined where there is none; the milliseconds since it began, without
 * those in which the machine slept (CLOCK_MONOTONIC, see clock_gettime(2)); whether a time server has set the clock, as far as
 * {@link CLOCK_SET_FILE} tells.
 */
export const thisBoot = {
  id: readBootId(),
  elapsed: (): number => Number(process.hrtime.bigint()) / 1e6,
  isClockSet: (): boolean => existsSync(CLOCK_SET_FILE),
};

function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
