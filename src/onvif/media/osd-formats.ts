/** ONVIF's words for a date and what strftime draws for them (OSDTextConfiguration); those that need no more than C's own names. */
const DATES = {
  'yyyy-MM-dd': '%F',
  'yyyy/MM/dd': '%Y/%m/%d',
  'MM/dd/yyyy': '%m/%d/%Y',
  'dd/MM/yyyy': '%d/%m/%Y',
  'MMMM dd, yyyy': '%B %d, %Y',
  'dd MMMM, yyyy': '%d %B, %Y',
  'dddd, MMMM dd, yyyy': '%A, %B %d, %Y',
  'dddd, dd MMMM, yyyy': '%A, %d %B, %Y',
} as const;

const TIMES = {
  'HH:mm:ss': '%T',
  'hh:mm:ss tt': '%I:%M:%S %p',
} as const;

export const DATE_FORMATS = Object.keys(DATES) as readonly (keyof typeof DATES)[];
export const TIME_FORMATS = Object.keys(TIMES) as readonly (keyof typeof TIMES)[];

/** Date in front of the time. */
const BETWEEN = ' ';

/** What stands in the picture, as ONVIF tells it. */
export type OsdText =
  | { readonly type: 'Plain'; readonly text: string }
  | { readonly type: 'Date'; readonly date: string }
  | { readonly type: 'Time'; readonly time: string }
  | { readonly type: 'DateAndTime'; readonly date: string; readonly time: string };

export const OSD_TEXT_TYPES = ['Plain', 'Date', 'Time', 'DateAndTime'] as const satisfies readonly OsdText['type'][];

/** Every text that is a date, a time or both. */
const CLOCKS: ReadonlyMap<string, OsdText> = new Map<string, OsdText>([
  ...DATE_FORMATS.map((date) => [DATES[date], { type: 'Date', date }] as const),
  ...TIME_FORMATS.map((time) => [TIMES[time], { type: 'Time', time }] as const),
  ...DATE_FORMATS.flatMap((date) =>
    TIME_FORMATS.map((time) => [DATES[date] + BETWEEN + TIMES[time], { type: 'DateAndTime', date, time }] as const),
  ),
]);

/** How ONVIF tells a text with strftime's conversions; one that is more than date and time is plain, with its conversions in it. */
export const osdTextOf = (annotate: string): OsdText => CLOCKS.get(annotate) ?? { type: 'Plain', text: annotate };

/** The text with strftime's conversions; undefined where a format is none of ours. A plain text may have conversions itself. */
export function annotateOf(osd: OsdText): string | undefined {
  if (osd.type === 'Plain') return osd.text;
  return [...CLOCKS].find(([, known]) => JSON.stringify(known) === JSON.stringify(osd))?.[0];
}
