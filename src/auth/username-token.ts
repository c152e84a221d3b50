import type { Clock } from '../core/clock.ts';
import { parseCreated, passwordDigest, type UsernameToken } from '../protocols/ws-security/username-token.ts';
import { isOneReading } from './readings.ts';
import type { TokenMemory } from './used-tokens.ts';
import { generatePassword, type User, type UserStore } from './users.ts';

/**
 * Seconds by which a token's Created may differ from the camera's clock, in both directions. Cameras and recorders without NTP drift by
 * minutes, and skew is among the first reasons why a camera cannot be added; the memory of used tokens guards the window.
 */
export const DEFAULT_WINDOW = 600;

/**
 * The outcome of a login. `invalid`: a wrong name or password, or what a digest needs is missing; a guess. `expired`: right, but created too long
 * ago or too far ahead. `replayed`: right, but used before. `forgotten`: right, but perhaps used before, which nobody knows
 * any more.
 */
export type TokenResult =
  | {
      readonly ok: true;
      readonly user: User;
      /** Resolves when it is noted on disk that the token was used; nothing may be done for it before. Never rejects. */
      readonly noted?: Promise<unknown>;
    }
  | { readonly ok: false; readonly reason: 'invalid' | 'expired' | 'replayed' | 'forgotten' };

const INVALID: TokenResult = { ok: false, reason: 'invalid' };

/** Checks WS-UsernameTokens against the users (UsernameToken Profile 1.1, section 3.1), digest and text. */
export class UsernameTokenAuthenticator {
  readonly #users: UserStore;
  readonly #clock: Clock;
  /** How far Created may differ from the clock, milliseconds. */
  readonly #window: number;
  readonly #used: TokenMemory;
  /** The password that an unknown user's digest is computed with, so that it takes as long. */
  readonly #decoy = generatePassword();

  /** @param options.window seconds; default {@link DEFAULT_WINDOW} */
  constructor(options: { users: UserStore; clock: Clock; used: TokenMemory; window?: number }) {
    this.#users = options.users;
    this.#clock = options.clock;
    this.#window = (options.window ?? DEFAULT_WINDOW) * 1000;
    this.#used = options.used;
  }

  /** Checks a token, of the digest or of the text form. Never throws. */
  authenticate(token: UsernameToken): TokenResult {
    if (token.passwordType === 'PasswordDigest') return this.#checkDigest(token);
    if (token.passwordType !== 'PasswordText') return INVALID;
    const user = this.#users.verifyPassword(token.username, token.password);
    return user ? { ok: true, user } : INVALID;
  }

  /** Checks a digest. Time and replay are looked at only once it is right, so that only those who know a password leave something behind. */
  #checkDigest({ username, password, nonce, created }: UsernameToken): TokenResult {
    if (!nonce || !created) return INVALID;
    const user = this.#users.find(username);
    const digest = password.trim();
    const right = isOneReading(digest, (encode) => passwordDigest(nonce, created, encode(user?.password ?? this.#decoy)));
    const time = parseCreated(created);
    if (!right || !user || time === undefined) return INVALID;
    if (Math.abs(this.#clock.now() - time) > this.#window) return { ok: false, reason: 'expired' };
    // The digest stands for nonce, Created and password together: one nonce with another Created is another token.
    // The user's own name: one with accents can be written in several ways, each of which finds him.
    const use = this.#used.take(user.name, digest, time);
    if (use instanceof Promise) return { ok: true, user, noted: use };
    return use === 'taken' ? { ok: true, user } : { ok: false, reason: use };
  }
}
