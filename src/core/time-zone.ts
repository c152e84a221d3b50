/** A day of the year and a time on it, as in the rules of a POSIX time zone. */
type RuleDay =
  /** Month 1 to 12, week 1 to 5 (5: the last), day of the week 0 (Sunday) to 6. */
  | { readonly kind: 'month'; readonly month: number; readonly week: number; readonly weekday: number }
  /** Day 1 to 365 without 29 February. */
  | { readonly kind: 'julian'; readonly day: number }
  /** Day 0 to 365 with 29 February. */
  | { readonly kind: 'ordinal'; readonly day: number };

interface Rule {
  readonly day: RuleDay;
  /** Seconds after midnight of the day, local time before the change; can be negative or above a day (RFC 8536 section 3.3.1). */
  readonly time: number;
}

/** A time zone by IEEE 1003.1 section 8.3, "TZ". Offsets are seconds east of UTC, the opposite of the text's sign. */
export interface PosixZone {
  /** Abbreviation, "CET". */
  readonly name: string;
  /** Seconds east of UTC. */
  readonly offset: number;
  /** Daylight saving time; undefined: there is none. */
  readonly daylight:
    | {
        readonly name: string;
        readonly offset: number;
        /** When daylight saving time holds; undefined: the text leaves it to the system. */
        readonly rules: { readonly start: Rule; readonly end: Rule } | undefined;
      }
    | undefined;
}

const NAME = '([A-Za-z]{3,}|<[A-Za-z0-9+-]{3,}>)';
const TIME = String.raw`([+-]?\d{1,3}(?::\d{1,2}){0,2})`;
const ZONE = new RegExp(`^${NAME}${TIME}(?:${NAME}${TIME}?(?:,([^,]+),([^,]+))?)?$`);
const RULE = new RegExp(String.raw`^(?:M(\d{1,2})\.([1-5])\.([0-6])|(J?)(\d{1,3}))(?:/${TIME})?$`);
/** Longest text taken, characters: real ones have below 50. */
const MAX_TEXT = 100;
/** Seconds. */
const HOUR = 3600;
/** Seconds. */
const DAY = 24 * HOUR;

/** Returns what a POSIX time zone says, "CET-1CEST,M3.5.0,M10.5.0/3"; undefined if the text is none. */
export function parsePosixZone(text: string): PosixZone | undefined {
  const match = text.length <= MAX_TEXT ? ZONE.exec(text) : null;
  if (!match) return undefined;
  const [, name, westward, daylightName, daylightWestward, startText, endText] = match;
  const west = seconds(westward!, 24);
  if (west === undefined) return undefined;
  const zone = { name: name!.replace(/[<>]/g, ''), offset: 0 - west };
  if (daylightName === undefined) return { ...zone, daylight: undefined };

  const daylightWest = daylightWestward === undefined ? west - HOUR : seconds(daylightWestward, 24);
  if (daylightWest === undefined) return undefined;
  const daylight = { name: daylightName.replace(/[<>]/g, ''), offset: 0 - daylightWest };
  if (startText === undefined) return { ...zone, daylight: { ...daylight, rules: undefined } };
  const start = parseRule(startText);
  const end = parseRule(endText!);
  return start && end && { ...zone, daylight: { ...daylight, rules: { start, end } } };
}

function parseRule(text: string): Rule | undefined {
  const match = RULE.exec(text);
  if (!match) return undefined;
  const [, month, week, weekday, julian, number, timeText] = match;
  const time = timeText === undefined ? 2 * HOUR : seconds(timeText, 167);
  if (time === undefined) return undefined;
  if (month !== undefined) {
    if (Number(month) < 1 || Number(month) > 12) return undefined;
    return { day: { kind: 'month', month: Number(month), week: Number(week), weekday: Number(weekday) }, time };
  }
  const day = Number(number);
  if (day > 365 || (julian === 'J' && day < 1)) return undefined;
  return { day: { kind: julian === 'J' ? 'julian' : 'ordinal', day }, time };
}

/** Returns the seconds of "[+-]hh[:mm[:ss]]"; undefined if a number is too large. */
function seconds(text: string, maxHours: number): number | undefined {
  const [hours = 0, minutes = 0, rest = 0] = text.replace(/^[+-]/, '').split(':').map(Number);
  if (hours > maxHours || minutes > 59 || rest > 59) return undefined;
  const sum = hours * HOUR + minutes * 60 + rest;
  return text.startsWith('-') ? 0 - sum : sum;
}

/**
 * Returns whether clocks are ahead at a time: summer time, whatever the zone calls it, since Ireland's winter time is its "daylight"
 * time. False where the text has no rules.
 * @param utc milliseconds since the Unix epoch
 */
export function isDaylightSaving(zone: PosixZone, utc: number): boolean {
  const { daylight } = zone;
  if (!daylight?.rules) return false;
  const now = utc / 1000;
  const year = new Date((now + zone.offset) * 1000).getUTCFullYear();
  const start = moment(daylight.rules.start, year) - zone.offset;
  const end = moment(daylight.rules.end, year) - daylight.offset;
  const within = start < end ? now >= start && now < end : now >= start || now < end;
  return within === daylight.offset > zone.offset;
}

/** Returns when a rule applies in a year, as if the local time were UTC: seconds since the Unix epoch. */
function moment({ day, time }: Rule, year: number): number {
  return dayStart(day, year) / 1000 + time;
}

function dayStart(day: RuleDay, year: number): number {
  if (day.kind === 'ordinal') return Date.UTC(year, 0, 1 + day.day);
  // 2023 is a common year, in which days are counted just so.
  if (day.kind === 'julian') {
    const date = new Date(Date.UTC(2023, 0, day.day));
    return Date.UTC(year, date.getUTCMonth(), date.getUTCDate());
  }
  const first = Date.UTC(year, day.month - 1, 1);
  const after = ((day.weekday - new Date(first).getUTCDay() + 7) % 7) + (day.week - 1) * 7;
  const monthDays = new Date(Date.UTC(year, day.month, 0)).getUTCDate();
  return first + (after < monthDays ? after : after - 7) * DAY * 1000;
}

/** Returns how close a zone is to the one asked for: the same with its names, the same clock, or another one. */
export function likeness(asked: PosixZone, zone: PosixZone): 'same' | 'same clock' | 'other' {
  if (asked.offset !== zone.offset || asked.daylight?.offset !== zone.daylight?.offset) return 'other';
  const sameNames = asked.name === zone.name && asked.daylight?.name === zone.daylight?.name;
  // Daylight time without rules says nothing about the clock but its names.
  if (asked.daylight && !asked.daylight.rules) return sameNames ? 'same' : 'other';
  if (JSON.stringify(asked.daylight?.rules) !== JSON.stringify(zone.daylight?.rules)) return 'other';
  return sameNames ? 'same' : 'same clock';
}

/** Returns the POSIX zone of an offset (seconds east of UTC) where no more is known, named as the zone files do: "<+0530>-5:30". */
export function fixedZone(offset: number): string {
  if (offset === 0) return 'UTC0';
  const minutes = Math.round(Math.abs(offset) / 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  const pad = (value: number) => String(value).padStart(2, '0');
  const [sign, opposite] = offset > 0 ? ['+', '-'] : ['-', ''];
  return `<${sign}${pad(hours)}${rest === 0 ? '' : pad(rest)}>${opposite}${hours}${rest === 0 ? '' : `:${pad(rest)}`}`;
}

/** Returns whether a text is the name of a zone of the IANA database: "Europe/Berlin". */
export function isZoneName(text: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+){0,2}$/.test(text)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
