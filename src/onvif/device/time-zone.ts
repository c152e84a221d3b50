/** A time zone as IEEE 1003.1 section 8.3 writes it: how far its clocks are ahead of UTC, in milliseconds. */
export interface TimeZone {
  readonly standard: number;
  /** The same as `standard` in a zone without daylight saving time. */
  readonly daylight: number;
}

const NAME = '(?:[A-Za-z]{3,16}|<[A-Za-z0-9+-]{3,16}>)';
const TIME = String.raw`\d{1,3}(?::\d{1,2}(?::\d{1,2})?)?`;
const OFFSET = `[+-]?${TIME}`;
const CHANGE = String.raw`(?:J?\d{1,3}|M\d{1,2}\.[1-5]\.[0-6])(?:/[+-]?${TIME})?`;
const ZONE = new RegExp(`^${NAME}(${OFFSET})(?:(${NAME})(${OFFSET})?(?:,${CHANGE},${CHANGE})?)?$`);

const HOUR_MS = 3_600_000;
/** The longest offset that the standard allows. */
const MAX_OFFSET_MS = 25 * HOUR_MS;

/** Reads "CET-1CEST,M3.5.0,M10.5.0/3"; undefined if it is not well-formed. */
export function parseTimeZone(text: string): TimeZone | undefined {
  const [, standardText, daylightName, daylightText] = ZONE.exec(text) ?? [];
  if (standardText === undefined) return undefined;
  const standard = ahead(standardText);
  const daylight = daylightName === undefined ? standard : daylightText === undefined ? standard + HOUR_MS : ahead(daylightText);
  return Math.max(Math.abs(standard), Math.abs(daylight)) < MAX_OFFSET_MS ? { standard, daylight } : undefined;
}

/** POSIX counts offsets westwards: "-1" is an hour ahead of UTC. */
function ahead(offset: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = offset.replace(/^[+-]/, '').split(':').map(Number);
  const size = ((hours * 60 + minutes) * 60 + seconds) * 1000;
  return offset.startsWith('-') ? size : 0 - size;
}

/** Whether this is the name of a zone of the IANA database, "Europe/Berlin". */
export function isZoneName(text: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/.test(text)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
