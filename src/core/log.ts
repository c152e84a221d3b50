/** What a line of the log says besides its message; written as JSON. */
export type LogFields = Record<string, unknown>;

/** A log. The program's own is made in cli/; tests pass theirs. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A log that writes nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Shortest time between two lines of one kind, milliseconds. */
const THROTTLE_MS = 1000;

/** Lets one line per second through and counts the rest: what strangers or the network cause must not flood the log. */
export class LogThrottle {
  #last = Number.NEGATIVE_INFINITY;
  #suppressed = 0;

  constructor(private readonly clock: { monotonic(): number }) {}

  /** Calls `write` unless a line was written less than a second ago. @param write gets the number of lines left out since, if any */
  log(write: (suppressed: { suppressed?: number }) => void): void {
    const now = this.clock.monotonic();
    if (now - this.#last < THROTTLE_MS) {
      this.#suppressed++;
      return;
    }
    write(this.#suppressed > 0 ? { suppressed: this.#suppressed } : {});
    this.#last = now;
    this.#suppressed = 0;
  }
}

/**
 * User and password in the address of a URL, from "://" on: looked for from the scheme on, a long word such as the path of a
 * stranger's request would be searched from each of its letters to its end.
 */
const URL_CREDENTIALS = /:\/\/[^\s/?#"'\\]*@/g;

/** Returns the text without the users and passwords of the addresses in it. */
export const withoutCredentials = (text: string): string => text.replace(URL_CREDENTIALS, '://…@');
