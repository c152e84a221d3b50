import type { Socket } from 'node:net';
import { TUNNEL_ANSWER, TunnelDecoder, type TunnelRequest } from '../../protocols/rtsp/tunnel.ts';
import type { RtspConnection } from './connection.ts';

/** Time for the second half of a tunnel to come, milliseconds. */
const HALF_TIMEOUT_MS = 10_000;
/** POSTs whose GET has not come, each with what it has sent so far; with one more, the oldest goes. */
const MAX_HALVES = 32;

/**
 * Joins the halves of RTSP through HTTP: a client's GET carries the answers and its POST, in base64, the requests. The cookie
 * that joins them is the client's own, and proves nothing: neighbours behind one address can guess it. Credentials are asked
 * for inside, on each POST by itself.
 */
export class Tunnels {
  readonly #connections = new Map<string, RtspConnection>();
  readonly #halves = new Map<string, { readonly socket: Socket; readonly rest: Buffer }>();

  /** @param open makes the RTSP connection that answers on this socket */
  constructor(private readonly open: (socket: Socket, clientAddress: string | undefined) => RtspConnection) {}

  /**
   * Takes over a socket whose first request was one of a tunnel.
   *
   * @param rest what came behind its head
   * @param clientAddress address of the client, where the socket is a proxy's
   */
  accept({ method, cookie }: TunnelRequest, socket: Socket, rest: Buffer, clientAddress?: string): void {
    socket.on('error', () => {});
    socket.setNoDelay(true);
    // A web server's connections are left half open for the sake of an answer; here the end of one side is the end.
    socket.allowHalfOpen = false;
    // The halves of a tunnel come from one address.
    const key = `${clientAddress ?? socket.remoteAddress} ${cookie}`;
    if (method === 'GET') this.#answers(key, socket, clientAddress);
    else this.#requests(key, socket, rest);
  }

  /** Closes the halves that wait; the others end with their connection. */
  close(): void {
    for (const { socket } of this.#halves.values()) socket.destroy();
  }

  #answers(key: string, socket: Socket, clientAddress: string | undefined): void {
    const known = this.#connections.get(key);
    // Of two GETs before a login nobody can say whose the tunnel is: neither gets the answers.
    if (known && !known.authenticated) known.socket.destroy();
    const connection = known ? undefined : this.open(socket, clientAddress);
    if (!connection) {
      socket.destroy();
      return;
    }
    this.#connections.set(key, connection);
    socket.once('close', () => this.#connections.delete(key));
    socket.setTimeout(0);
    socket.write(TUNNEL_ANSWER);
    // Nothing more comes on this half; reading is how its end is noticed.
    socket.on('data', () => {});
    socket.resume();
    const half = this.#halves.get(key);
    this.#halves.delete(key);
    // Its sender may have meant another GET.
    if (half) this.#join(connection, half.socket, half.rest, true);
  }

  #requests(key: string, socket: Socket, rest: Buffer): void {
    const connection = this.#connections.get(key);
    if (connection) {
      this.#join(connection, socket, rest, false);
      return;
    }
    if (this.#halves.has(key)) {
      socket.destroy();
      return;
    }
    const [oldest] = this.#halves.values();
    if (oldest && this.#halves.size >= MAX_HALVES) oldest.socket.destroy();
    const half = { socket, rest };
    this.#halves.set(key, half);
    socket.setTimeout(HALF_TIMEOUT_MS, () => {
      if (this.#halves.get(key) === half) socket.destroy();
    });
    socket.once('close', () => {
      if (this.#halves.get(key) === half) this.#halves.delete(key);
    });
  }

  /** Reads requests from a POST. Some clients open a new one for each request; the tunnel ends with its GET. */
  #join(connection: RtspConnection, socket: Socket, rest: Buffer, early: boolean): void {
    const decoder = new TunnelDecoder();
    socket.setTimeout(0);
    const take = connection.read(socket, { decode: (chunk) => decoder.decode(chunk), early });
    take(rest);
    socket.resume();
  }
}
