import type { Server, Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { recogniseTunnel, type TunnelRequest } from '../protocols/rtsp/tunnel.ts';
import { type ConnectionEvent, interpose } from './interpose.ts';

/** Takes over a connection whose first request is one half of an RTSP tunnel. @param rest what came behind its head */
export type TunnelTaker = (request: TunnelRequest, socket: Socket, rest: Buffer) => void;

/** Which tunnels are taken, and where they go. */
export interface TunnelHandlerOptions {
  /** The event with which the server hands over connections that can be read: `secureConnection` where it speaks TLS. */
  readonly event: ConnectionEvent;
  readonly take: TunnelTaker;
  /** Whether a tunnel may be taken; to the server behind this one it is a request like others if not. Without it: any. */
  readonly accepts?: ((request: TunnelRequest, socket: Socket) => boolean) | undefined;
  /** By when a connection must have sent the head of its first request, milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Stands before a server and hands RTSP tunnels on. On the web server it has to be there and not among the routes: the body
 * of a tunnel's POST never ends and is longer than it says, so that an HTTP parser would cut it off. How many connections
 * there may be is for a ConnectionLimit to say, before it.
 */
export class TunnelHandler {
  /** Connections of which too little is known yet. */
  readonly #undecided = new Set<Socket>();

  constructor(
    server: Server,
    private readonly options: TunnelHandlerOptions,
  ) {
    interpose(server, options.event, (socket, pass) => this.#watch(socket, pass));
  }

  /** Closes connections that have not begun. */
  close(): void {
    for (const socket of this.#undecided) socket.destroy();
  }

  #watch(socket: Socket, pass: () => void): void {
    const { take, accepts, timeoutMs, clock } = this.options;
    let bytes: Buffer | undefined;
    // A byte now and then does not buy a client more time.
    const cancelTimer = clock.after(timeoutMs, () => socket.destroy());
    const onEnd = () => socket.destroy();
    const onError = () => {};
    const onClose = () => {
      cancelTimer();
      this.#undecided.delete(socket);
    };
    const onData = (chunk: Buffer) => {
      bytes = bytes ? Buffer.concat([bytes, chunk]) : chunk;
      const found = recogniseTunnel(bytes);
      if (found === 'need-more') return;
      onClose();
      socket.removeListener('data', onData).removeListener('end', onEnd).removeListener('close', onClose);
      // The next reader gets it from the beginning, and sets it going again.
      socket.pause();
      if (found !== 'not-a-tunnel' && accepts?.(found, socket) !== false) take(found, socket, bytes.subarray(found.bodyStart));
      else {
        socket.unshift(bytes);
        pass();
        socket.resume();
      }
      socket.removeListener('error', onError);
    };
    this.#undecided.add(socket);
    socket.on('error', onError).on('data', onData).on('end', onEnd).on('close', onClose);
  }
}
