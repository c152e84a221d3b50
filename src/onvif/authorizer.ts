import { isFree, mayAccess } from '../auth/access.ts';
import type { Checked, FailureLimiter, Unchecked } from '../auth/failure-limiter.ts';
import type { AuthRequest, AuthResult, Claim } from '../auth/http-authenticator.ts';
import type { KnownAddresses } from '../auth/known-addresses.ts';
import type { TokenResult } from '../auth/username-token.ts';
import type { User } from '../auth/users.ts';
import type { Clock } from '../core/clock.ts';
import { type Logger, LogThrottle } from '../core/log.ts';
import { SoapFault } from '../protocols/soap/fault.ts';
import type { UsernameToken } from '../protocols/ws-security/username-token.ts';
import type { Operation } from './service.ts';

export interface AuthorizerOptions {
  /** Basic and Digest of HTTP. */
  readonly http: {
    claim(request: Pick<AuthRequest, 'authorization'>): Claim;
    authenticate(request: AuthRequest): AuthResult;
    challenges(stale: boolean): string[];
  };
  readonly usernameTokens: { authenticate(token: UsernameToken): TokenResult };
  /** Whether strangers may watch and read: see {@link isFree}. */
  readonly open: boolean;
  readonly limiter: FailureLimiter;
  readonly known: KnownAddresses;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a request brings to show who asks. */
export interface Credentials extends AuthRequest {
  readonly remoteAddress: string;
  /** What the request came on. */
  readonly connection: object;
  /** The connection carries the requests of several clients. */
  readonly shared: boolean;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
}

/** Why a request may not pass. */
export interface Denial {
  /** Undefined: the fault's own. */
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly fault: SoapFault;
}

export type Decision = { readonly user: User | undefined } | Denial;

/** Seconds until a waiting guesser may try again. */
const RETRY_AFTER_S = '5';

const REASONS = {
  invalid: 'The user name or the password is wrong.',
  expired: "The time of the security token is too far from the camera's clock. Set the clock of the client or of the camera.",
  replayed: 'The security token was used before.',
  forgotten:
    'The security token has expired: the camera stopped without warning, or its clock was set back, and the token may have been used before. Send a new one; while that is refused too, wait, or set the clock of the client.',
} as const;

/**
 * Who may call what, as the ONVIF Core Specification (chapter "Access control") has it: without credentials 401, with a bad
 * token 400, and where HTTP credentials and a token are given, both must be right.
 */
export class Authorizer {
  readonly #throttle: LogThrottle;

  constructor(private readonly options: AuthorizerOptions) {
    this.#throttle = new LogThrottle(options.clock);
  }

  /**
   * Operations that need no login ignore credentials, wrong ones too: clients send them with a clock not yet set, and empty
   * ones where their user left the form empty.
   */
  async decide(operation: Operation, credentials: Credentials, token: UsernameToken | undefined): Promise<Decision> {
    if (isFree(operation.access, this.options)) return { user: undefined };
    if (credentials.authorization === undefined && token === undefined) return this.ask();
    const decision = await this.#check(credentials, token);
    if ('fault' in decision) return decision;
    this.options.known.add(credentials.remoteAddress);
    if (mayAccess(decision.user?.level, operation.access)) return decision;
    return bad(notAuthorized(`The user may not call ${operation.name}.`));
  }

  /** The answer to somebody who showed no credentials. */
  ask(): Denial {
    return this.#challenge(false, 'Credentials are needed.');
  }

  /** Each of the two is an attempt of its own: they may name two users. */
  async #check(credentials: Credentials, token: UsernameToken | undefined): Promise<Decision> {
    const { http, usernameTokens } = this.options;
    let user: User | undefined;
    if (credentials.authorization !== undefined) {
      const result = await this.#attempt(credentials, http.claim(credentials), () => http.authenticate(credentials));
      if (!result.ok) return isUnchecked(result) ? TOO_MANY : this.#challenge(result.reason === 'stale', REASONS.invalid);
      ({ user } = result);
    }
    if (!token) return { user };
    const result = await this.#attempt(credentials, { name: token.username }, () => usernameTokens.authenticate(token));
    if (result.ok) {
      await result.noted;
      return { user: result.user };
    }
    return isUnchecked(result) ? TOO_MANY : bad(notAuthorized(REASONS[result.reason]));
  }

  async #attempt<R extends Checked>(
    credentials: Credentials,
    claim: { readonly name: string; readonly proven?: boolean },
    check: () => R,
  ): Promise<R | Unchecked> {
    const { connection, shared, remoteAddress: address } = credentials;
    const outcome = this.options.limiter.attempt(
      {
        ...claim,
        ...{ address, connection, shared },
        get signal() {
          return credentials.signal;
        },
      },
      check,
    );
    // Not awaited where there is nothing to wait for: guesses at a time are then checked, and counted, one by one.
    const result = outcome instanceof Promise ? await outcome : outcome;
    if (!result.ok && result.reason === 'invalid') this.#failed(address);
    return result;
  }

  #challenge(stale: boolean, reason: string): Denial {
    return { status: 401, headers: { 'WWW-Authenticate': this.options.http.challenges(stale) }, fault: notAuthorized(reason) };
  }

  #failed(address: string): void {
    this.#throttle.log((fields) => this.options.log.warn(`wrong user name or password from ${address}`, { path: '/onvif', ...fields }));
  }
}

const isUnchecked = (result: { readonly reason: string }): result is Unchecked =>
  result.reason === 'rejected' || result.reason === 'aborted';

const notAuthorized = (reason: string): SoapFault => new SoapFault('Sender', ['NotAuthorized'], reason);

const bad = (fault: SoapFault): Denial => ({ status: undefined, headers: {}, fault });

const TOO_MANY: Denial = {
  status: 429,
  headers: { 'Retry-After': RETRY_AFTER_S },
  fault: notAuthorized('Too many wrong passwords from this address. Wait a few seconds.'),
};
