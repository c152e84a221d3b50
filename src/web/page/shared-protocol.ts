import type { Part } from './multipart.ts';
import type { Link } from './stream-client.ts';

/** What windows and the worker that has their one stream tell each other. */

/** The worker of all windows; the number changes with the messages, so that windows of two versions have two workers. */
export const WORKER = { url: '/assets/stream-worker.js', name: 'stream-1' } as const;

/** A window that is there says `watch` this often, milliseconds; one that is silent for longer than the other time is gone. */
export const HEARTBEAT_MS = 3000;
export const GONE_MS = 10_000;

export type ToWorker =
  /** The window wants pictures: at first, and as its heartbeat. */
  | { readonly type: 'watch'; readonly silenceExpected: boolean }
  /** It has taken the picture that was sent last. */
  | { readonly type: 'taken' }
  /** The connection may be dead. */
  | { readonly type: 'renew' }
  | { readonly type: 'leave' };

export type ToWindow =
  | { readonly type: 'link'; readonly link: Link }
  | ({ readonly type: 'part' } & Part)
  | { readonly type: 'signed-out' };

/** The part of a MessagePort that is used. */
export interface Port<Incoming, Outgoing> {
  onmessage: ((event: MessageEvent<Incoming>) => void) | null;
  postMessage(message: Outgoing): void;
}
