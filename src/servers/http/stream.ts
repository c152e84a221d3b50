import type { Socket } from 'node:net';
import type { Cancel, Clock } from '../../core/clock.ts';
import { silentLogger } from '../../core/log.ts';
import { RateLimiter } from '../../core/rate-limiter.ts';
import type { Frame } from '../../frames/frame.ts';
import { CONTENT_TYPE, FIRST_ADVANCED_DELIMITER, FIRST_DELIMITER, PartCache } from '../../protocols/multipart/mjpeg.ts';
import type { Hub } from '../../streams/hub.ts';
import { PacedWriter } from '../paced-writer.ts';
import { SendQueues } from '../send-queues.ts';
import type { ViewerInfo } from '../viewer-info.ts';
import { ViewerPace, type ViewerPaceOptions } from '../viewer-pace.ts';

/** A viewer whose connection takes nothing for this long is dropped; that frees up to 4 MB in the kernel's queue. Milliseconds. */
const STALLED_VIEWER_MS = 30_000;
/** A viewer who got nothing for this long gets the last picture again: Home Assistant gives up after 10 s of silence. Milliseconds. */
const REPEAT_MS = 5000;
const SWEEP_MS = 1000;

/** What was sent to all viewers since the start. */
export interface StreamCounters {
  /** Pictures handed to viewers. */
  framesSent: number;
  /** Pictures that slow viewers missed. */
  framesSkipped: number;
  bytesSent: number;
  /** Viewers dropped because they took nothing for 30 s. */
  viewersDropped: number;
}

/** Returns counters at 0. */
export const newStreamCounters = (): StreamCounters => ({ framesSent: 0, framesSkipped: 0, bytesSent: 0, viewersDropped: 0 });

/** Where the pictures of a stream come from. */
export type Pictures = Pick<Hub, 'lease' | 'subscribe' | 'latest'>;

/** What a viewer of a stream asked for. */
export interface StreamOptions {
  /** Pictures per second at most; undefined: all. */
  readonly fps: number | undefined;
  /** Whether each picture brings the header of the next part, see `advancedPart` in protocols/multipart. */
  readonly advance: boolean;
  /** The viewer's address, and his user where a login was needed. */
  readonly client: Pick<ViewerInfo, 'address' | 'user'>;
  /** Whether the login by which it began still holds; undefined: none was needed. */
  readonly holds?: (() => boolean) | undefined;
}

/** The headers of the stream; they go straight to the socket, since the stream has neither length nor chunks. */
export const STREAM_HEADERS = {
  'Content-Type': CONTENT_TYPE,
  'Cache-Control': 'no-store',
  Connection: 'close',
  // An <img> in another program's page may show the stream; the login stands before it all the same.
  'Cross-Origin-Resource-Policy': 'cross-origin',
} as const;

const HEAD = `HTTP/1.1 200 OK\r\n${Object.entries(STREAM_HEADERS)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('')}\r\n`;

/** How viewers are kept from seeing old pictures. */
export type Pacing = Pick<ViewerPaceOptions, 'queues' | 'log'>;

/**
 * Sends the camera's pictures to any number of viewers as MJPEG. All viewers share the frame's one buffer. A viewer who
 * is slower than the camera skips pictures: at most one is under way to each, and the newest follows it. What waits for him in
 * the kernel is kept as short where that can be seen; see {@link ViewerPace}.
 */
export class MjpegStreams {
  /** Replaced, never changed: going through it may make viewers leave. */
  #viewers: readonly Viewer[] = [];
  readonly #parts = new PartCache();
  readonly #sockets = new WeakSet<Socket>();
  /** Ends what runs only while there are viewers. */
  #rest: Cancel | undefined;

  constructor(
    private readonly hub: Pictures,
    private readonly clock: Clock,
    readonly counters: StreamCounters = newStreamCounters(),
    private readonly pacing: Pacing = { queues: new SendQueues({ clock }), log: silentLogger },
  ) {}

  /** How many watch. */
  get viewers(): number {
    return this.#viewers.length;
  }

  /** Returns the viewers. */
  listViewers(): ViewerInfo[] {
    return this.#viewers.map(({ options: { client }, since, pace }) => ({
      ...client,
      protocol: 'http',
      transport: 'tcp',
      stream: 'mjpeg',
      since,
      slow: pace.slow,
    }));
  }

  /** Whether this connection carries a stream: nothing else may be written to it. */
  owns(socket: Socket): boolean {
    return this.#sockets.has(socket);
  }

  /** Takes a connection over and streams until it closes. @param onClose called once, then */
  add(socket: Socket, options: StreamOptions, onClose: () => void): void {
    this.#sockets.add(socket);
    socket.setTimeout(0);
    socket.write(HEAD + (options.advance ? FIRST_ADVANCED_DELIMITER : FIRST_DELIMITER), 'latin1');
    const { clock } = this;
    const pace = new ViewerPace({ ...this.pacing, socket, clock, name: () => `${options.client.address} (MJPEG)` });
    const viewer = new Viewer(socket, options, this.hub, this.#parts, clock, this.counters, pace);
    const release = this.hub.lease(() => options.fps);
    this.#viewers = [...this.#viewers, viewer];
    this.#rest ??= this.#work();
    socket.once('close', () => {
      this.#viewers = this.#viewers.filter((other) => other !== viewer);
      release();
      if (this.#viewers.length === 0) this.#rest?.();
      onClose();
    });
    if (this.hub.latest) viewer.offer(this.hub.latest, this.clock.monotonic());
  }

  /** Ends the streams of viewers whose login holds no longer: they logged out, were deleted, or have another password. */
  endOutdated(): void {
    for (const { socket, options } of this.#viewers) if (options.holds?.() === false) socket.destroy();
  }

  /** Ends all streams. */
  close(): void {
    for (const viewer of this.#viewers) viewer.socket.destroy();
  }

  /** Serves the viewers until the returned function is called. One listener for all: a hundred would cost a hundred times. */
  #work(): Cancel {
    const unsubscribe = this.hub.subscribe((frame) => {
      const now = this.clock.monotonic();
      for (const viewer of this.#viewers) viewer.offer(frame, now);
    });
    const cancelSweep = this.clock.every(SWEEP_MS, () => this.#sweep());
    return () => {
      unsubscribe();
      cancelSweep();
      this.#parts.clear();
      this.#rest = undefined;
    };
  }

  #sweep(): void {
    // Of the end of some logins, by idle time, nobody is told.
    this.endOutdated();
    const now = this.clock.monotonic();
    for (const viewer of this.#viewers) {
      if (viewer.stalledFor(now) >= STALLED_VIEWER_MS) {
        this.counters.viewersDropped++;
        // With a mere close the kernel would go on trying to deliver what is in its queue, for many minutes.
        viewer.socket.resetAndDestroy();
      } else viewer.repeatAfter(REPEAT_MS, now);
    }
  }
}

/** One viewer's connection. */
class Viewer {
  /** A picture has been begun and is not yet all in the kernel's queue. */
  #busy = false;
  /** A newer picture came meanwhile. */
  #missed = false;
  /** When the last picture was handed over, monotonic milliseconds. */
  #sentAt: number;
  readonly #writer: PacedWriter;
  readonly #limiter: RateLimiter | undefined;
  readonly #longestInterval: number;
  /** When it began, monotonic milliseconds. */
  readonly since: number;

  constructor(
    readonly socket: Socket,
    readonly options: StreamOptions,
    private readonly hub: Pick<Pictures, 'latest'>,
    private readonly parts: PartCache,
    private readonly clock: Clock,
    private readonly counters: StreamCounters,
    readonly pace: ViewerPace,
  ) {
    this.#limiter = options.fps === undefined ? undefined : new RateLimiter(options.fps);
    this.#longestInterval = options.fps === undefined ? 0 : 1000 / options.fps;
    this.since = clock.monotonic();
    this.#sentAt = this.since;
    this.#writer = new PacedWriter({ socket, pace, onWritten: (error) => this.#written(error) });
  }

  /** Sends a picture, or leaves it out where the viewer is too slow for it. @param now monotonic milliseconds */
  offer(frame: Frame, now: number): void {
    if (this.#limiter && !this.#limiter.pass(frame.monotonic)) return;
    if (this.#busy) this.pace.proveSlow();
    else if (this.pace.takes()) {
      this.#send(frame, now);
      return;
    } else {
      this.pace.missed();
      this.pace.whenReady(this.#goOn);
    }
    this.#missed = true;
    this.counters.framesSkipped++;
  }

  /** Milliseconds for which the viewer has taken nothing of what waits for him. @param now monotonic milliseconds */
  stalledFor(now: number): number {
    return this.#busy && this.#writer.waiting === 0 ? now - Math.max(this.#sentAt, this.pace.movedAt) : this.pace.stalledFor;
  }

  /** Sends the last picture again if nothing was sent for `ms` milliseconds. @param now monotonic milliseconds */
  repeatAfter(ms: number, now: number): void {
    if (this.#busy || now - this.#sentAt < Math.max(ms, this.#longestInterval)) return;
    if (this.hub.latest && this.pace.takes()) this.#send(this.hub.latest, now);
  }

  #send(frame: Frame, now: number): void {
    const bytes = this.options.advance ? this.parts.advanced(frame) : this.parts.plain(frame);
    this.#sentAt = now;
    this.counters.framesSent++;
    this.counters.bytesSent += bytes.length;
    this.#missed = false;
    this.#busy = !this.#writer.write(bytes);
  }

  #written(error?: Error | null): void {
    this.#busy = false;
    if (error) this.#missed = false;
    this.#goOn();
  }

  /** The newest of those that were missed follows as soon as it may. */
  readonly #goOn = (): void => {
    if (this.#busy || !this.#missed || !this.hub.latest) return;
    if (this.pace.takes()) this.#send(this.hub.latest, this.clock.monotonic());
    else this.pace.whenReady(this.#goOn);
  };
}
