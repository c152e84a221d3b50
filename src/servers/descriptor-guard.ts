import type { Server, Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import type { DescriptorReserve } from '../core/descriptors.ts';
import { ERRORS } from '../core/errors.ts';
import { type Logger, LogThrottle } from '../core/log.ts';

export interface DescriptorGuardOptions {
  readonly descriptors: DescriptorReserve;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Closes new connections while only the descriptors that we need ourselves are left. To be called when all other listeners are there. */
export function guardDescriptors(server: Server, { descriptors, clock, log }: DescriptorGuardOptions): void {
  const throttle = new LogThrottle(clock);
  const handlers = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (descriptors.hasRoom()) {
      for (const handle of handlers) handle.call(server, socket);
      return;
    }
    const from = socket.remoteAddress;
    socket.on('error', () => {}).destroy();
    throttle.log((fields) =>
      log.warn(`A connection from ${from} was refused: there are too many. ${ERRORS.TOO_MANY_FILES.hint}`, {
        code: 'TOO_MANY_FILES',
        ...fields,
      }),
    );
  });
}
