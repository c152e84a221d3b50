import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { hasBody } from './body-reader.ts';

/** Requests of one connection that may wait for the answer to the one before. Browsers and recorders send none ahead. */
const MAX_WAITING = 8;

/** What tells Node's HTTP parser that the rest of what it has in hand is no HTTP. */
const NO_HTTP_BEHIND = 2;

type Handle = (req: IncomingMessage, res: ServerResponse) => void;

/**
 * Begins the requests of a connection one after the other. Node begins all that come in one piece at once, a thousand in 64 KB,
 * and keeps the answers for a client that may never read them; so there is one answer to each connection at most.
 *
 * A connection that sends more ahead is dropped, also one that sends a body ahead: clients are to wait for the answer before
 * they send such a request (RFC 9112 section 9.3.2), and it would have to be kept.
 */
export function inTurn(handle: Handle): Handle {
  const newest = new WeakMap<Socket, ServerResponse>();
  const waiting = new WeakMap<Socket, number>();
  return (req, res) => {
    const { socket } = req;
    // What else was in the same piece still comes.
    if (socket.destroyed) return;
    const before = newest.get(socket);
    newest.set(socket, res);
    if (res.socket === socket || !before) {
      handle(req, res);
      return;
    }
    const count = (waiting.get(socket) ?? 0) + 1;
    if (count > MAX_WAITING || hasBody(req)) {
      drop(socket);
      return;
    }
    waiting.set(socket, count);
    before.once('close', () => {
      waiting.set(socket, waiting.get(socket)! - 1);
      if (!socket.destroyed) handle(req, res);
    });
  };
}

/**
 * Closes a connection, and takes nothing more from the piece that is being taken apart: Node would make objects of 4 KB of each
 * of a thousand requests in it, and keep them until it gets to closing.
 *
 * Node has no public way to stop its parser: where it is not found, the rest is taken apart for nothing.
 */
function drop(socket: Socket): void {
  const { parser } = socket as { readonly parser?: { onIncoming?: unknown } | null };
  if (typeof parser?.onIncoming === 'function') parser.onIncoming = () => NO_HTTP_BEHIND;
  socket.destroy();
}
