import type { Clock } from '../core/clock.ts';
import { type Logger, LogThrottle } from '../core/log.ts';
import type { UsernameToken } from '../protocols/ws-security/username-token.ts';
import type { Access } from './access.ts';
import type { Attempt, Checked, Unchecked } from './failure-limiter.ts';
import type { AuthRequest, AuthResult } from './http-authenticator.ts';
import type { TokenResult } from './username-token.ts';
import type { User } from './users.ts';

/** Seconds after which a client may try again whose credentials were not looked at. */
export const RETRY_AFTER_S = 5;

/** What such a client is told, where the answer has words. */
export const TOO_MANY_ATTEMPTS = { message: 'Too many wrong passwords from this address.', hint: 'Wait a few seconds.' } as const;

/** What the login of a server is made of. */
export interface LoginOptions extends Access {
  readonly clock: Clock;
  readonly log: Logger;
}

/** The way by which credentials come. */
export interface LoginOrigin extends Pick<Attempt, 'address' | 'connection' | 'shared'> {
  /** Returns a signal that fires when the client has gone; called only where attempts may have to wait. */
  readonly gone: () => AbortSignal;
  /** The path that was asked for, as the log shall have it; never with credentials in it. */
  readonly path?: string;
}

/** A name and a password, as a person types them. */
export interface Password {
  readonly name: string;
  readonly password: string;
}

/** Whether name and password are right; if not, why. */
export type PasswordResult = { readonly ok: true; readonly user: User } | { readonly ok: false; readonly reason: 'invalid' };

/** The outcome of an attempt; a promise only where there was something to wait for. */
export type Outcome<R extends Checked> = R | Unchecked | Promise<R | Unchecked>;

/**
 * The login of one server, with whatever credentials its protocol has. All guesses go through one {@link FailureLimiter},
 * wherever they are made; the wrong ones are told in the log, at most one line a second for each server.
 *
 * Where there is nothing to wait for, credentials are checked before a method returns: of attempts that come together each is
 * counted before the next one is looked at. So don't `await` before calling it.
 */
export class Login {
  readonly #throttle: LogThrottle;

  /** @param protocol name for the log beside the address, where requests have no path that would say more: "RTSP" */
  constructor(
    private readonly options: LoginOptions,
    private readonly protocol?: string,
  ) {
    this.#throttle = new LogThrottle(options.clock);
  }

  /** Checks the Authorization header of a request of HTTP or RTSP: Basic or Digest. */
  byHeader(request: AuthRequest, origin: LoginOrigin): Outcome<AuthResult> {
    const { authenticator } = this.options;
    return this.#attempt(authenticator.claim(request), origin, () => authenticator.authenticate(request));
  }

  /** Checks a name and a password that were typed into a form. */
  byPassword({ name, password }: Password, origin: LoginOrigin): Outcome<PasswordResult> {
    return this.#attempt({ name }, origin, (): PasswordResult => {
      const user = this.options.users.verifyPassword(name, password);
      return user ? { ok: true, user } : { ok: false, reason: 'invalid' };
    });
  }

  /** Checks a WS-UsernameToken. Where it must be noted on disk that it was used, the outcome comes after that. */
  byToken(token: UsernameToken, origin: LoginOrigin): Outcome<TokenResult> {
    const outcome = this.#attempt({ name: token.username }, origin, () => this.options.usernameTokens.authenticate(token));
    return andThen(outcome, (result) => (result.ok && result.noted ? result.noted.then(() => result) : result));
  }

  /** Remembers that somebody logged in from an address: its connections then come before those of strangers. */
  note(address: string): void {
    this.options.known.add(address);
  }

  #attempt<R extends Checked>(claim: Pick<Attempt, 'name' | 'proven'>, origin: LoginOrigin, check: () => R): Outcome<R> {
    const { address, connection, shared = false, gone } = origin;
    const attempt: Attempt = {
      ...{ ...claim, address, connection, shared },
      get signal() {
        return gone();
      },
    };
    return andThen(this.options.limiter.attempt(attempt, check), (result) => {
      if (!result.ok && result.reason === 'invalid') this.#tellWrong(origin);
      return result;
    });
  }

  #tellWrong({ address, path }: LoginOrigin): void {
    const where = this.protocol === undefined ? '' : ` (${this.protocol})`;
    this.#throttle.log((fields) =>
      this.options.log.warn(`wrong user name or password from ${address}${where}`, path === undefined ? fields : { path, ...fields }),
    );
  }
}

/** Returns whether credentials were not looked at, so that nothing may be said of them: to be answered with {@link RETRY_AFTER_S}. */
export const isUnchecked = (result: { readonly ok: boolean; readonly reason?: string }): result is Unchecked =>
  result.reason === 'rejected' || result.reason === 'aborted';

const andThen = <A, B>(value: A | Promise<A>, next: (value: A) => B | Promise<B>): B | Promise<B> =>
  value instanceof Promise ? value.then(next) : next(value);
