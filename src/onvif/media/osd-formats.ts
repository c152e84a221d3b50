/** DateFormat of tt:OSDTextConfiguration and the strftime codes for it, as far as those have one. */
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

/** TimeFormat of tt:OSDTextConfiguration and the strftime codes for it. */
const TIMES = {
  'HH:mm:ss': '%T',
  'hh:mm:ss tt': '%I:%M:%S %p',
} as const;

/** The values of DateFormat that can be drawn; the first is the default. */
export const DATE_FORMATS = Object.keys(DATES) as readonly (keyof typeof DATES)[];
/** The values of TimeFormat that can be drawn; the first is the default. */
export const TIME_FORMATS = Object.keys(TIMES) as readonly (keyof typeof TIMES)[];

/** Between date and time, in this order. */
const BETWEEN = ' ';

/** The text in the picture as tt:OSDTextConfiguration has it. */
export type OsdText =
  | { readonly type: 'Plain'; readonly text: string }
  | { readonly type: 'Date'; readonly date: string }
  | { readonly type: 'Time'; readonly time: string }
  | { readonly type: 'DateAndTime'; readonly date: string; readonly time: string };

/** The values of Type in tt:OSDTextConfiguration. */
export const OSD_TEXT_TYPES = ['Plain', 'Date', 'Time', 'DateAndTime'] as const satisfies readonly OsdText['type'][];

/** By text with strftime codes: every one that is a date, a time or both. */
const CLOCKS: ReadonlyMap<string, OsdText> = new Map<string, OsdText>([
  ...DATE_FORMATS.map((date) => [DATES[date], { type: 'Date', date }] as const),
  ...TIME_FORMATS.map((time) => [TIMES[time], { type: 'Time', time }] as const),
  ...DATE_FORMATS.flatMap((date) =>
    TIME_FORMATS.map((time) => [DATES[date] + BETWEEN + TIMES[time], { type: 'DateAndTime', date, time }] as const),
  ),
]);

/** Returns how ONVIF tells a text with strftime codes (`camera.annotate`): one that is more than date and time is plain, codes included. */
export const osdTextOf = (annotate: string): OsdText => CLOCKS.get(annotate) ?? { type: 'Plain', text: annotate };

/** Returns the text with strftime codes; undefined where a format is unknown. A plain text may hold codes itself. */
export function annotateOf(osd: OsdText): string | undefined {
  if (osd.type === 'Plain') return osd.text;
  return [...CLOCKS].find(([, known]) => JSON.stringify(known) === JSON.stringify(osd))?.[0];
}
