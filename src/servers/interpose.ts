import type { Server, Socket } from 'node:net';

/** The event with which a server hands a connection over: as it is accepted, or when it is encrypted (`tls`, `https`). */
export type ConnectionEvent = 'connection' | 'secureConnection';

/**
 * Puts something before whatever a server does with its connections; the one put there last comes first.
 *
 * @param event with `connection`, `first` sees the connections of a server that speaks TLS before they are encrypted
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
