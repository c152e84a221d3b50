import type { Socket } from 'node:net';
import type { User } from '../../auth/users.ts';
import type { ViewerPace } from '../viewer-pace.ts';
import type { Ending, RtspSession } from './session.ts';

/**
 * By which way a request came: the RTSP connection, or one of a tunnel's POSTs. Anybody who knows a tunnel's cookie can send it
 * POSTs, so that each has to show a login of its own.
 */
export interface RtspSender {
  /** Who it was has been shown on this way, or need not be. */
  authenticated: boolean;
  /** Credentials that come may have been meant for another tunnel: they count for nothing. */
  readonly early: boolean;
  /** He has been asked for credentials. */
  challenged: boolean;
  /** Fires when this way is closed. */
  readonly gone: AbortSignal;
}

/** The one who asks, as what answers him sees him: his connection and the sessions he has on it. */
export interface RtspClient {
  /** Where answers and interleaved packets go. */
  readonly socket: Socket;
  /** When the next picture may go there. */
  readonly pace: ViewerPace;
  /** Addresses of the two ends; IPv4 as itself, also where it came through an IPv6 socket. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Whose failures count together: the address behind the proxy, where the tunnel came by way of a trusted one. */
  readonly clientAddress: string;
  /** He has shown who he is, by one way at least, or need not. */
  authenticated: boolean;
  /** Whose login it is; undefined: nobody's. */
  user: User | undefined;
  /** Fires when he has gone. */
  readonly gone: AbortSignal;
  /** By their ids. */
  readonly sessions: ReadonlyMap<string, RtspSession>;
  add(session: RtspSession): void;
  endSession(session: RtspSession, ending: Ending): void;
  /** RTCP from him, for the session it came to. */
  receive(session: RtspSession, rtcp: Buffer): void;
}
