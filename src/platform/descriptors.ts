import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemErrorCode } from '../core/errors.ts';

/** Descriptors that are kept: as many as a camera, an encoder, the modules of ONVIF and a few files take at the same time. */
const RESERVE = 64;
/** Share of the limit that is kept where it is so low that {@link RESERVE} would leave too little for viewers. */
const RESERVED_SHARE = 3 / 8;

/**
 * Returns how many descriptors this process may have open (the soft RLIMIT_NOFILE, which Node.js raises to the hard one
 * when it starts); infinite where there is no limit, or the system does not tell (proc(5), /proc/PID/limits).
 *
 * @param root of the file system
 */
export function descriptorLimit(root = '/'): number {
  try {
    const soft = /^Max open files\s+(\d+)\s/m.exec(readFileSync(join(root, 'proc/self/limits'), 'latin1'))?.[1];
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/**
 * Keeps some descriptors for this program itself, however many clients connect: without one no camera starts, no change is
 * stored, and a module that could not be loaded once is never loaded again by Node.js.
 */
export class DescriptorReserve {
  /** Descriptors that connections may take up; infinite where the system sets no limit, or does not tell. */
  readonly forOthers: number;

  /** @param limit most descriptors of this process */
  constructor(limit: number = descriptorLimit()) {
    this.forOthers = limit - Math.min(RESERVE, Math.ceil(limit * RESERVED_SHARE));
  }

  /** Returns whether a connection may take a descriptor. The system always gives the lowest number that is free. */
  hasFree(): boolean {
    try {
      const lowest = openSync('/dev/null', 'r');
      closeSync(lowest);
      return lowest < this.forOthers;
    } catch (error) {
      return systemErrorCode(error) !== 'TOO_MANY_FILES';
    }
  }
}
