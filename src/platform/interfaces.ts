import os from 'node:os';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';

/** The addresses of each interface, by its name. */
export type InterfaceAddresses = ReturnType<typeof os.networkInterfaces>;

/**
 * Reads the machine's network interfaces. The system's own call throws where no file can be opened any more and where a sandbox
 * forbids netlink sockets; this never does: the answer is then the last one that came, at first an empty one.
 */
export class Interfaces {
  #last: InterfaceAddresses = {};
  /** Whether the present failure has been logged. */
  #told = false;

  constructor(private readonly ask: () => InterfaceAddresses = () => os.networkInterfaces()) {}

  /**
   * Returns the interfaces. Never throws.
   *
   * @param log gets one line when the system's call begins to fail, and one when it works again
   */
  read(log?: Pick<Logger, 'warn' | 'info'>): InterfaceAddresses {
    try {
      this.#last = this.ask();
    } catch (error) {
      if (!this.#told)
        log?.warn(
          `The machine's network addresses cannot be read (${messageOf(error)}); those known before are used. Either too many files ` +
            'are open (`ulimit -n`, LimitNOFILE= of the service), or the service may not use AF_NETLINK. It is tried again.',
        );
      this.#told ||= log !== undefined;
      return this.#last;
    }
    if (this.#told) log?.info("The machine's network addresses can be read again.");
    if (log) this.#told = false;
    return this.#last;
  }
}

/** The shared instance: what was learned once is known everywhere. */
export const machineInterfaces = new Interfaces();
