import { timingSafeEqual } from 'node:crypto';

/** Makes bytes of a name or a password. */
export type Encode = (text: string) => Buffer;

const utf8: Encode = (text) => Buffer.from(text, 'utf8');

/** Matches what Latin-1 cannot hold. */
const BEYOND_LATIN1 = /[^\0-\xff]/;

/**
 * The ways in which clients make bytes of a name and a password before they hash them: as UTF-8, which is right (RFC 7616 section 4,
 * UsernameToken Profile 1.1 section 3.1), with an accent as part of its letter or as a character of its own, whichever the
 * keyboard gives; or as Latin-1, as npm's `onvif` and `node-onvif-ts` do, Java, and a browser of old. For text in ASCII
 * all of them are the same.
 */
const READINGS: readonly Encode[] = [
  utf8,
  (text) => utf8(text.normalize('NFC')),
  (text) => utf8(text.normalize('NFD')),
  (text) => {
    const composed = text.normalize('NFC');
    return BEYOND_LATIN1.test(composed) ? utf8(text) : Buffer.from(composed, 'latin1');
  },
];

/**
 * Returns whether a hash is that of some reading. It takes the same time for all readings and texts: what a password is made of does
 * not show.
 *
 * @param given the hash as it came
 * @param expected returns what it must be when the client makes its bytes in this way
 */
export function isOneReading(given: string, expected: (encode: Encode) => string): boolean {
  return READINGS.map((encode) => sameText(expected(encode), given)).includes(true);
}

/** Returns whether two texts are the same, in constant time for texts of one length. */
function sameText(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}
