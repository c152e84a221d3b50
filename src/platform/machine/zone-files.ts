import { readFile } from 'node:fs/promises';
import { likeness, type PosixZone, parsePosixZone } from '../../core/time-zone.ts';
import type { Tree } from './tree.ts';

const ZONES = '/usr/share/zoneinfo';
/** Matches names of IANA zones: "Europe/Berlin", "Etc/GMT+5", "EST5EDT"; no dots, so that no path leads out of the folder. */
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9][A-Za-z0-9_+-]*)*$/;
/** Largest zone file that is read, bytes: real ones have below 4 KB. */
const MAX_FILE = 1 << 16;

/** Returns the POSIX time zone at the end of a TZif file of version 2 or later (RFC 8536 section 3.3); undefined if it has none. */
export function tzifFooter(file: Uint8Array): string | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  if (bytes.length > MAX_FILE || bytes.length < 44 || bytes.toString('latin1', 0, 4) !== 'TZif' || bytes[4]! < 0x32) return undefined;
  if (bytes.at(-1) !== 0x0a) return undefined;
  const start = bytes.lastIndexOf(0x0a, bytes.length - 2);
  const footer = bytes.toString('latin1', start + 1, bytes.length - 1);
  return start >= 44 && parsePosixZone(footer) ? footer : undefined;
}

/** Returns the system's time zone as a POSIX text, from /etc/localtime; UTC if there is none (tzset(3)); undefined if it cannot be told. */
export function localZone(tree: Tree): string | undefined {
  const file = tree.bytes(tree.link('/etc/localtime') ?? '/etc/localtime');
  if (file) return tzifFooter(file);
  return tree.list('/etc').length > 0 ? 'UTC0' : undefined;
}

/** Returns the IANA name of the system's time zone, as /etc/localtime's link tells it. */
function localZoneName(tree: Tree): string | undefined {
  return /\/zoneinfo\/(.+)$/.exec(tree.link('/etc/localtime') ?? '')?.[1];
}

/** Returns whether the system has a zone of that name. */
export function isZone(tree: Tree, name: string): boolean {
  if (!ZONE_NAME.test(name)) return false;
  return tree.bytes(`${ZONES}/${name}`)?.toString('latin1', 0, 4) === 'TZif';
}

/**
 * Resolves with the name of a zone of this system that keeps the clock as `zone` does, best with the same abbreviations; undefined if
 * there is none. The present zone goes first, then those without a place ("Etc/UTC"), then all that have their own time.
 */
export async function findZone(tree: Tree, zone: PosixZone): Promise<string | undefined> {
  let sameClock: string | undefined;
  for (const name of zoneNames(tree)) {
    const file = await readFile(tree.path(`${ZONES}/${name}`)).catch(() => undefined);
    const footer = file && tzifFooter(file);
    const found = footer === undefined ? undefined : parsePosixZone(footer);
    const like = found ? likeness(zone, found) : 'other';
    if (like === 'same') return name;
    if (like === 'same clock') sameClock ??= name;
  }
  return sameClock;
}

function zoneNames(tree: Tree): string[] {
  const table = tree.text(`${ZONES}/zone1970.tab`) ?? tree.text(`${ZONES}/zone.tab`) ?? '';
  const places = table.split('\n').flatMap((line) => (line.startsWith('#') ? [] : (line.split('\t')[2] ?? [])));
  const placeless = tree.list(`${ZONES}/Etc`).map((name) => `Etc/${name}`);
  const names = [localZoneName(tree) ?? [], 'Etc/UTC', placeless, places].flat();
  return [...new Set(names)].filter((name) => ZONE_NAME.test(name));
}
