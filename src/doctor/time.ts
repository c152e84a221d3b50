import { statSync } from 'node:fs';
import { join } from 'node:path';
import { LinuxMachine } from '../platform/machine/linux-machine.ts';
import { type Check, failure, ok, type Result, warning } from './check.ts';
import type { Surroundings } from './surroundings.ts';

/** A time before this program existed: a clock that is earlier was not set since the start. */
const EARLIEST = Date.UTC(2025, 0);
/** Time by which a file may be ahead of the clock: it may be of another machine, or the clock was corrected. */
const FUTURE_MS = 10 * 60_000;

const SET_NTP = '`sudo timedatectl set-ntp true` (needs systemd-timesyncd: `sudo apt install systemd-timesyncd`)';

/** Returns the checks of the clock, its synchronization and the time zone. */
export function timeChecks(surroundings: Surroundings, machine = machineOf(surroundings)): Check[] {
  return [
    { id: 'clock', title: 'Clock', run: () => clock(surroundings) },
    { id: 'ntp', title: 'Clock from the network', run: async () => ntp((await machine.time()).ntp) },
    { id: 'time-zone', title: 'Time zone', run: async () => timeZone(surroundings, (await machine.time()).timeZone) },
  ];
}

const machineOf = ({ tree, searchPath, clock: hands }: Surroundings) =>
  new LinuxMachine({ managed: false, root: tree.root, searchPath, clock: hands });

function clock({ clock: hands, settings: { dataDir } }: Surroundings): Result {
  const now = hands.now();
  const seen = new Date(now).toISOString().replace(/\.\d+Z$/, 'Z');
  if (now < EARLIEST)
    return failure(`it is ${seen}, they say: the clock was not set since the start`, `${SET_NTP}, and a way to the internet.`);
  const written = writtenAt(join(dataDir, 'state.json'));
  if (written > now + FUTURE_MS)
    return failure(
      `${seen}, but the camera's state was written ${hoursBetween(now, written)} h after that: the clock is slow, or was fast before`,
      `${SET_NTP}; see "Clocks and copied logins" in docs/settings.md.`,
    );
  return ok(seen);
}

/** Returns when a file was written, milliseconds since the Unix epoch; 0: there is none, or this user may not see it. */
function writtenAt(path: string): number {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

const hoursBetween = (from: number, to: number) => ((to - from) / 3_600_000).toFixed(1);

const ntp = (synchronized: boolean): Result =>
  synchronized
    ? ok('the clock is kept by NTP')
    : warning('nobody keeps the clock: time stamps drift, and recorders refuse logins of another time', SET_NTP);

function timeZone({ tree }: Surroundings, zone: string): Result {
  const name = tree.link('/etc/localtime')?.replace(/^.*\/zoneinfo\//, '') ?? tree.text('/etc/timezone');
  if (name === undefined)
    return warning(
      'no time zone is set, so times are UTC',
      '`sudo timedatectl set-timezone Europe/Berlin`, or yours of `timedatectl list-timezones`.',
    );
  return ok(`${name} (${zone})`);
}
