const two = (value: number) => String(value).padStart(2, '0');

/** Returns a time by the clock of this machine: "14:02:11" on the day of `now`, else with its date in front. */
export function localTime(time: Date, now: Date): string {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  const day = (date: Date) => [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return day(time) === day(now) ? clock : `${day(time)} ${clock}`;
}

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ['day', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
];

/** Returns a duration (milliseconds) in its two largest units: "3 h 5 min", "2 days", "0 s". */
export function duration(ms: number): string {
  let seconds = Math.max(0, Math.floor(ms / 1000));
  const first = UNITS.findIndex(([, length]) => seconds >= length);
  if (first < 0) return '0 s';
  const words: string[] = [];
  for (const [name, length] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(seconds / length);
    seconds -= count * length;
    if (count > 0) words.push(`${count} ${name}${name === 'day' && count > 1 ? 's' : ''}`);
  }
  return words.join(' ');
}
