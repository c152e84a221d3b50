import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A V4L2 device that looks like a webcam. */
export interface VideoDevice {
  /** "/dev/video0" */
  readonly path: string;
  /** The driver's name for it: "HD Pro Webcam C920". */
  readonly name: string;
}

/** Matches the names of the Pi's own video engines (codecs, ISP, CSI receiver): V4L2 devices, but no webcams. */
const ENGINES = /^(bcm2835-(codec|isp|unicam)|unicam|rp1-cfe|rpivid|rpi-hevc|pispbe|hantro|rkvdec)/i;

/**
 * Returns the V4L2 capture devices that look like webcams, lowest number first. Never throws.
 * @param sysfs root of sysfs, "/sys"
 */
export function listVideoDevices(sysfs: string): VideoDevice[] {
  const base = join(sysfs, 'class', 'video4linux');
  const read = (node: string, file: string) => {
    try {
      return readFileSync(join(base, node, file), 'utf8').trim();
    } catch {
      return '';
    }
  };
  let nodes: string[];
  try {
    nodes = readdirSync(base);
  } catch {
    return [];
  }
  return (
    nodes
      .filter((node) => /^video\d+$/.test(node))
      .sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
      // A webcam has two nodes: index 0 gives pictures, index 1 only metadata.
      .filter((node) => read(node, 'index') === '0' || read(node, 'index') === '')
      .map((node) => ({ path: `/dev/${node}`, name: read(node, 'name') || node }))
      .filter((device) => !ENGINES.test(device.name))
  );
}
