import type { DigestAlgorithm } from './digest.ts';

/**
 * Order matters. RFC 7616 section 3.7 wants the preferred algorithm first, and httpx takes the first; ffmpeg knows only
 * MD5 and takes the last Digest challenge it sees.
 */
const ALGORITHMS: readonly DigestAlgorithm[] = ['SHA-256', 'MD5'];

/** A realm that survives every client's parser: node-onvif splits at commas, and few undo a backslash. */
const PLAIN_REALM = /^[\x20-\x7e]+$/;
const NEEDS_CARE = /[",\\]/;

/** Whether {@link formatChallenges} can carry the realm: printable ASCII without quotes, commas and backslashes. */
export const isPlainRealm = (realm: string): boolean => PLAIN_REALM.test(realm) && !NEEDS_CARE.test(realm);

/**
 * Returns the values of the WWW-Authenticate headers of a 401, to be sent as separate headers: Digest SHA-256, Digest MD5, Basic
 * (RFC 7616 section 3.3, RFC 7617 section 2). `realm` comes first because node-onvif looks for `Digest realm`.
 *
 * Some clients read the joined headers as one challenge: both Digest challenges carry one nonce, since the parameters get
 * mixed, and there are none but Digest's own. Basic's `charset`, which is only advice, would end it for http-auth-utils
 * (Scrypted); passwords are read in either encoding.
 *
 * @param nonce hexadecimal
 * @param stale the credentials were right and only the nonce was not: the client repeats without asking the user
 */
export function formatChallenges(realm: string, nonce: string, stale: boolean): string[] {
  const digest = ALGORITHMS.map(
    (algorithm) => `Digest realm="${realm}", nonce="${nonce}", qop="auth", algorithm=${algorithm}${stale ? ', stale=true' : ''}`,
  );
  return [...digest, `Basic realm="${realm}"`];
}

/**
 * Returns the values of the WWW-Authenticate headers of a 401 of RTSP (RFC 2326 section 12.44): Digest as RFC 2069 has it, and
 * Basic where it is allowed.
 *
 * One Digest challenge only, with MD5 and without naming it: ffmpeg takes the last Digest challenge and gives up at one that
 * is not MD5; GStreamer and live555 (VLC) answer without qop in any case. live555 finds `stale` only right behind the
 * nonce and without quotes.
 */
export function formatRtspChallenges(realm: string, nonce: string, stale: boolean, basic: boolean): string[] {
  const digest = `Digest realm="${realm}", nonce="${nonce}"${stale ? ', stale=true' : ''}`;
  return basic ? [digest, `Basic realm="${realm}"`] : [digest];
}
