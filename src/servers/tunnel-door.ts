import type { Server, Socket } from 'node:net';
import { recogniseTunnel, type TunnelRequest } from '../protocols/rtsp/tunnel.ts';

/** Takes over a connection whose first request is one half of an RTSP tunnel. @param rest what came behind its head */
export type TunnelTaker = (request: TunnelRequest, socket: Socket, rest: Buffer) => void;

/**
 * Stands before a server and hands RTSP tunnels on. On the web server it has to be there and not among the routes: the body
 * of a tunnel's POST never ends and is longer than it says, so that an HTTP parser would cut it off.
 */
export class TunnelDoor {
  /** Connections of which too little is known yet. */
  readonly #undecided = new Set<Socket>();

  /** @param timeoutMs by when a connection must have sent its first request */
  constructor(
    server: Server,
    private readonly take: TunnelTaker,
    private readonly timeoutMs: number,
  ) {
    const handlers = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) =>
      this.#watch(socket, () => {
        for (const handle of handlers) handle.call(server, socket);
      }),
    );
  }

  /** Closes connections that have not begun. */
  close(): void {
    for (const socket of this.#undecided) socket.destroy();
  }

  #watch(socket: Socket, pass: () => void): void {
    let bytes: Buffer | undefined;
    const onTimeout = () => socket.destroy();
    const onClose = () => this.#undecided.delete(socket);
    const onError = () => {};
    const onData = (chunk: Buffer) => {
      bytes = bytes ? Buffer.concat([bytes, chunk]) : chunk;
      const found = recogniseTunnel(bytes);
      if (found === 'need-more') return;
      this.#undecided.delete(socket);
      socket.removeListener('data', onData).removeListener('timeout', onTimeout).removeListener('close', onClose);
      socket.setTimeout(0);
      // The next reader gets it from the beginning, and sets it going again.
      socket.pause();
      if (found !== 'not-a-tunnel') this.take(found, socket, bytes.subarray(found.bodyStart));
      else {
        socket.unshift(bytes);
        pass();
        socket.resume();
      }
      socket.removeListener('error', onError);
    };
    this.#undecided.add(socket);
    socket.on('error', onError).on('data', onData).on('timeout', onTimeout).on('close', onClose);
    socket.setTimeout(this.timeoutMs);
  }
}
