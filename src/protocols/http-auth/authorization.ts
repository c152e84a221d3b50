import { isUtf8 } from 'node:buffer';
import { type DigestAlgorithm, type DigestParameters, type LegacyDigestParameters, RESPONSE_DIGITS } from './digest.ts';

/** Credentials of Basic (RFC 7617). */
export interface BasicCredentials {
  readonly scheme: 'basic';
  readonly username: string;
  readonly password: string;
}

/** Credentials of Digest (RFC 7616) with qop=auth. */
export interface DigestCredentials extends DigestParameters {
  readonly scheme: 'digest';
  /** Lower-case hexadecimal, as long as the algorithm makes it. */
  readonly response: string;
}

/** Credentials of Digest as RFC 2069 has it: MD5 without qop, and so without a count that would show a replay. */
export interface LegacyDigestCredentials extends LegacyDigestParameters {
  readonly scheme: 'legacy-digest';
  /** 32 digits, lower-case hexadecimal. */
  readonly response: string;
}

/** Credentials that HTTP takes. */
export type Credentials = BasicCredentials | DigestCredentials;

/** Longest header looked at, characters. Real ones stay below 1 KB, a long URI included. */
const MAX_HEADER = 4096;

/** A header of HTTP holds tab, printable ASCII and the bytes above, one character each. */
const NOT_IN_HEADER = /[^\t\x20-\x7e\x80-\xff]/;

const BASIC = /^Basic[ \t]+([A-Za-z0-9+/]+={0,2})$/i;

/** The space after the scheme is missing from node-onvif-ts. */
const DIGEST = /^Digest[ \t,]*/i;

/**
 * name = "quoted", unquoted (a URI at worst) or nothing, and the comma. No two repetitions stand side by side that take the
 * same characters, so that it takes linear time.
 */
const PARAMETER = /([\w!#$%&'*+.^`|~-]+)[ \t]*=[ \t]*(?:(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))[ \t]*)?(?:,[ \t,]*|$)/gy;

/** RFC 8187 section 3.2.1, UTF-8 only. */
const EXTENDED_VALUE = /^UTF-8'[\w-]*'((?:[\w!#$&+.^`|~-]|%[\dA-F]{2})*)$/i;

/**
 * Reads the value of an Authorization header as Node's parser gives it (one character per byte). Never throws.
 *
 * Lenient where clients are known to be sloppy: quotes present or missing, any order and case, white space.
 *
 * @returns undefined for anything that is neither Basic nor Digest with qop=auth and MD5 or SHA-256
 */
export function parseAuthorization(header: string): Credentials | undefined {
  const credentials = parseRtspAuthorization(header);
  return credentials?.scheme === 'legacy-digest' ? undefined : credentials;
}

/**
 * Reads an Authorization header of RTSP, as {@link parseAuthorization} does. RFC 2326 refers to RFC 2069: live555 (VLC) and
 * GStreamer never send qop, whatever the challenge.
 *
 * @returns also Digest with MD5 and without qop
 */
export function parseRtspAuthorization(header: string): Credentials | LegacyDigestCredentials | undefined {
  if (header.length > MAX_HEADER || NOT_IN_HEADER.test(header)) return undefined;
  const text = header.trim();
  const basic = BASIC.exec(text);
  if (basic) return parseBasic(basic[1]!);
  const digest = DIGEST.exec(text);
  return digest ? parseDigest(text.slice(digest[0].length)) : undefined;
}

function parseBasic(base64: string): BasicCredentials | undefined {
  const text = decodeText(Buffer.from(base64, 'base64'));
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { scheme: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function parseDigest(text: string): DigestCredentials | LegacyDigestCredentials | undefined {
  const parameters = parseParameters(text);
  if (!parameters) return undefined;
  const username = readUsername(parameters);
  const realm = parameters.get('realm');
  const nonce = parameters.get('nonce');
  const uri = parameters.get('uri');
  const response = parameters.get('response')?.toLowerCase();
  const algorithm = readAlgorithm(parameters.get('algorithm'));
  if (username === undefined || realm === undefined || nonce === undefined || uri === undefined || algorithm === undefined)
    return undefined;
  if (response?.length !== RESPONSE_DIGITS[algorithm] || !/^[\da-f]+$/.test(response)) return undefined;
  const qop = parameters.get('qop')?.toLowerCase();
  if (qop === undefined) return algorithm === 'MD5' ? { scheme: 'legacy-digest', username, realm, nonce, uri, response } : undefined;
  const cnonce = parameters.get('cnonce');
  const nc = parameters.get('nc');
  if (qop !== 'auth' || cnonce === undefined || nc === undefined || !/^[\da-f]{1,8}$/i.test(nc)) return undefined;
  return { scheme: 'digest', algorithm, username, realm, nonce, uri, nc, cnonce, response };
}

/** Names in lower case, values without quotes and escapes. A name that comes twice makes the header ambiguous: undefined. */
function parseParameters(text: string): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  let end = 0;
  for (const match of text.matchAll(PARAMETER)) {
    const name = match[1]!.toLowerCase();
    if (parameters.has(name)) return undefined;
    parameters.set(name, match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? '');
    end = match.index + match[0].length;
  }
  return end === text.length ? parameters : undefined;
}

/** One of `username` and `username*` (RFC 7616 section 3.4); both together contradict each other. */
function readUsername(parameters: ReadonlyMap<string, string>): string | undefined {
  const plain = parameters.get('username');
  const extended = parameters.get('username*');
  if (extended === undefined) return plain === undefined ? undefined : decodeText(Buffer.from(plain, 'latin1'));
  const encoded = plain === undefined ? EXTENDED_VALUE.exec(extended)?.[1] : undefined;
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** A client that names none means MD5 (RFC 7616 section 3.3). */
function readAlgorithm(value = 'MD5'): DigestAlgorithm | undefined {
  const name = value.toUpperCase();
  return name === 'MD5' || name === 'SHA-256' ? name : undefined;
}

/** Python's aiohttp and requests (Home Assistant) send Latin-1, which is hardly ever valid UTF-8; the others send that. */
function decodeText(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}
