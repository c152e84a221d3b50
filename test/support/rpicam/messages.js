/** What the program and libcamera say on stderr. */
import { writeSync } from 'node:fs';
import { uptime } from 'node:os';

/** Writes all of a text, also to a pipe that somebody made non-blocking. A reader that is gone is no error here. */
export function say(fd, text) {
  let rest = Buffer.from(text);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') return;
    }
  }
}

/** libcamera's time stamp: since boot, to the nanosecond. */
function sinceBoot() {
  const seconds = uptime();
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds / 60) % 60);
  const s = Math.floor(seconds % 60);
  const fraction = String(process.hrtime.bigint() % 1_000_000_000n).padStart(9, '0');
  return `${h}:${String(m).padStart(2, '0')}:${String(s).padStart(2, '0')}.${fraction}`;
}

export class Messages {
  /** 0 silences all but errors, 1 is normal, 2 is chatty. */
  verbosity = 1;

  error(text) {
    say(2, `${text}\n`);
  }

  /** A line of the program at verbosity 1, or at the given one. */
  line(text, level = 1) {
    if (this.verbosity >= level) say(2, `${text}\n`);
  }

  /** A line of libcamera, from its main thread or from that of the pipeline handler. */
  libcamera(level, text, thread = 'main') {
    if (this.verbosity === 0) return;
    say(2, `[${sinceBoot()}] [${process.pid + (thread === 'main' ? 0 : 1)}] ${level.padStart(5)} ${text}\n`);
  }
}
