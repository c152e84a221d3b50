import { createHash } from 'node:crypto';

/** A UsernameToken as it came (WS-Security UsernameToken Profile 1.0 and 1.1). */
export interface UsernameToken {
  readonly username: string;
  readonly password: string;
  /** Kind of the password; `PasswordText` is also what a missing Type means (section 3.1). */
  readonly passwordType: 'PasswordDigest' | 'PasswordText' | 'other';
  /** The element's text: Base64. */
  readonly nonce: string | undefined;
  /** The element's text, see {@link parseCreated}. */
  readonly created: string | undefined;
}

/** Returns the password's kind by the fragment of its Type: the rest differs between versions of the profile, and between clients. */
export function passwordTypeOf(type: string | undefined): UsernameToken['passwordType'] {
  if (type === undefined || type === '' || type.endsWith('PasswordText')) return 'PasswordText';
  return type.endsWith('PasswordDigest') ? 'PasswordDigest' : 'other';
}

const BASE64 = /^[A-Za-z0-9+/=\s]*$/;

/**
 * Returns Base64(SHA-1(nonce + created + password)), section 3.1: the nonce's bytes, Created as UTF-8, and the password as it should
 * be, in UTF-8, or the bytes that a client makes of it.
 *
 * @param nonce as it stands in the token; text that cannot be Base64 counts as the bytes themselves
 * @param created as it stands in the token
 */
export function passwordDigest(nonce: string, created: string, password: string | Uint8Array): string {
  const bytes = Buffer.from(nonce, BASE64.test(nonce) ? 'base64' : 'utf8');
  return createHash('sha1').update(bytes).update(created, 'utf8').update(password).digest('base64');
}

const CREATED = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?(?:Z|([+-])(\d\d):?(\d\d))?$/;

/**
 * Reads wsu:Created (xs:dateTime): UTC with `Z`, or an offset, or neither, which means UTC as well; any fraction.
 *
 * @returns milliseconds since the Unix epoch; undefined for what is no such time
 */
export function parseCreated(text: string): number | undefined {
  const match = CREATED.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const milliseconds = Math.floor(Number(`0.${match[7] ?? '0'}`) * 1000);
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  // 24:00:00 is the end of the day and a 60th second may be a leap second.
  if (hour > 24 || minute > 59 || second > 60) return undefined;
  const offsetHours = Number(match[9] ?? 0);
  const offsetMinutes = Number(match[10] ?? 0);
  if (offsetHours > 14 || offsetMinutes > 59) return undefined;
  const offset = (match[8] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * 60_000;
  const time = new Date(0);
  time.setUTCFullYear(year, month - 1, day);
  time.setUTCHours(hour, minute, second, milliseconds);
  return time.getTime() - offset;
}

const daysOf = (year: number, month: number): number => new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
