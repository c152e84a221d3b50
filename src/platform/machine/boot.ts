import { existsSync, readFileSync } from 'node:fs';

/**
 * The run of this machine: the kernel's random id of it, undefined where there is none, and the milliseconds since it began,
 * without those in which the machine slept (CLOCK_MONOTONIC, see clock_gettime(2)). Whether a time server has set the clock says
 * systemd-timesyncd, which Raspberry Pi OS has; where there is another service, nobody does.
 */
export const thisBoot = {
  id: readBootId(),
  elapsed: (): number => Number(process.hrtime.bigint()) / 1e6,
  isClockSet: (): boolean => existsSync('/run/systemd/timesync/synchronized'),
};

function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
