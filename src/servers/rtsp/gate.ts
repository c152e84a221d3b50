import { type Access, mayAccess } from '../../auth/access.ts';
import type { Clock } from '../../core/clock.ts';
import { type Logger, LogThrottle } from '../../core/log.ts';
import type { RtspRequest } from '../../protocols/rtsp/reader.ts';
import type { RtspStatus } from '../../protocols/rtsp/response.ts';
import type { RtspClient } from './client.ts';

export interface RtspAccess extends Access {
  /** Whether Basic is offered besides Digest. */
  readonly basic: boolean;
}

export interface Refusal {
  readonly status: RtspStatus;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** The connection ends with it. */
  readonly close?: boolean;
}

/** Who may play: the users of the page, by Digest, or by Basic where it is allowed. */
export class RtspGate {
  readonly #throttle: LogThrottle;

  /** @param access undefined: everybody may */
  constructor(
    private readonly access: RtspAccess | undefined,
    clock: Clock,
    private readonly log: Logger,
  ) {
    this.#throttle = new LogThrottle(clock);
  }

  /** Undefined: the request may go on. */
  async check(request: RtspRequest, client: RtspClient): Promise<Refusal | undefined> {
    if (!this.access) {
      client.authenticated = true;
      return undefined;
    }
    const { authenticator, limiter, known, basic } = this.access;
    const authorization = request.headers.get('authorization');
    // Some clients send credentials only until they play.
    if (authorization === undefined && client.authenticated) return undefined;
    if (authorization === undefined || (!basic && /^basic\s/i.test(authorization))) return this.#challenge(false);
    const { remoteAddress } = client;
    const turn = limiter.turn(remoteAddress, client.gone);
    const granted = turn === 'granted' ? turn : await turn;
    // Who plays shall not suffer for others who guess behind the same address.
    if (granted !== 'granted') return { status: 503, headers: [['Retry-After', '5']], close: !client.authenticated };
    const result = authenticator.authenticate({ method: request.method, url: request.url, authorization, rtsp: true });
    if (result.ok) {
      limiter.succeeded(remoteAddress);
      known.add(remoteAddress);
      if (!mayAccess(result.user.level, 'READ_MEDIA')) return { status: 403 };
      client.authenticated = true;
      client.user = result.user;
      return undefined;
    }
    // Nonces live shorter than sessions; what is right on a connection that is known already need not be asked for again.
    if (result.stale && client.authenticated) return undefined;
    if (result.reason === 'invalid') {
      limiter.failed(remoteAddress);
      this.#throttle.log((fields) => this.log.warn(`wrong user name or password from ${remoteAddress} (RTSP)`, fields));
    }
    return this.#challenge(result.stale);
  }

  #challenge(stale: boolean): Refusal {
    const { authenticator, basic } = this.access!;
    return { status: 401, headers: authenticator.rtspChallenges(stale, { basic }).map((challenge) => ['WWW-Authenticate', challenge]) };
  }
}
