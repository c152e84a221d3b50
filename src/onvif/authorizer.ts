import { mayAccess } from '../auth/access.ts';
import type { FailureLimiter } from '../auth/failure-limiter.ts';
import type { AuthRequest, AuthResult } from '../auth/http-authenticator.ts';
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
    authenticate(request: AuthRequest): AuthResult;
    challenges(stale: boolean): string[];
  };
  readonly usernameTokens: { authenticate(token: UsernameToken): TokenResult };
  readonly limiter: FailureLimiter;
  readonly known: KnownAddresses;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a request brings to show who asks. */
export interface Credentials extends AuthRequest {
  readonly remoteAddress: string;
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

  /** Operations that need no login ignore credentials, wrong ones too: clients send them with a clock not yet set. */
  async decide(operation: Operation, credentials: Credentials, token: UsernameToken | undefined): Promise<Decision> {
    if (mayAccess(undefined, operation.access)) return { user: undefined };
    if (credentials.authorization === undefined && token === undefined) return this.ask();
    const turn = this.options.limiter.turn(credentials.remoteAddress, credentials.signal);
    // Not awaited where there is nothing to wait for: guesses at a time are then checked, and counted, one by one.
    if ((turn === 'granted' ? turn : await turn) !== 'granted')
      return {
        status: 429,
        headers: { 'Retry-After': RETRY_AFTER_S },
        fault: notAuthorized('Too many wrong passwords from this address. Wait a few seconds.'),
      };
    const decision = this.#check(credentials, token);
    if ('fault' in decision) return decision;
    this.options.limiter.succeeded(credentials.remoteAddress);
    this.options.known.add(credentials.remoteAddress);
    if (mayAccess(decision.user?.level, operation.access)) return decision;
    return bad(notAuthorized(`The user may not call ${operation.name}.`));
  }

  /** The answer to somebody who showed no credentials. */
  ask(): Denial {
    return this.#challenge(false, 'Credentials are needed.');
  }

  #check(credentials: Credentials, token: UsernameToken | undefined): Decision {
    const http = credentials.authorization === undefined ? undefined : this.options.http.authenticate(credentials);
    if (http && !http.ok) {
      if (http.reason === 'invalid') this.#failed(credentials);
      return this.#challenge(http.stale, REASONS.invalid);
    }
    if (!token) return { user: http?.user };
    const result = this.options.usernameTokens.authenticate(token);
    if (result.ok) return { user: result.user };
    if (result.reason === 'invalid') this.#failed(credentials);
    return bad(notAuthorized(REASONS[result.reason]));
  }

  #challenge(stale: boolean, reason: string): Denial {
    return { status: 401, headers: { 'WWW-Authenticate': this.options.http.challenges(stale) }, fault: notAuthorized(reason) };
  }

  #failed({ remoteAddress }: Credentials): void {
    this.options.limiter.failed(remoteAddress);
    this.#throttle.log((fields) =>
      this.options.log.warn(`wrong user name or password from ${remoteAddress}`, { path: '/onvif', ...fields }),
    );
  }
}

const notAuthorized = (reason: string): SoapFault => new SoapFault('Sender', ['NotAuthorized'], reason);

const bad = (fault: SoapFault): Denial => ({ status: undefined, headers: {}, fault });
