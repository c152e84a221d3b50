import { type Check, failure, ok, type Result, skipped, warning } from './check.ts';
import { boardOf, isPi, type Surroundings } from './surroundings.ts';

/** Paths of config.txt: since Raspberry Pi OS Bookworm, and before it. */
const PLACES = ['/boot/firmware/config.txt', '/boot/config.txt'] as const;
/** Overlays that name a sensor, by which a camera is found without camera_auto_detect. */
const SENSOR_OVERLAY = /^(imx|ov|arducam|irs|ar)\d*/i;
/** Memory of the old graphics stack from which on it is worth a warning, MB: libcamera takes none of it. */
const MUCH_GPU_MEMORY = 128;

/** Returns the check of config.txt, the settings of the firmware. */
export const bootConfigChecks = (surroundings: Surroundings): Check[] => [
  { id: 'config-txt', title: 'config.txt', run: () => bootConfig(surroundings) },
];

function bootConfig(surroundings: Surroundings): Result {
  const { tree, settings } = surroundings;
  const place = PLACES.find((each) => tree.text(each) !== undefined);
  if (!isPi(surroundings)) return skipped('this is no Raspberry Pi');
  if (place === undefined) return skipped(`there is none in ${PLACES.join(' or ')}`);
  if (settings.spec.kind === 'images' || settings.spec.kind === 'test' || settings.spec.kind === 'v4l2')
    return skipped(`camera.source is ${settings.spec.kind}, which does not need it`);
  const lines = parseBootConfig(tree.text(place) ?? '', boardOf(surroundings) ?? '');
  const last = (key: string) => lines.findLast((line) => line.key === key)?.value;
  const edit = `\`sudo nano ${place}\``;
  if (last('start_x') === '1' || lines.some(({ key, value }) => key === 'start_file' && /start4?x\.elf/.test(value)))
    return failure(
      `${place} turns on the legacy camera (start_x=1), which libcamera cannot use`,
      `Take start_x out (${edit}; or \`sudo raspi-config\`, Interface Options, Legacy Camera: off), have \`camera_auto_detect=1\`, and reboot.`,
    );
  const overlay = lines.find(({ key, value }) => key === 'dtoverlay' && SENSOR_OVERLAY.test(value));
  if (last('camera_auto_detect') !== '1' && !overlay)
    return warning(
      `${place} has neither camera_auto_detect=1 nor an overlay of a sensor: no camera is looked for`,
      `Add the line \`camera_auto_detect=1\` (${edit}) and reboot; cameras of other makers want their own dtoverlay.`,
    );
  const gpu = Number(last('gpu_mem') ?? 0);
  if (gpu > MUCH_GPU_MEMORY)
    return warning(
      `${place} gives ${gpu} MB to the old graphics stack (gpu_mem), which libcamera does not use`,
      `Take gpu_mem out (${edit}) and reboot.`,
    );
  return ok(`${place}: ${overlay ? `dtoverlay=${overlay.value}` : 'camera_auto_detect=1'}`);
}

interface Line {
  readonly key: string;
  readonly value: string;
}

/**
 * Returns the lines of config.txt that hold on a board. Filters that only the firmware can answer ([gpio4=1], [EDID=…]) are taken to
 * hold.
 * @param board its name from the firmware: "Raspberry Pi 4 Model B Rev 1.4"
 */
export function parseBootConfig(text: string, board: string): Line[] {
  let holds = true;
  const lines: Line[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/#.*/, '').trim();
    const section = /^\[(.+)\]$/.exec(line)?.[1];
    if (section !== undefined) holds = sectionHolds(section.toLowerCase(), board);
    const [, key, value] = /^([a-z_\d]+)\s*=\s*(.*)$/i.exec(line) ?? [];
    if (holds && section === undefined && key !== undefined) lines.push({ key, value: value ?? '' });
  }
  return lines;
}

/** Returns whether a section holds: [all], [none], or a board. "pi4" is also a Compute Module 4, "cm4" that alone. */
function sectionHolds(section: string, board: string): boolean {
  if (section === 'none') return false;
  const [, kind, number = ''] = /^(pi|cm)(\d+)(?:s|\+|w)?$/.exec(section) ?? [];
  if (kind === undefined) return true;
  const generation = number === '02' ? 'Zero 2' : number === '0' ? 'Zero' : number.slice(0, 1);
  if (kind === 'cm') return board.includes(`Compute Module ${generation}`);
  return board.includes(`Raspberry Pi ${generation}`) || board.includes(`Compute Module ${generation}`);
}
