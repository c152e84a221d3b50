import { isFree, mayAccess } from '../auth/access.ts';
import type { AuthRequest } from '../auth/http-authenticator.ts';
import { isUnchecked, Login, type LoginOptions, type LoginOrigin, RETRY_AFTER_S, TOO_MANY_ATTEMPTS } from '../auth/login.ts';
import type { User } from '../auth/users.ts';
import { SoapFault } from '../protocols/soap/fault.ts';
import type { UsernameToken } from '../protocols/ws-security/username-token.ts';
import type { Operation } from './service.ts';

/** What an {@link Authorizer} takes. */
export interface AuthorizerOptions extends LoginOptions {
  /** Whether anybody may watch and read without a login: see {@link isFree}. */
  readonly open: boolean;
}

/** The part of a request by which the user who asks is known. */
export interface Credentials extends AuthRequest {
  /** IP address of the client. */
  readonly remoteAddress: string;
  /** Identity of the connection that the request came on, by which earlier attempts on it are known. */
  readonly connection: object;
  /** Whether the connection carries the requests of several clients, as that of a proxy does. */
  readonly shared: boolean;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
}

/** The answer to a request that may not pass. */
export interface Denial {
  /** HTTP status; undefined: that of the fault. */
  readonly status: number | undefined;
  /** HTTP headers that it adds. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly fault: SoapFault;
}

/** Whether a request may pass: the user who asks, undefined for an operation that needs no login; else the answer. */
export type Decision = { readonly user: User | undefined } | Denial;

const REASONS = {
  invalid: 'The user name or the password is wrong.',
  expired: "The time of the security token is too far from the camera's clock. Set the clock of the client or of the camera.",
  replayed: 'The security token was used before.',
  forgotten:
    'The security token has expired: the camera stopped without warning, or its clock was set back, and the token may have been used before. Send a new one; while that is refused too, wait, or set the clock of the client.',
} as const;

/**
 * Decides who may call which operation (Core Specification, chapter "Access control"). Without credentials the answer is 401, with
 * a bad token 400; where HTTP credentials and a token are given, both must be right.
 */
export class Authorizer {
  readonly #login: Login;

  constructor(private readonly options: AuthorizerOptions) {
    this.#login = new Login(options);
  }

  /**
   * Decides on a call. An operation that needs no login ignores credentials, wrong ones too: clients send them before their clock is
   * set, and send empty ones where their user left the form empty.
   */
  async decide(operation: Operation, credentials: Credentials, token: UsernameToken | undefined): Promise<Decision> {
    if (isFree(operation.access, this.options)) return { user: undefined };
    if (credentials.authorization === undefined && token === undefined) return this.ask();
    const decision = await this.#check(credentials, token);
    if ('fault' in decision) return decision;
    this.#login.note(credentials.remoteAddress);
    if (mayAccess(decision.user?.level, operation.access)) return decision;
    return bad(notAuthorized(`The user may not call ${operation.name}.`));
  }

  /** Returns the answer to a request without any credentials: 401 with the challenges. */
  ask(): Denial {
    return this.#challenge(false, 'Credentials are needed.');
  }

  /** HTTP credentials and token are an attempt each: they may name two users. */
  async #check(credentials: Credentials, token: UsernameToken | undefined): Promise<Decision> {
    const origin = originOf(credentials);
    let user: User | undefined;
    if (credentials.authorization !== undefined) {
      const result = await this.#login.byHeader(credentials, origin);
      if (!result.ok) return isUnchecked(result) ? TOO_MANY : this.#challenge(result.reason === 'stale', REASONS.invalid);
      ({ user } = result);
    }
    if (!token) return { user };
    const result = await this.#login.byToken(token, origin);
    if (result.ok) return { user: result.user };
    return isUnchecked(result) ? TOO_MANY : bad(notAuthorized(REASONS[result.reason]));
  }

  #challenge(stale: boolean, reason: string): Denial {
    return { status: 401, headers: { 'WWW-Authenticate': this.options.authenticator.challenges(stale) }, fault: notAuthorized(reason) };
  }
}

const originOf = (credentials: Credentials): LoginOrigin => ({
  address: credentials.remoteAddress,
  connection: credentials.connection,
  shared: credentials.shared,
  gone: () => credentials.signal,
  path: '/onvif',
});

const notAuthorized = (reason: string): SoapFault => new SoapFault('Sender', ['NotAuthorized'], reason);

const bad = (fault: SoapFault): Denial => ({ status: undefined, headers: {}, fault });

const TOO_MANY: Denial = {
  status: 429,
  headers: { 'Retry-After': String(RETRY_AFTER_S) },
  fault: notAuthorized(`${TOO_MANY_ATTEMPTS.message} ${TOO_MANY_ATTEMPTS.hint}`),
};
