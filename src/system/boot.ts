import { readFileSync } from 'node:fs';

/**
 * The run of this machine: the kernel's random id of it, undefined where there is none, and the milliseconds since it began,
 * without those in which the machine slept (CLOCK_MONOTONIC, see clock_gettime(2)).
 */
export const thisBoot = {
  id: readBootId(),
  elapsed: (): number => Number(process.hrtime.bigint()) / 1e6,
};

function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
