import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import { fixedZone, isDaylightSaving, parsePosixZone } from '../../core/time-zone.ts';
import type { ClockSetting, TimeInfo } from '../machine.ts';
import { CLOCK_SET_FILE } from './boot.ts';
import { Cached } from './cached.ts';
import { parseProperties, type Tools } from './tools.ts';
import type { Tree } from './tree.ts';
import { refuse } from './validate.ts';
import { findZone, isZone, localZone, tzifFooter } from './zone-files.ts';

/** How long an answer is good, milliseconds: clients ask for the time before every other request, and it changes no faster. */
const MAX_AGE_MS = 5000;
/** Time between two tries to set the clock, milliseconds: systemd refuses until its time service has ended. */
const SET_TIME_RETRY_MS = 200;
/** How often it is tried. */
const SET_TIME_TRIES = 25;
/**
 * From and up to which a time can be set, milliseconds since the Unix epoch: an earlier one is a mistake, and systemd takes no year
 * of five digits.
 */
const UTC_RANGE = [Date.UTC(2000, 0), Date.UTC(9999, 0)] as const;

/** Reads and sets the system's clock, its zone, and whether a time service keeps it. */
export class Timekeeping {
  readonly #time: Cached<TimeInfo>;

  constructor(
    private readonly tree: Tree,
    private readonly tools: Tools,
    private readonly clock: Clock,
  ) {
    this.#time = new Cached(clock, MAX_AGE_MS, () => this.#readTime());
  }

  /** Resolves with how the machine keeps the time. Never rejects. */
  time(): Promise<TimeInfo> {
    return this.#time.get();
  }

  async #readTime(): Promise<TimeInfo> {
    const shown = parseProperties((await this.tools.ask('timedatectl', ['show'])) ?? '');
    const timeZone = localZone(this.tree) ?? this.#zoneNamed(shown.get('Timezone')) ?? this.#zoneOfProcess();
    const zone = parsePosixZone(timeZone);
    return {
      ntp: await this.#isSynchronized(shown),
      timeZone,
      daylightSavings: zone !== undefined && isDaylightSaving(zone, this.clock.now()),
    };
  }

  #zoneNamed(name: string | undefined): string | undefined {
    const file = name !== undefined && isZone(this.tree, name) ? this.tree.bytes(`/usr/share/zoneinfo/${name}`) : undefined;
    return file && tzifFooter(file);
  }

  #zoneOfProcess(): string {
    return fixedZone(-60 * new Date(this.clock.now()).getTimezoneOffset());
  }

  async #isSynchronized(shown: ReadonlyMap<string, string>): Promise<boolean> {
    const synchronized = shown.get('NTPSynchronized');
    // The kernel goes on calling its clock synchronised for hours after the service was switched off.
    if (synchronized !== undefined) return synchronized === 'yes' && !(shown.get('CanNTP') === 'yes' && shown.get('NTP') === 'no');
    if (this.tree.text(CLOCK_SET_FILE) !== undefined) return true;
    return /^Leap status\s*:\s*(?:Normal|Insert|Delete)/m.test((await this.tools.ask('chronyc', ['-n', 'tracking'])) ?? '');
  }

  /**
   * Checks all of a setting first; then sets the zone, then whether a time service keeps the clock, then the clock. Rejects with an
   * AppError (SYSTEM_FAILED).
   */
  async set({ ntp, utc, timeZone }: ClockSetting): Promise<void> {
    if (utc !== undefined && !(utc >= UTC_RANGE[0] && utc < UTC_RANGE[1]))
      refuse('The time is out of range: the years 2000 to 9998 can be set.');
    const zone = timeZone === undefined ? undefined : await this.#zoneToSet(timeZone);
    const change = (...args: string[]) => this.tools.change('timedatectl', ['--no-ask-password', ...args]);
    const startedAt = this.clock.monotonic();
    try {
      if (zone !== undefined) await change('set-timezone', zone);
      if (ntp) {
        await change('set-ntp', 'true');
        return;
      }
      // Where there is no time service at all, switching it off is refused, though the clock can be set.
      const shown = parseProperties((await this.tools.ask('timedatectl', ['show'])) ?? '');
      if (shown.get('NTP') !== 'no') await change('set-ntp', 'false');
      if (utc === undefined) return;
      for (let tries = 1; ; tries++) {
        // Later by what this took.
        const time = utc + (this.clock.monotonic() - startedAt);
        try {
          await change('set-time', `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`);
          return;
        } catch (error) {
          if (tries === SET_TIME_TRIES || !/Previous request is not finished|Automatic time synchronization/.test(messageOf(error)))
            throw error;
          await new Promise<void>((resolve) => void this.clock.after(SET_TIME_RETRY_MS, resolve));
        }
      }
    } finally {
      this.#time.clear();
    }
  }

  /** Resolves with the IANA name for an IANA or POSIX zone. Rejects with an AppError (SYSTEM_FAILED) where there is none. */
  async #zoneToSet(text: string): Promise<string> {
    if (isZone(this.tree, text)) return text;
    const zone = parsePosixZone(text);
    if (!zone) return refuse(`${JSON.stringify(text.slice(0, 80))} is neither a POSIX time zone nor one that this system knows.`);
    return (await findZone(this.tree, zone)) ?? refuse(`This system has no time zone with the rules of "${text}".`);
  }
}
