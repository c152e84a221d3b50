/** Most header lines of one message; each takes an entry of a map. Real clients send below 20. */
export const MAX_HEADERS = 100;

/** A header holds tab, printable ASCII and the bytes above, one character each. */
const NOT_IN_HEADER = /[^\t\x20-\x7e\x80-\xff]/;

const NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/** Headers that are lists, so that a second one continues the first. Of all others the first counts. */
const LISTS = new Set(['accept', 'proxy-require', 'require', 'transport', 'x-forwarded-for', 'x-forwarded-host']);

/** The headers of one RTSP or HTTP message, one character per byte; names in lower case. */
export class HeaderBlock {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values;
  }

  /** Returns the value of a header, without white space around it. Case of the name does not matter. */
  get(name: string): string | undefined {
    return this.#values.get(name.toLowerCase());
  }
}

/** Returns the lines of a message's head: LF ends one, with or without CR before. */
export const splitLines = (head: string): string[] => head.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));

/**
 * Reads header lines (RFC 2326 section 4.2, RFC 9112 section 5), without the first line and the blank one. Folded lines are
 * joined, as RFC 2326 has them. Never throws.
 *
 * @returns undefined for lines that are no headers, for more than {@link MAX_HEADERS}, or lengths that contradict each other
 */
export function parseHeaderLines(lines: readonly string[]): HeaderBlock | undefined {
  const unfolded: string[] = [];
  for (const line of lines) {
    if (NOT_IN_HEADER.test(line)) return undefined;
    const folded = line.startsWith(' ') || line.startsWith('\t');
    if (!folded) unfolded.push(line);
    else if (unfolded.length > 0) unfolded.push(`${unfolded.pop()} ${trim(line)}`);
    else return undefined;
  }
  if (unfolded.length > MAX_HEADERS) return undefined;
  const values = new Map<string, string>();
  for (const line of unfolded) {
    const colon = line.indexOf(':');
    const name = trim(line.slice(0, Math.max(colon, 0))).toLowerCase();
    if (!NAME.test(name)) return undefined;
    const value = trim(line.slice(colon + 1));
    const before = values.get(name);
    if (before === undefined) values.set(name, value);
    else if (LISTS.has(name)) values.set(name, `${before}, ${value}`);
    else if (name === 'content-length' && before !== value) return undefined;
  }
  return new HeaderBlock(values);
}

/** Space and tab only: the built-in takes away U+00A0 too, which is half of a UTF-8 character here. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09;
