import { createHash } from 'node:crypto';

/** The algorithms offered, as they stand in the headers. The `-sess` variants are not offered. */
export type DigestAlgorithm = 'SHA-256' | 'MD5';

/** What a client of RFC 2069 sends, which has no qop, and what its response is computed from. The algorithm is MD5. */
export interface LegacyDigestParameters {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  /** The request-target as sent: one character per byte. */
  readonly uri: string;
}

/** What a client sends of RFC 7616 section 3.4, and what its response is computed from. */
export interface DigestParameters extends LegacyDigestParameters {
  readonly algorithm: DigestAlgorithm;
  /** Nonce count as sent, 1 to 8 hexadecimal digits. */
  readonly nc: string;
  /** The client's nonce as sent: one character per byte. */
  readonly cnonce: string;
}

const HASH = { 'SHA-256': 'sha256', MD5: 'md5' } as const;

/** Length of a response in hexadecimal digits. */
export const RESPONSE_DIGITS = { 'SHA-256': 64, MD5: 32 } as const;

const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');

/**
 * Returns the response for qop=auth (RFC 7616 section 3.4.1), lower-case hexadecimal.
 *
 * @param encode what the client makes of name, realm and password, which should be UTF-8; the rest are the bytes from the wire
 */
export function digestResponse(parameters: DigestParameters, method: string, password: string, encode = utf8): string {
  const { algorithm, nc, cnonce } = parameters;
  return respond(algorithm, parameters, `${nc}:${cnonce}:auth:`, method, password, encode);
}

/** Returns the response without qop (RFC 2069 section 2.1.2, with MD5), 32 digits; otherwise as {@link digestResponse}. */
export const legacyDigestResponse = (parameters: LegacyDigestParameters, method: string, password: string, encode = utf8): string =>
  respond('MD5', parameters, '', method, password, encode);

function respond(
  algorithm: DigestAlgorithm,
  { username, realm, nonce, uri }: LegacyDigestParameters,
  protection: string,
  method: string,
  password: string,
  encode: (text: string) => Uint8Array,
): string {
  const hash = (bytes: Uint8Array) => createHash(HASH[algorithm]).update(bytes).digest('hex');
  const wire = (text: string) => Buffer.from(text, 'latin1');
  const ha1 = hash(encode(`${username}:${realm}:${password}`));
  const ha2 = hash(wire(`${method}:${uri}`));
  return hash(wire(`${ha1}:${nonce}:${protection}${ha2}`));
}
