import type { Fetch } from './http.ts';
import type { Part } from './multipart.ts';
import { GONE_MS, HEARTBEAT_MS, type Port, type ToWindow, type ToWorker } from './shared-protocol.ts';
import { type Link, StreamClient } from './stream-client.ts';

/** Age up to which a connection is not renewed, milliseconds: when the network comes back, all windows ask for that at once. */
const FRESH_MS = 2000;

type WindowPort = Port<ToWorker, ToWindow>;

/** A window that wants pictures. */
interface Viewer {
  /** When it was last heard of, milliseconds of `performance.now()`. */
  seenAt: number;
  silenceExpected: boolean;
  /** Whether it has a picture in hand. */
  busy: boolean;
  /** The newest picture that came meanwhile. */
  waiting: Part | undefined;
}

/**
 * Shares one stream among all windows of a browser, which has but six connections to a server. It runs while a window wants
 * pictures. A window that is slow skips pictures; one that closes without a word is noticed by its silence.
 */
export class StreamShare {
  readonly #viewers = new Map<WindowPort, Viewer>();
  readonly #stream: StreamClient;
  #link: Link = { state: 'paused' };
  #connectedAt = 0;
  #latest: Part | undefined;
  #sweep: ReturnType<typeof setInterval> | undefined;

  constructor(fetch: Fetch) {
    this.#stream = new StreamClient({
      fetch,
      onPart: (part) => this.#onPart(part),
      onLink: (link) => this.#onLink(link),
      onSignedOut: () => this.#onSignedOut(),
      silenceExpected: () => [...this.#viewers.values()].some(({ silenceExpected }) => silenceExpected),
    });
  }

  /** Takes a window on, which gets nothing until it asks. */
  connect(port: WindowPort): void {
    port.onmessage = ({ data }) => this.#hear(port, data);
  }

  /** Connects anew, unless that has just been done. */
  renew(): void {
    if (this.#viewers.size > 0 && performance.now() - this.#connectedAt >= FRESH_MS) this.#stream.renew();
  }

  #hear(port: WindowPort, message: ToWorker): void {
    if (message.type === 'watch') this.#watch(port, message.silenceExpected);
    else if (message.type === 'taken') this.#taken(port);
    else if (message.type === 'renew') this.renew();
    else this.#leave(port);
  }

  #watch(port: WindowPort, silenceExpected: boolean): void {
    const known = this.#viewers.get(port);
    const viewer = known ?? { seenAt: 0, silenceExpected, busy: false, waiting: undefined };
    viewer.seenAt = performance.now();
    viewer.silenceExpected = silenceExpected;
    if (known) return;
    this.#viewers.set(port, viewer);
    this.#sweep ??= setInterval(() => this.#dropSilent(), HEARTBEAT_MS);
    if (this.#link.state === 'open' || this.#link.state === 'connecting') port.postMessage({ type: 'link', link: this.#link });
    else this.#stream.resume();
    if (this.#latest) this.#offer(port, viewer, this.#latest);
  }

  #taken(port: WindowPort): void {
    const viewer = this.#viewers.get(port);
    if (!viewer) return;
    const { waiting } = viewer;
    viewer.busy = false;
    viewer.waiting = undefined;
    if (waiting) this.#offer(port, viewer, waiting);
  }

  #leave(port: WindowPort): void {
    if (!this.#viewers.delete(port) || this.#viewers.size > 0) return;
    this.#rest();
    this.#stream.pause();
  }

  #rest(): void {
    clearInterval(this.#sweep);
    this.#sweep = undefined;
    this.#latest = undefined;
  }

  #dropSilent(): void {
    const now = performance.now();
    for (const [port, { seenAt }] of this.#viewers) if (now - seenAt > GONE_MS) this.#leave(port);
  }

  #onPart(part: Part): void {
    this.#latest = part;
    for (const [port, viewer] of this.#viewers) this.#offer(port, viewer, part);
  }

  #offer(port: WindowPort, viewer: Viewer, part: Part): void {
    if (viewer.busy) {
      viewer.waiting = part;
      return;
    }
    viewer.busy = true;
    port.postMessage({ type: 'part', ...part });
  }

  #onLink(link: Link): void {
    this.#link = link;
    if (link.state === 'connecting') this.#connectedAt = performance.now();
    if (link.state !== 'open') this.#latest = undefined;
    this.#tell({ type: 'link', link });
  }

  /** Tells all windows that the session has ended; the stream has paused by itself. */
  #onSignedOut(): void {
    this.#tell({ type: 'signed-out' });
    this.#viewers.clear();
    this.#rest();
  }

  #tell(message: ToWindow): void {
    for (const port of this.#viewers.keys()) port.postMessage(message);
  }
}
