import type { FailureLimiter } from './failure-limiter.ts';
import type { HttpAuthenticator } from './http-authenticator.ts';
import type { KnownAddresses } from './known-addresses.ts';
import type { UsernameTokenAuthenticator } from './username-token.ts';
import type { AccessLevel, UserStore } from './users.ts';

/** Everything by which the servers let people in; one for all of them. */
export interface Access {
  readonly users: UserStore;
  /** Checks Basic and Digest, of HTTP and RTSP. */
  readonly authenticator: HttpAuthenticator;
  /** Checks the tokens of ONVIF. */
  readonly usernameTokens: Pick<UsernameTokenAuthenticator, 'authenticate'>;
  /** Slows guesses, which count together wherever they are made. */
  readonly limiter: FailureLimiter;
  /** Remembers the addresses of logins. */
  readonly known: KnownAddresses;
}

/** Access classes of the ONVIF Core Specification, chapter "Access classes for service requests". */
export type AccessClass = 'PRE_AUTH' | 'READ_SYSTEM' | 'READ_SYSTEM_SECRET' | 'WRITE_SYSTEM' | 'UNRECOVERABLE' | 'READ_MEDIA' | 'ACTUATE';

/** The levels that may do something of each class; undefined: everybody. */
const LEVELS: Readonly<Record<AccessClass, readonly (AccessLevel | undefined)[]>> = {
  PRE_AUTH: ['Administrator', 'Operator', 'User', undefined],
  READ_SYSTEM: ['Administrator', 'Operator', 'User'],
  READ_SYSTEM_SECRET: ['Administrator'],
  WRITE_SYSTEM: ['Administrator'],
  UNRECOVERABLE: ['Administrator'],
  READ_MEDIA: ['Administrator', 'Operator', 'User'],
  ACTUATE: ['Administrator', 'Operator'],
};

/**
 * Returns whether something of this class needs no login: what ONVIF gives to everybody and, where `open` is set (the setting
 * `auth.enabled: false`), watching and reading too. To change something, and to see secrets, always takes a login.
 */
export const isFree = (access: AccessClass, { open }: { readonly open: boolean }): boolean => mayAccess(open ? 'User' : undefined, access);

/** Returns whether somebody of this level may do something of this class. @param level undefined: nobody known */
export const mayAccess = (level: AccessLevel | undefined, access: AccessClass): boolean => LEVELS[access].includes(level);
