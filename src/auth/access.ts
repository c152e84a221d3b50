import type { FailureLimiter } from './failure-limiter.ts';
import type { HttpAuthenticator } from './http-authenticator.ts';
import type { KnownAddresses } from './known-addresses.ts';
import type { UsernameTokenAuthenticator } from './username-token.ts';
import type { AccessLevel, UserStore } from './users.ts';

/** What every server lets people in by. */
export interface Access {
  readonly users: UserStore;
  /** Basic and Digest, of HTTP and RTSP. */
  readonly authenticator: HttpAuthenticator;
  /** Those of ONVIF. */
  readonly usernameTokens: Pick<UsernameTokenAuthenticator, 'authenticate'>;
  /** Guesses count together, wherever they are made. */
  readonly limiter: FailureLimiter;
  /** Told of each login. */
  readonly known: KnownAddresses;
}

/** Access classes of the ONVIF Core Specification, chapter "Access classes for service requests". */
export type AccessClass = 'PRE_AUTH' | 'READ_SYSTEM' | 'READ_SYSTEM_SECRET' | 'WRITE_SYSTEM' | 'UNRECOVERABLE' | 'READ_MEDIA' | 'ACTUATE';

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
 * Whether something of this class needs no login: what ONVIF gives to everybody, and where `open` is set, as with the setting
 * `auth.enabled: false`, also to watch and to read. To change something, and to see secrets, always takes a login.
 */
export const isFree = (access: AccessClass, { open }: { readonly open: boolean }): boolean => mayAccess(open ? 'User' : undefined, access);

/** Whether somebody of this level may do something of this class. @param level undefined: nobody known */
export const mayAccess = (level: AccessLevel | undefined, access: AccessClass): boolean => LEVELS[access].includes(level);
