import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { type DigestCredentials, parseAuthorization } from '../protocols/http-auth/authorization.ts';
import { formatChallenges, isPlainRealm } from '../protocols/http-auth/challenge.ts';
import { digestResponse } from '../protocols/http-auth/digest.ts';
import { Nonces } from './nonces.ts';
import { generatePassword, type User, type UserStore } from './users.ts';

export interface AuthRequest {
  readonly method: string;
  /** The request-target as it came (Express: `originalUrl`). */
  readonly url: string;
  /** Value of the Authorization header. */
  readonly authorization: string | undefined;
}

/**
 * `none`: no credentials were sent. `invalid`: wrong, or of a kind that is not offered; a guess. `stale`: right, with a
 * nonce that cannot be used; the client shall repeat, which `challenges(true)` tells it.
 */
export type AuthResult =
  | { readonly ok: true; readonly user: User }
  | { readonly ok: false; readonly stale: boolean; readonly reason: 'none' | 'invalid' | 'stale' };

const NONE: AuthResult = { ok: false, stale: false, reason: 'none' };
const INVALID: AuthResult = { ok: false, stale: false, reason: 'invalid' };
const STALE: AuthResult = { ok: false, stale: true, reason: 'stale' };

/** Checks Basic (RFC 7617) and Digest (RFC 7616, MD5 and SHA-256, qop=auth) against the users. */
export class HttpAuthenticator {
  readonly #users: UserStore;
  readonly #realm: string;
  readonly #nonces: Nonces;
  /** What an unknown user's response is computed with, so that it takes as long. */
  readonly #decoy = generatePassword();

  /** @throws RangeError for a realm that is not printable ASCII, or has quotes, commas or backslashes */
  constructor(options: { users: UserStore; clock: Clock; realm: string }) {
    if (!isPlainRealm(options.realm)) throw new RangeError(`not usable as a realm: ${JSON.stringify(options.realm)}`);
    this.#users = options.users;
    this.#realm = options.realm;
    this.#nonces = new Nonces(options.clock);
  }

  authenticate({ method, url, authorization }: AuthRequest): AuthResult {
    if (authorization === undefined) return NONE;
    const credentials = parseAuthorization(authorization);
    if (!credentials) return INVALID;
    if (credentials.scheme === 'digest') return this.#checkDigest(credentials, method, url);
    const user = this.#users.verifyPassword(credentials.username, credentials.password);
    return user ? { ok: true, user } : INVALID;
  }

  /** The values of the WWW-Authenticate headers for a 401, one header each, with a nonce of their own. */
  challenges(stale: boolean): string[] {
    return formatChallenges(this.#realm, this.#nonces.issue(), stale);
  }

  #checkDigest(credentials: DigestCredentials, method: string, url: string): AuthResult {
    if (credentials.realm !== this.#realm || !sameTarget(credentials.uri, url)) return INVALID;
    const user = this.#users.find(credentials.username);
    const expected = digestResponse(credentials, method, user?.password ?? this.#decoy);
    const right = timingSafeEqual(Buffer.from(expected, 'latin1'), Buffer.from(credentials.response, 'latin1'));
    if (!right || !user) return INVALID;
    return this.#nonces.use(credentials.nonce, Number.parseInt(credentials.nc, 16)) ? { ok: true, user } : STALE;
  }
}

/**
 * Whether Digest's uri denotes the request-target (RFC 7616 section 3.4.6). A proxy may have turned the absolute form into
 * the origin form or the other way round, and may have changed the case of percent-encoding.
 */
function sameTarget(uri: string, target: string): boolean {
  return uri === target || normalize(uri) === normalize(target);
}

function normalize(target: string): string {
  const path = target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?]*/i, '').replace(/%[\da-f]{2}/gi, (octet) => octet.toUpperCase());
  return path.startsWith('?') || path === '' ? `/${path}` : path;
}
