/** The methods of this server (RFC 2326 section 10), for the Public and Allow headers. */
export const METHODS = ['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY', 'PAUSE', 'TEARDOWN', 'GET_PARAMETER', 'SET_PARAMETER'] as const;
/** One of {@link METHODS}. */
export type RtspMethod = (typeof METHODS)[number];

/** Whether this server has the method; names are case-sensitive. */
export const isRtspMethod = (name: string): name is RtspMethod => (METHODS as readonly string[]).includes(name);

/** Value of the Public header (RFC 2326 section 12.28). */
export const PUBLIC = METHODS.join(', ');

/** The Session header of a request. */
export interface SessionHeader {
  readonly id: string;
  /** Time-out, seconds; clients name it seldom, and it is the server's to say. */
  readonly timeout: number | undefined;
}

/** RFC 2326 section 3.4 and what servers give besides; 128 characters are more than any has. */
const SESSION = /^([\w$.+%-]{1,128})[ \t]*(?:;(.*))?$/;
const TIMEOUT = /(?:^|;)[ \t]*timeout[ \t]*=[ \t]*(\d{1,6})[ \t]*(?:;|$)/i;

/** Reads a Session header (RFC 2326 section 12.37). Undefined for one that cannot be ours. */
export function parseSession(header: string): SessionHeader | undefined {
  const match = SESSION.exec(header);
  if (!match) return undefined;
  const timeout = TIMEOUT.exec(match[2] ?? '')?.[1];
  return { id: match[1]!, timeout: timeout === undefined ? undefined : Number(timeout) };
}

/** Returns the Session header of an answer (RFC 2326 section 12.37). @param timeout whole seconds */
export const formatSession = (id: string, timeout: number): string => `${id};timeout=${timeout}`;

/**
 * What a client wants to see (RFC 2326 section 12.29). The times of a live camera are the present, so that clock and SMPTE are
 * not read further.
 */
export type RtspRange =
  | {
      readonly unit: 'npt';
      /** Seconds from the beginning, or the live edge; undefined: the end is given alone. */
      readonly start: number | 'now' | undefined;
      readonly end: number | undefined;
    }
  | { readonly unit: 'clock' | 'smpte' };

const NPT_TIME = /^(?:(\d{1,9}(?:\.\d{0,9})?)|(\d{1,9}):([0-5]?\d):([0-5]?\d(?:\.\d{0,9})?))$/;
const CLOCK = /^\d{8}T\d{6}(?:\.\d{1,9})?Z-(?:\d{8}T\d{6}(?:\.\d{1,9})?Z)?$/i;
const SMPTE_TIME = String.raw`\d{1,2}:\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d{1,2})?)?`;
const SMPTE = new RegExp(`^${SMPTE_TIME}-(?:${SMPTE_TIME})?$`);

/** Reads a Range header; `;time=` is ignored. Undefined for anything else than the forms of RFC 2326 sections 3.5 to 3.7. */
export function parseRange(header: string): RtspRange | undefined {
  const specifier = header.split(';', 1)[0]!;
  const equals = specifier.indexOf('=');
  const unit = specifier.slice(0, Math.max(equals, 0)).trim().toLowerCase();
  const value = specifier.slice(equals + 1).trim();
  if (unit === 'npt') return parseNpt(value);
  if (unit === 'clock') return CLOCK.test(value) ? { unit } : undefined;
  if (unit === 'smpte' || unit === 'smpte-25' || unit === 'smpte-30-drop') return SMPTE.test(value) ? { unit: 'smpte' } : undefined;
  return undefined;
}

function parseNpt(value: string): RtspRange | undefined {
  const [from, to, ...more] = value.split('-').map((part) => part.trim());
  if (from === undefined || to === undefined || more.length > 0 || (from === '' && to === '')) return undefined;
  const start = from === '' ? undefined : from.toLowerCase() === 'now' ? 'now' : parseNptTime(from);
  const end = to === '' ? undefined : parseNptTime(to);
  return Number.isNaN(start) || Number.isNaN(end) ? undefined : { unit: 'npt', start, end };
}

/** Seconds; NaN for what is no time. */
function parseNptTime(text: string): number {
  const match = NPT_TIME.exec(text);
  if (!match) return Number.NaN;
  return match[1] === undefined ? Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4]) : Number(match[1]);
}

/** Returns a Range header with an open end (RFC 2326 section 12.29). @param start seconds, or the live edge */
export const formatRange = (start: number | 'now'): string => `npt=${start === 'now' ? start : start.toFixed(3)}-`;

/** Where a stream stands when it begins to play (RFC 2326 section 12.33). */
export interface RtpInfo {
  /** The URL of SETUP, credentials left out. */
  readonly url: string;
  /** Sequence number of the first packet. */
  readonly seq: number;
  /** RTP timestamp of the beginning of the range, in ticks of the payload's clock (90 kHz). */
  readonly rtptime: number;
}

/** Returns the RTP-Info header of an answer to PLAY (RFC 2326 section 12.33). Comma and semicolon would end a URL, and are escaped. */
export const formatRtpInfo = (streams: readonly RtpInfo[]): string =>
  streams
    .map(({ url, seq, rtptime }) => `url=${url.replaceAll(',', '%2C').replaceAll(';', '%3B')};seq=${seq & 0xffff};rtptime=${rtptime >>> 0}`)
    .join(',');

/** Option names that an answer repeats at most. */
const MAX_OPTIONS = 16;

/**
 * Returns the options in Require and Proxy-Require (RFC 2326 sections 12.32 and 12.27) that this server has not, for the
 * Unsupported header of a 551: all of them, since none is offered. Clients that ask for ONVIF's back channel or replay go on
 * without.
 */
export function unsupportedOptions(...headers: readonly (string | undefined)[]): string[] {
  return headers
    .flatMap((header) => header?.split(',') ?? [])
    .map((option) => option.trim())
    .filter((option) => option !== '')
    .slice(0, MAX_OPTIONS);
}

/** Whether a DESCRIBE can be answered with SDP: it says so, says nothing, or takes anything (RFC 2326 section 12.1). */
export function acceptsSdp(accept: string | undefined): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((range) => ['application/sdp', 'application/*', '*/*', '*'].includes(mediaType(range)));
}

const mediaType = (value: string): string => value.split(';', 1)[0]!.trim().toLowerCase();
