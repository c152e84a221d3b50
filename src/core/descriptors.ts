import { closeSync, openSync, readFileSync } from 'node:fs';
import { systemErrorCode } from './errors.ts';

/** What opening a camera, an encoder, the modules of ONVIF and a few files takes at the same time. */
const RESERVE = 64;
/** Of a limit so low that {@link RESERVE} would leave too little for viewers, this share is kept. */
const RESERVED_SHARE = 3 / 8;

/** Most descriptors that this process may have open; undefined where the system does not tell (proc(5), /proc/PID/limits). */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/**
 * Keeps some descriptors for ourselves, whoever connects: without one no camera starts, no change is kept, and a module that
 * could not be loaded once is never loaded again by Node.js.
 */
export class DescriptorReserve {
  readonly #most: number;

  /** @param limit most descriptors of this process; undefined: unknown */
  constructor(limit: number | undefined = descriptorLimit()) {
    this.#most = limit === undefined ? Number.POSITIVE_INFINITY : limit - Math.min(RESERVE, Math.ceil(limit * RESERVED_SHARE));
  }

  /** Whether there is one for somebody else. The system always gives the lowest number that is free. */
  hasRoom(): boolean {
    try {
      const lowest = openSync('/dev/null', 'r');
      closeSync(lowest);
      return lowest < this.#most;
    } catch (error) {
      return systemErrorCode(error) !== 'TOO_MANY_FILES';
    }
  }
}
