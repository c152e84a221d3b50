import { cpus, loadavg } from 'node:os';
import { type Check, failure, ok, type Result, skipped, warning } from './check.ts';
import { isPi, type Surroundings } from './surroundings.ts';

/** Memory that starting a capture and an encoder takes. */
const LITTLE_MEMORY_MB = 100;
/** Memory below which the system begins to end programs. */
const NO_MEMORY_MB = 40;
/** Near {@link HOT}, °C. */
const WARM = 75;
/** Temperature at which a Pi slows down, as its makers say, °C. */
const HOT = 80;
/** Bits of the firmware's word (documentation of `vcgencmd get_throttled`): present states, and those since the start. */
const UNDER_VOLTAGE = 0x1;
const UNDER_VOLTAGE_HAPPENED = 0x1_0000;
const SLOWED = 0x2 | 0x4 | 0x8;
const SLOWED_HAPPENED = 0x2_0000 | 0x4_0000 | 0x8_0000;
const FIRMWARE_WORD = '/sys/devices/platform/soc/soc:firmware/get_throttled';
/** Load for each core from which on a machine has too much to do: a camera alone keeps less than one core busy. */
const BUSY = 1.5;

/** Returns the checks of memory, load, heat and power. @param loads returns the load averages of 1, 5 and 15 minutes */
export function machineChecks(surroundings: Surroundings, loads: () => readonly number[] = loadavg): Check[] {
  const word = () => firmwareWord(surroundings);
  return [
    { id: 'memory', title: 'Memory', run: () => memory(surroundings) },
    { id: 'load', title: 'Processor', run: () => load(loads()) },
    { id: 'temperature', title: 'Temperature', run: () => temperature(surroundings) },
    { id: 'power', title: 'Power supply', run: async () => power(surroundings, await word()) },
    { id: 'throttling', title: 'Throttling', run: async () => throttling(surroundings, await word()) },
  ];
}

function memory({ tree }: Surroundings): Result {
  const text = tree.text('/proc/meminfo') ?? '';
  const megabytes = (name: string) => {
    const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  };
  const available = megabytes('MemAvailable');
  const total = megabytes('MemTotal');
  if (available === undefined || total === undefined) return skipped('the system does not tell how much memory it has');
  const [cma, cmaFree] = [megabytes('CmaTotal'), megabytes('CmaFree')];
  const seen = `${available} of ${total} MB free${cma ? `, ${cmaFree} of ${cma} MB for camera pictures (CMA)` : ''}`;
  const fix =
    '`ps aux --sort -rss | head` shows who takes it; end what is not needed, or set a smaller picture (camera.width, camera.height).';
  if (available < NO_MEMORY_MB) return failure(seen, fix);
  return available < LITTLE_MEMORY_MB ? warning(seen, fix) : ok(seen);
}

function load([, average = 0]: readonly number[]): Result {
  const cores = cpus().length || 1;
  // That of five minutes, as this program itself makes that of the last one.
  const seen = `${cores} cores, load ${average.toFixed(1)} over five minutes`;
  return average > cores * BUSY
    ? warning(seen, 'The machine has more to do than it can: `top` shows what. Fewer pictures a second (camera.fps) take less.')
    : ok(seen);
}

function temperature({ tree }: Surroundings): Result {
  const degrees = tree
    .list('/sys/class/thermal')
    .filter((name) => name.startsWith('thermal_zone'))
    .map((name) => Number(tree.text(`/sys/class/thermal/${name}/temp`)) / 1000)
    .filter((value) => value > 0);
  if (degrees.length === 0) return skipped('the system has no thermometer');
  const hottest = Math.max(...degrees);
  const seen = `${hottest.toFixed(1)} °C`;
  const fix = 'Give it air or a heat sink, or less to do (camera.fps, camera.width); a hot Pi slows down.';
  if (hottest >= HOT) return failure(seen, fix);
  return hottest >= WARM ? warning(seen, fix) : ok(seen);
}

/** Resolves to what the firmware of a Pi says of its power and speed, as bits; undefined: it says nothing. */
async function firmwareWord({ tree, tools }: Surroundings): Promise<number | undefined> {
  const hexadecimal =
    tree.text(FIRMWARE_WORD) ?? /throttled=0x([\da-f]+)/i.exec((await tools.ask('vcgencmd', ['get_throttled'])) ?? '')?.[1];
  const word = hexadecimal === undefined ? Number.NaN : Number.parseInt(hexadecimal, 16);
  return Number.isNaN(word) ? undefined : word;
}

const POWER_FIX =
  'Use the supply that is made for this Pi (5.1 V; a Pi 5 wants 5 A), with a short cable, and nothing else on its USB ports.';

function power(surroundings: Surroundings, word: number | undefined): Result {
  const alarm = alarmOf(surroundings);
  if (word === undefined && alarm === undefined)
    return skipped(isPi(surroundings) ? 'the firmware does not tell' : 'this is no Raspberry Pi');
  if (alarm === true || ((word ?? 0) & UNDER_VOLTAGE) !== 0) return failure('under-voltage now: the supply is too weak', POWER_FIX);
  if (((word ?? 0) & UNDER_VOLTAGE_HAPPENED) !== 0) return warning('there was under-voltage since the start', POWER_FIX);
  return ok('no under-voltage since the start');
}

/** Returns whether the driver raspberrypi-hwmon sees under-voltage; undefined: there is none. */
function alarmOf({ tree }: Surroundings): boolean | undefined {
  const name = tree.list('/sys/class/hwmon').find((each) => tree.text(`/sys/class/hwmon/${each}/name`) === 'rpi_volt');
  return name === undefined ? undefined : tree.text(`/sys/class/hwmon/${name}/in0_lcrit_alarm`) === '1';
}

function throttling(surroundings: Surroundings, word: number | undefined): Result {
  if (word === undefined) return skipped(isPi(surroundings) ? 'the firmware does not tell' : 'this is no Raspberry Pi');
  const fix = 'Too hot, or too little power: see temperature and power supply. `vcgencmd get_throttled` is 0x0 on a Pi that is well.';
  if ((word & SLOWED) !== 0) return warning('the processor is slowed down now', fix);
  if ((word & SLOWED_HAPPENED) !== 0) return warning('the processor was slowed down since the start', fix);
  return ok('the processor runs at full speed');
}
