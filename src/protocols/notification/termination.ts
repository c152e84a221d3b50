/** An xs:duration; years and months are taken as long as they are on average. */
const DURATION = /^(-)?P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?$/;
const DAY_MS = 86_400_000;
const LENGTHS_MS = [365.2425 * DAY_MS, 30.436875 * DAY_MS, DAY_MS, 3_600_000, 60_000, 1000];

/** Returns the milliseconds of an xs:duration; undefined: the text is none. */
export function durationMs(text: string): number | undefined {
  const trimmed = text.trim();
  const match = DURATION.exec(trimmed);
  if (!match || /[PT]$/.test(trimmed)) return undefined;
  const [, minus, ...counts] = match;
  const sum = counts.reduce((total, count, index) => total + Number(count ?? 0) * LENGTHS_MS[index]!, 0);
  return minus ? -sum : sum;
}

/** An xs:dateTime; one without a time zone is in UTC. */
const DATE_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:(\.\d{1,3})\d*)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * Returns how far off the end of a subscription is, milliseconds; negative: it is over. Undefined: the text says no time.
 *
 * @param text an xs:duration from now on, or an xs:dateTime
 * @param now milliseconds since the Unix epoch
 * @see WS-BaseNotification 1.3, AbsoluteOrRelativeTimeType
 */
export function timeUntil(text: string, now: number): number | undefined {
  const duration = durationMs(text);
  if (duration !== undefined) return duration;
  const [, time, fraction = '', zone = 'Z'] = DATE_TIME.exec(text.trim()) ?? [];
  const at = time === undefined ? Number.NaN : Date.parse(time + fraction + zone);
  return Number.isNaN(at) ? undefined : at - now;
}
