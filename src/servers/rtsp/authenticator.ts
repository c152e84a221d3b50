import { type Access, mayAccess } from '../../auth/access.ts';
import { isUnchecked, Login, RETRY_AFTER_S } from '../../auth/login.ts';
import type { User } from '../../auth/users.ts';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import type { RtspRequest } from '../../protocols/rtsp/reader.ts';
import type { RtspStatus } from '../../protocols/rtsp/response.ts';
import type { RtspClient, RtspSender } from './client.ts';

type Header = readonly [name: string, value: string];

/** The users, and how they may log in. */
export interface RtspAccess extends Access {
  /** Whether Basic is offered besides Digest. */
  readonly basic: boolean;
}

/** The answer to a request that may not go on. */
export interface Refusal {
  readonly status: RtspStatus;
  readonly headers?: readonly Header[];
  /** Whether the connection ends with it. */
  readonly close?: boolean;
  /** Whether the sender is a stranger on somebody else's tunnel, whose client must not get this answer. */
  readonly apart?: boolean;
}

/** Checks logins over RTSP: the users of the page, by Digest (RFC 2069), or by Basic where it is allowed. */
export class RtspAuthenticator {
  readonly #login: Login | undefined;

  /** @param access undefined: everybody may play */
  constructor(
    private readonly access: RtspAccess | undefined,
    clock: Clock,
    log: Logger,
  ) {
    this.#login = access && new Login({ ...access, clock, log }, 'RTSP');
  }

  /** Checks a request. @param sender the way by which it came @returns undefined: it may go on */
  async check(request: RtspRequest, client: RtspClient, sender: RtspSender): Promise<Refusal | undefined> {
    // Some clients send credentials only until they play. Those that send them for ever are not asked to wait for it while
    // others guess behind the same address, and their nonces may live shorter than they.
    if (sender.authenticated) return undefined;
    if (!this.access || !this.#login) {
      this.#admit(client, sender, undefined);
      return undefined;
    }
    const { basic } = this.access;
    // On somebody's tunnel: what cannot come from its client shall not disturb it.
    const apart = client.authenticated;
    const authorization = sender.early ? undefined : request.headers.get('authorization');
    if (authorization === undefined || (!basic && /^basic\s/i.test(authorization))) return this.#challenge(client, sender, { apart });
    const { clientAddress: address, remoteAddress } = client;
    const shown = { method: request.method, url: request.url, authorization, rtsp: { remoteAddress } };
    // The way by which it came, and not the tunnel: a login on one way says nothing about another.
    const origin = { address, connection: sender, gone: () => (apart ? sender.gone : client.gone) };
    const outcome = this.#login.byHeader(shown, origin);
    const result = outcome instanceof Promise ? await outcome : outcome;
    if (result.ok) {
      this.#login.note(address);
      if (!mayAccess(result.user.level, 'READ_MEDIA') || (client.user && client.user.name !== result.user.name)) {
        return { status: 403, apart };
      }
      this.#admit(client, sender, result.user);
      return undefined;
    }
    if (isUnchecked(result)) return { status: 503, headers: [['Retry-After', String(RETRY_AFTER_S)]], close: true, apart };
    // The client knew the password when the nonce was good.
    const stale = result.reason === 'stale';
    return this.#challenge(client, sender, { stale, apart: apart && !stale });
  }

  #admit(client: RtspClient, sender: RtspSender, user: User | undefined): void {
    sender.authenticated = true;
    client.authenticated = true;
    client.user = user;
  }

  #challenge(client: RtspClient, sender: RtspSender, { stale = false, apart }: { stale?: boolean; apart: boolean }): Refusal {
    const { authenticator, basic } = this.access!;
    sender.challenged = true;
    const challenges = authenticator.rtspChallenges(stale, { basic, remoteAddress: client.remoteAddress });
    return { status: 401, headers: challenges.map((challenge): Header => ['WWW-Authenticate', challenge]), apart };
  }
}
