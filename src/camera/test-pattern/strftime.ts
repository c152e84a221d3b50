const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const SHORT_NAME = 3;
const MS_PER_DAY = 86_400_000;

/** The conversions of strftime(3) in the C locale that make sense in a picture, all in local time. */
const CONVERSIONS: Record<string, (date: Date) => string> = {
  a: (date) => DAYS[date.getDay()]!.slice(0, SHORT_NAME),
  A: (date) => DAYS[date.getDay()]!,
  b: (date) => MONTHS[date.getMonth()]!.slice(0, SHORT_NAME),
  B: (date) => MONTHS[date.getMonth()]!,
  d: (date) => digits(date.getDate()),
  e: (date) => digits(date.getDate(), 2, ' '),
  F: (date) => strftime('%Y-%m-%d', date),
  H: (date) => digits(date.getHours()),
  I: (date) => digits(date.getHours() % 12 || 12),
  j: (date) => digits(dayOfYear(date), 3),
  m: (date) => digits(date.getMonth() + 1),
  M: (date) => digits(date.getMinutes()),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  R: (date) => strftime('%H:%M', date),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => digits(date.getSeconds()),
  T: (date) => strftime('%H:%M:%S', date),
  y: (date) => digits(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
  z: (date) => offset(date),
  Z: (date) => zoneName(date),
  '%': () => '%',
};

/** Returns the format with a time filled in, as C's strftime does. Conversions that it does not know stay as they are. */
export function strftime(format: string, date: Date): string {
  return format.replace(/%(.)/g, (asked, letter: string) => CONVERSIONS[letter]?.(date) ?? asked);
}

const digits = (value: number, length = 2, pad = '0'): string => String(value).padStart(length, pad);

/** Returns the day of the year, 1 to 366. It is counted in UTC, where all days are equally long. */
function dayOfYear(date: Date): number {
  const today = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return (today - Date.UTC(date.getFullYear(), 0, 1)) / MS_PER_DAY + 1;
}

/** Returns the offset from UTC: "+0200". */
function offset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${digits(Math.floor(size / 60))}${digits(size % 60)}`;
}

/** The name of the zone by its offset, with which alone it changes: to find it out is slow. */
const zoneNames = new Map<number, string>();

/** Returns the name of the zone: "EST", or "GMT+2" where English has no short one. */
function zoneName(date: Date): string {
  const minutes = date.getTimezoneOffset();
  let name = zoneNames.get(minutes);
  if (name === undefined) {
    const pieces = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
    name = pieces.find((piece) => piece.type === 'timeZoneName')?.value ?? '';
    zoneNames.set(minutes, name);
  }
  return name;
}
