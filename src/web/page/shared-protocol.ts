import type { Part } from './multipart.ts';
import type { Link } from './stream-client.ts';

/**
 * The worker that has the one stream of all windows. The number changes with the messages, so that windows of two versions have two
 * workers.
 */
export const WORKER = { url: '/assets/stream-worker.js', name: 'stream-1' } as const;

/** Time between two `watch` messages of a window that is there, milliseconds. */
export const HEARTBEAT_MS = 3000;
/** Silence after which a window is gone, milliseconds. */
export const GONE_MS = 10_000;

/** The messages of a window to the worker. */
export type ToWorker =
  /** The window wants pictures: at first, and as its heartbeat. */
  | { readonly type: 'watch'; readonly silenceExpected: boolean }
  /** The window has taken the picture that was sent last. */
  | { readonly type: 'taken' }
  /** The connection may be dead. */
  | { readonly type: 'renew' }
  /** The window wants no more pictures. */
  | { readonly type: 'leave' };

/** The messages of the worker to a window. */
export type ToWindow =
  | { readonly type: 'link'; readonly link: Link }
  | ({ readonly type: 'part' } & Part)
  | { readonly type: 'signed-out' };

/** The part of a MessagePort that is used. */
export interface Port<Incoming, Outgoing> {
  onmessage: ((event: MessageEvent<Incoming>) => void) | null;
  postMessage(message: Outgoing): void;
}
