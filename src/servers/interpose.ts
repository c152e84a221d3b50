import type { Server, Socket } from 'node:net';

/** When a server has a connection to do something with: at once, or when it is encrypted (`tls`, `https`). */
export type ConnectionEvent = 'connection' | 'secureConnection';

/**
 * Puts something before whatever a server does with its connections; the one put there last comes first.
 *
 * @param event with `connection`, a server that speaks TLS is only asked who may begin to
 * @param first gets each connection; it calls `pass` to let it in, now or later
 */
export function interpose(server: Server, event: ConnectionEvent, first: (socket: Socket, pass: () => void) => void): void {
  const handlers = server.listeners(event);
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) =>
    first(socket, () => {
      for (const handle of handlers) handle.call(server, socket);
    }),
  );
}
