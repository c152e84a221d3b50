import type { Clock } from '../core/clock.ts';
import {
  type DigestCredentials,
  type LegacyDigestCredentials,
  parseAuthorization,
  parseRtspAuthorization,
} from '../protocols/http-auth/authorization.ts';
import { formatChallenges, formatRtspChallenges, isPlainRealm } from '../protocols/http-auth/challenge.ts';
import { digestResponse, legacyDigestResponse } from '../protocols/http-auth/digest.ts';
import { addressKey } from './address-key.ts';
import { Nonces } from './nonces.ts';
import { isOneReading } from './readings.ts';
import { generatePassword, type User, type UserStore } from './users.ts';

/** A request, as far as its login goes. */
export interface AuthRequest {
  readonly method: string;
  /** The request-target as it came (RFC 9112 section 3.2; Express: `originalUrl`). */
  readonly url: string;
  /** Value of the Authorization header; undefined: there is none. */
  readonly authorization: string | undefined;
  /**
   * Given for a request of RTSP, whose clients know no more than RFC 2069: MD5 without qop is accepted, as often as the
   * client repeats it while the nonce lives, and live555's uri, which is the presentation's for its tracks too. As such a
   * request can be recorded and sent again, the nonce is good only for the address that it was given to.
   */
  readonly rtsp?: { readonly remoteAddress: string };
}

/**
 * The outcome of a login. `none`: no credentials were sent. `invalid`: they are wrong, or of a kind that is not offered; a guess.
 * `stale`: they are right, with a nonce that cannot be used; the client shall repeat, which `challenges(true)` tells it.
 */
export type AuthResult =
  | { readonly ok: true; readonly user: User }
  | { readonly ok: false; readonly stale: boolean; readonly reason: 'none' | 'invalid' | 'stale' };

/** What a request says of the user, before anything is checked. */
export interface Claim {
  /** Name of the user; empty where it cannot be read. */
  readonly name: string;
  /** Whether it is Digest with a nonce that this user has logged in with: nobody else knows it, as nobody else was given it. */
  readonly proven: boolean;
}

const NOBODY: Claim = { name: '', proven: false };

const NONE: AuthResult = { ok: false, stale: false, reason: 'none' };
const INVALID: AuthResult = { ok: false, stale: false, reason: 'invalid' };
const STALE: AuthResult = { ok: false, stale: true, reason: 'stale' };

/** Checks Basic (RFC 7617) and Digest (RFC 7616, MD5 and SHA-256, qop=auth; for RTSP also RFC 2069) against the users. */
export class HttpAuthenticator {
  readonly #users: UserStore;
  readonly #realm: string;
  readonly #nonces: Nonces;
  /** The password that an unknown user's response is computed with, so that it takes as long. */
  readonly #decoy = generatePassword();

  /** @throws RangeError for a realm that is not printable ASCII, or has quotes, commas or backslashes */
  constructor(options: { users: UserStore; clock: Clock; realm: string }) {
    if (!isPlainRealm(options.realm)) throw new RangeError(`not usable as a realm: ${JSON.stringify(options.realm)}`);
    this.#users = options.users;
    this.#realm = options.realm;
    this.#nonces = new Nonces(options.clock);
  }

  /** Returns what a request says of the user. Never throws. */
  claim({ authorization, rtsp }: Pick<AuthRequest, 'authorization' | 'rtsp'>): Claim {
    const credentials = authorization === undefined ? undefined : parse(authorization, rtsp);
    if (!credentials) return NOBODY;
    const { username: name } = credentials;
    return { name, proven: credentials.scheme === 'digest' && this.#nonces.isProven(credentials.nonce, name) };
  }

  /** Checks the credentials of a request. Never throws. */
  authenticate({ method, url, authorization, rtsp }: AuthRequest): AuthResult {
    if (authorization === undefined) return NONE;
    const credentials = parse(authorization, rtsp);
    if (!credentials) return INVALID;
    if (credentials.scheme !== 'basic') return this.#checkDigest(credentials, method, url, rtsp);
    const user = this.#users.verifyPassword(credentials.username, credentials.password);
    return user ? { ok: true, user } : INVALID;
  }

  /**
   * Returns the values of the WWW-Authenticate headers for a 401 (RFC 9110 section 11.6.1), one header each, with a nonce of their own.
   * @param stale whether only the nonce was at fault, so that the client repeats without asking for a password
   */
  challenges(stale: boolean): string[] {
    return formatChallenges(this.#realm, this.#nonces.issue(), stale);
  }

  /** Returns the same for a 401 of RTSP (RFC 2326 section 14). `basic`: whether passwords may travel in clear. */
  rtspChallenges(stale: boolean, { basic, remoteAddress }: { readonly basic: boolean; readonly remoteAddress: string }): string[] {
    return formatRtspChallenges(this.#realm, this.#nonces.issue(addressKey(remoteAddress)), stale, basic);
  }

  #checkDigest(
    credentials: DigestCredentials | LegacyDigestCredentials,
    method: string,
    url: string,
    rtsp: AuthRequest['rtsp'],
  ): AuthResult {
    const { realm, uri, username, nonce, response } = credentials;
    if (realm !== this.#realm || !(sameTarget(uri, url) || (rtsp && samePresentation(uri, url)))) return this.#refuse(nonce);
    const user = this.#users.find(username);
    const password = user?.password ?? this.#decoy;
    const legacy = credentials.scheme === 'legacy-digest';
    const right = isOneReading(response, (encode) =>
      legacy ? legacyDigestResponse(credentials, method, password, encode) : digestResponse(credentials, method, password, encode),
    );
    if (!right || !user) return this.#refuse(nonce);
    const peer = rtsp && addressKey(rtsp.remoteAddress);
    const fresh = legacy
      ? this.#nonces.isCurrent(nonce, peer)
      : this.#nonces.use(nonce, Number.parseInt(credentials.nc, 16), { peer, user: username });
    return fresh ? { ok: true, user } : STALE;
  }

  #refuse(nonce: string): AuthResult {
    this.#nonces.disprove(nonce);
    return INVALID;
  }
}

const parse = (authorization: string, rtsp: AuthRequest['rtsp']) =>
  rtsp ? parseRtspAuthorization(authorization) : parseAuthorization(authorization);

/**
 * Returns whether Digest's uri denotes the request-target (RFC 7616 section 3.4.6). A proxy may have turned the absolute form into
 * the origin form or the other way round, and may have changed the case of percent-encoding.
 */
function sameTarget(uri: string, target: string): boolean {
  return uri === target || normalize(uri) === normalize(target);
}

/** Returns whether Digest's uri is the target up to a slash at the end, or the presentation that it is a track of. */
function samePresentation(uri: string, target: string): boolean {
  const presentation = withoutSlash(normalize(uri));
  const wanted = withoutSlash(normalize(target));
  return presentation === wanted || (presentation !== '' && presentation === wanted.slice(0, wanted.lastIndexOf('/')));
}

const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);

function normalize(target: string): string {
  const path = target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?]*/i, '').replace(/%[\da-f]{2}/gi, (octet) => octet.toUpperCase());
  return path.startsWith('?') || path === '' ? `/${path}` : path;
}
