import { createHash } from 'node:crypto';

/** The algorithms offered, as they stand in the headers. The `-sess` variants are not offered. */
export type DigestAlgorithm = 'SHA-256' | 'MD5';

/** What a client of RFC 2069 sends, which has no qop, and what its response is computed from. The algorithm is MD5. */
export interface LegacyDigestParameters {
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  /** As sent: one character per byte. */
  readonly uri: string;
}

/** What a client sends of RFC 7616 section 3.4, and what its response is computed from. */
export interface DigestParameters extends LegacyDigestParameters {
  readonly algorithm: DigestAlgorithm;
  /** Nonce count as sent, 1 to 8 hexadecimal digits. */
  readonly nc: string;
  /** As sent: one character per byte. */
  readonly cnonce: string;
}

const HASH = { 'SHA-256': 'sha256', MD5: 'md5' } as const;

/** Length of a response in hexadecimal digits. */
export const RESPONSE_DIGITS = { 'SHA-256': 64, MD5: 32 } as const;

/**
 * The response for qop=auth (RFC 7616 section 3.4.1), lower-case hexadecimal. Name, realm and password are hashed as
 * UTF-8; the rest are the bytes from the wire.
 */
export function digestResponse(parameters: DigestParameters, method: string, password: string): string {
  const { algorithm, nc, cnonce } = parameters;
  return respond(algorithm, parameters, `${nc}:${cnonce}:auth:`, method, password);
}

/** The response without qop (RFC 2069 section 2.1.2, with MD5), else as {@link digestResponse}. */
export const legacyDigestResponse = (parameters: LegacyDigestParameters, method: string, password: string): string =>
  respond('MD5', parameters, '', method, password);

function respond(
  algorithm: DigestAlgorithm,
  { username, realm, nonce, uri }: LegacyDigestParameters,
  protection: string,
  method: string,
  password: string,
): string {
  const hash = (text: string, encoding: 'utf8' | 'latin1') => createHash(HASH[algorithm]).update(text, encoding).digest('hex');
  const ha1 = hash(`${username}:${realm}:${password}`, 'utf8');
  const ha2 = hash(`${method}:${uri}`, 'latin1');
  return hash(`${ha1}:${nonce}:${protection}${ha2}`, 'latin1');
}
