import type { Server, Socket } from 'node:net';

/**
 * Puts something before whatever a server does with its connections; the one put there last comes first.
 *
 * @param first gets each connection; it calls `pass` to let it in, now or later
 */
export function interpose(server: Server, first: (socket: Socket, pass: () => void) => void): void {
  const handlers = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) =>
    first(socket, () => {
      for (const handle of handlers) handle.call(server, socket);
    }),
  );
}
