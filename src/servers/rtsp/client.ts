import type { Socket } from 'node:net';
import type { User } from '../../auth/users.ts';
import type { ViewerPace } from '../viewer-pace.ts';
import type { Ending, RtspSession } from './session.ts';

/**
 * The way by which a request came: the RTSP connection, or one of a tunnel's POSTs. Anybody who knows a tunnel's cookie can send
 * it POSTs, so that each has to show a login of its own.
 */
export interface RtspSender {
  /** Whether a login was shown on this way, or none is needed. */
  authenticated: boolean;
  /** Whether credentials that come may have been meant for another tunnel: they then count for nothing. */
  readonly early: boolean;
  /** Whether credentials were asked for. */
  challenged: boolean;
  /** Fires when this way is closed. */
  readonly gone: AbortSignal;
}

/** A client, as what answers its requests sees it: its connection and the sessions on it. */
export interface RtspClient {
  /** Where answers and interleaved packets go. */
  readonly socket: Socket;
  /** What tells when the next picture may go there. */
  readonly pace: ViewerPace;
  /** Addresses of the two ends; IPv4 as itself, also where it came through an IPv6 socket. */
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** The address under which failures are counted: that behind the proxy, where a tunnel came by way of a trusted one. */
  readonly clientAddress: string;
  /** Whether a login was shown, by one way at least, or none is needed. */
  authenticated: boolean;
  /** Whose login it is; undefined: nobody's. */
  user: User | undefined;
  /** Fires when the client has gone. */
  readonly gone: AbortSignal;
  /** Its sessions, by their ids. */
  readonly sessions: ReadonlyMap<string, RtspSession>;
  /** Adds a session that was set up. */
  add(session: RtspSession): void;
  /** Ends a session and frees what it has; does nothing where it has ended. */
  endSession(session: RtspSession, ending: Ending): void;
  /** Takes RTCP in that came for a session. */
  receive(session: RtspSession, rtcp: Buffer): void;
}
