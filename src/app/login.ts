import { randomBytes } from 'node:crypto';
import type { Access } from '../auth/access.ts';
import { FailureLimiter } from '../auth/failure-limiter.ts';
import { HttpAuthenticator } from '../auth/http-authenticator.ts';
import { KnownAddresses } from '../auth/known-addresses.ts';
import type { SessionStore } from '../auth/sessions.ts';
import { UsedTokens } from '../auth/used-tokens.ts';
import { UsernameTokenAuthenticator } from '../auth/username-token.ts';
import { loadUsers } from '../device/users.ts';
import { thisBoot } from '../platform/machine/boot.ts';
import type { AppOptions } from './options.ts';

/** The realm of every protocol: clients keep credentials by realm. */
const REALM = 'onvif-camera';

/** The users and the checks of their logins, the same for HTTP, RTSP and ONVIF. */
export interface AppLogin {
  /** For changes, which take a login in any case. */
  readonly access: Access;
  /** For watching; undefined where auth is off and everybody may watch. */
  readonly toWatch: Access | undefined;
  /** The WS-UsernameToken logins that were used, none of which counts twice. */
  readonly usedTokens: UsedTokens;
  /** Logins of the page. */
  readonly sessions: SessionStore;
  /** Token by which other commands of this program log in, on this machine; it is new at each start. */
  readonly localToken: string;
}

/** Returns the login over the users in the state. @throws AppError if the first password cannot be kept */
export function makeLogin({ config, state, password, onNewPassword, usedTokens: store, clock, log }: AppOptions): AppLogin {
  const { users, newPassword } = loadUsers(state, password);
  // At once, as much of what comes after it may fail.
  if (newPassword !== undefined) onNewPassword(newPassword);
  const { clockWindow: window } = config.auth;
  const usedTokens = new UsedTokens({ window: window * 1000, store, boot: thisBoot, clock, log });
  const access: Access = {
    users,
    authenticator: new HttpAuthenticator({ users, clock, realm: REALM }),
    usernameTokens: new UsernameTokenAuthenticator({ users, clock, used: usedTokens, window }),
    limiter: new FailureLimiter({ clock, users }),
    known: new KnownAddresses(clock),
  };
  return {
    access,
    toWatch: config.auth.enabled ? access : undefined,
    usedTokens,
    sessions: { read: () => state.state.sessions ?? [], write: (sessions) => state.update({ sessions: [...sessions] }) },
    localToken: randomBytes(32).toString('base64url'),
  };
}
