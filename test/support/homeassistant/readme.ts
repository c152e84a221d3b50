import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const README = join(import.meta.dirname, '../../../homeassistant/README.md');

/** A text of Home Assistant's page without what differs between the versions that are tested: capitals, and "H264" for "H.264". */
export const plain = (text: string): string => text.toLowerCase().replace('h264', 'h.264');

/** The first column of the table in homeassistant/README.md whose head begins with `head`. */
export function firstColumn(head: string): string[] {
  const lines = readFileSync(README, 'utf8').split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  if (start < 0) throw new Error(`no table is headed ${head}`);
  const rows = lines.slice(start + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) => line.split('|')[1]!.trim());
}
