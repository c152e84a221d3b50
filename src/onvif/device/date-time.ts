import { invalidArgument } from '../../protocols/soap/fault.ts';
import { child, integer } from '../args.ts';
import type { SoapObject } from '../service.ts';

/** tt:DateTime in UTC. @param ms milliseconds since the Unix epoch */
export function dateTime(ms: number): SoapObject {
  const date = new Date(ms);
  return {
    Time: { Hour: date.getUTCHours(), Minute: date.getUTCMinutes(), Second: date.getUTCSeconds() },
    Date: { Year: date.getUTCFullYear(), Month: date.getUTCMonth() + 1, Day: date.getUTCDate() },
  };
}

/** The years that a clock can be set to; any other is a mistake. */
const FIRST_YEAR = 2000;
const LAST_YEAR = 2099;

/** Reads a tt:DateTime in UTC: milliseconds since the Unix epoch. Throws Sender / InvalidArgVal / InvalidDateTime. */
export function toMilliseconds(value: SoapObject): number {
  const number = (part: string, name: string) => integer(child(value, part), name) ?? Number.NaN;
  const [year, month, day] = [number('Date', 'Year'), number('Date', 'Month'), number('Date', 'Day')];
  const [hour, minute, second] = [number('Time', 'Hour'), number('Time', 'Minute'), number('Time', 'Second')];
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const back = new Date(ms);
  // A day or an hour that does not exist, such as 31 June, comes back as another one.
  const real =
    year >= FIRST_YEAR &&
    year <= LAST_YEAR &&
    [back.getUTCMonth() + 1, back.getUTCDate(), back.getUTCHours(), back.getUTCMinutes(), back.getUTCSeconds()].join() ===
      [month, day, hour, minute, second].join();
  if (!real) throw invalidArgument('InvalidDateTime', 'UTCDateTime must be a complete, real date and time.');
  return ms;
}
