import { createHash } from 'node:crypto';

/** The algorithms offered, as they stand in the headers. The `-sess` variants are not offered. */
export type DigestAlgorithm = 'SHA-256' | 'MD5';

/** What a client sends of RFC 7616 section 3.4, and what its response is computed from. */
export interface DigestParameters {
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  /** As sent: one character per byte. */
  readonly uri: string;
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
  const { algorithm, username, realm, nonce, uri, nc, cnonce } = parameters;
  const hash = (text: string, encoding: 'utf8' | 'latin1') => createHash(HASH[algorithm]).update(text, encoding).digest('hex');
  const ha1 = hash(`${username}:${realm}:${password}`, 'utf8');
  const ha2 = hash(`${method}:${uri}`, 'latin1');
  return hash(`${ha1}:${nonce}:${nc}:${cnonce}:auth:${ha2}`, 'latin1');
}
