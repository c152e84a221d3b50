import type { Socket } from 'node:net';
import type { Cancel, Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { TcpEntry } from '../protocols/proc/tcp-table.ts';
import type { SendQueues, WatchedQueue } from './send-queues.ts';
import { SlowLink } from './slow-link.ts';
import type { ViewerInfo } from './viewer-info.ts';

/** How long a reading is good for: while pictures are left out; while the link turns out better; while it carries them all. */
const INTERVAL_MS = { slow: 150, rising: 100, quick: 1000 } as const;
/** One that has missed nothing for this long keeps up again, and after so long is looked at no more. */
const QUICK_MS = 2000;
const RELEASE_MS = 30_000;
/** One that has missed pictures for this long will not keep up; the owner is told. */
const HOPELESS_MS = 30_000;
/**
 * On a busy machine it is not known exactly when a reading was made, or whether what was given meanwhile is in it. Such a one is used only
 * where there was no better for so long: in the second case longer than between two readings of a viewer who keeps up.
 */
const MAX_DOUBT_MS = 8;
const MAX_AGE_MS = { doubtful: 1000, uncertain: 3000 } as const;
/** Nothing is given for as long while a reading is made, so that it can be used. */
const HOLD_MS = 8;
/** A connection that was not in the table is looked for again after this long. */
const BLIND_MS = 60_000;

/** The connection that is paced, and what tells how much waits on it. */
export interface ViewerPaceOptions {
  readonly socket: Socket;
  readonly queues: SendQueues;
  readonly clock: Clock;
  readonly log: Logger;
  /** What the log calls the viewer: "192.168.1.7 (MJPEG)". */
  readonly name: () => string;
}

/**
 * Tells when the next picture may be given to a viewer's connection, so that what he sees is new however slow his link is: the
 * kernel would take in megabytes of pictures that grow old in its queue. A viewer who keeps up costs nothing. Where the kernel
 * does not tell what waits, it may always be given.
 */
export class ViewerPace implements WatchedQueue {
  readonly socket: Socket;
  /** Undefined while nobody looks at the queue: the viewer keeps up, or the kernel does not tell. */
  #link: SlowLink | undefined;
  /** Something was given after the reading began. */
  #uncertain = false;
  /** When the reading began that is being made, monotonic milliseconds. */
  #readingSince: number | undefined;
  /** Bytes in Node's own stream when the reading began. */
  #unsent = 0;
  #measuredAt = Number.NEGATIVE_INFINITY;
  /** Since when the queue is looked at. */
  #lookedAt = Number.NEGATIVE_INFINITY;
  #missedAt = Number.NEGATIVE_INFINITY;
  /** Since when pictures are left out with hardly a pause, and how many since. */
  #slowSince = 0;
  #missed = 0;
  #told = false;
  #blindUntil = Number.NEGATIVE_INFINITY;
  readonly #waiting = new Set<() => void>();
  #cancel: Cancel | undefined;

  constructor(private readonly options: ViewerPaceOptions) {
    this.socket = options.socket;
    this.socket.once('close', () => this.#release());
  }

  get interval(): number {
    if (!this.#keepsMissing(this.options.clock.monotonic())) return INTERVAL_MS.quick;
    return this.#link?.rising ? INTERVAL_MS.rising : INTERVAL_MS.slow;
  }

  /** What is known of a link that does not carry all pictures; undefined: it does. */
  get slow(): ViewerInfo['slow'] {
    if (!this.#keepsMissing(this.options.clock.monotonic())) return undefined;
    return { since: this.#slowSince, bitRate: this.#link?.bitRate };
  }

  /** Takes note that a picture came while another one was still on its way into the kernel: the viewer is slow. */
  proveSlow(): void {
    this.missed();
    const { queues, clock } = this.options;
    const now = clock.monotonic();
    if (this.#link) queues.refresh(this);
    if (this.#link || now < this.#blindUntil || this.socket.destroyed || !queues.covers(this.socket)) return;
    this.#link = new SlowLink(now);
    this.#lookedAt = now;
    queues.watch(this);
    queues.refresh(this);
  }

  /** Takes note of bytes that were given to the connection. */
  gave(bytes: number): void {
    if (!this.#link) return;
    this.#uncertain = true;
    this.#link.gave(bytes, this.options.clock.monotonic());
  }

  /**
   * Whether the next picture may be given now.
   *
   * @param extraMs milliseconds by which it may arrive later; with any, it may also be given while nothing is known of the link yet
   * @param before bytes that will be given before it
   */
  takes(extraMs = 0, before = 0): boolean {
    if (!this.#link) return true;
    const now = this.options.clock.monotonic();
    this.options.queues.refresh(this);
    return (extraMs > 0 && this.#link.bitRate === undefined) || this.#link.wait(now, extraMs, before) === 0;
  }

  /** Returns how many bytes of a picture that {@link takes} let through, or that was begun, may be given now; infinite where nothing is known. */
  capacity(): number {
    if (this.#link?.bitRate === undefined) return Number.POSITIVE_INFINITY;
    const now = this.options.clock.monotonic();
    this.options.queues.refresh(this);
    return this.#held(now) > 0 ? 0 : this.#link.capacity(now);
  }

  /** Takes note of a picture that was left out. */
  missed(): void {
    const now = this.options.clock.monotonic();
    if (!this.#keepsMissing(now)) {
      this.#slowSince = now;
      this.#missed = 0;
    }
    this.#missedAt = now;
    this.#missed++;
    if (!this.#told && now - this.#slowSince >= HOPELESS_MS) this.#tell(now);
  }

  /** Milliseconds for which the viewer has taken nothing of what waits for him. */
  get stalledFor(): number {
    if (!this.#link) return 0;
    this.options.queues.refresh(this);
    return this.#link.stalledFor;
  }

  /**
   * When the viewer was last seen to take something of what waits in the kernel for him, monotonic milliseconds; negative infinity:
   * nobody looks. The kernel may take in nothing meanwhile: not before a third of its queue is free.
   */
  get movedAt(): number {
    if (!this.#link) return Number.NEGATIVE_INFINITY;
    this.options.queues.refresh(this);
    return this.#link.movedAt;
  }

  /** Calls `call` once, when the next picture may be given; the same function waits only once. */
  whenReady(call: () => void): void {
    this.#waiting.add(call);
    this.#arm();
  }

  begin(): void {
    this.#uncertain = false;
    this.#readingSince = this.options.clock.monotonic();
    this.#unsent = this.socket.writableLength;
  }

  measured(entry: TcpEntry | undefined, at: number, doubt: number): void {
    this.#readingSince = undefined;
    const link = this.#link;
    if (!link) return;
    const now = this.options.clock.monotonic();
    if (!entry) {
      this.#blindUntil = now + BLIND_MS;
      this.#release();
    } else {
      const age = at - this.#measuredAt;
      if (doubt > MAX_DOUBT_MS && age < MAX_AGE_MS.doubtful) return;
      if (this.#uncertain && Math.min(age, at - this.#lookedAt) < MAX_AGE_MS.uncertain) return;
      this.#measuredAt = at;
      link.measured({ ...entry, queued: entry.queued + this.#unsent }, at);
      if (now - this.#missedAt >= RELEASE_MS) this.#release();
    }
    this.#cancel?.();
    this.#cancel = undefined;
    this.#arm();
  }

  /** Returns the milliseconds for which nothing is given yet, so that the reading that is being made is of use. */
  #held(now: number): number {
    return this.#readingSince === undefined ? 0 : Math.max(0, this.#readingSince + HOLD_MS - now);
  }

  #keepsMissing(now: number): boolean {
    return now - this.#missedAt < QUICK_MS;
  }

  #tell(now: number): void {
    this.#told = true;
    const bitRate = this.#link?.bitRate;
    const seconds = Math.round((now - this.#slowSince) / 1000);
    const carries = bitRate === undefined ? '' : ` Its connection carries ${(bitRate / 1e6).toFixed(1)} Mbit/s.`;
    this.options.log.info(
      `The viewer ${this.options.name()} cannot keep up: ${this.#missed} pictures were left out within ${seconds} s.${carries} ` +
        'What it sees stays new. For more pictures give it a stream that needs less (docs/performance.md, "Slow connections").',
    );
  }

  #release(): void {
    this.#link = undefined;
    this.options.queues.unwatch(this);
    if (this.socket.destroyed) {
      this.#cancel?.();
      this.#waiting.clear();
    }
  }

  #arm(): void {
    if (this.#cancel || this.#waiting.size === 0) return;
    const { clock } = this.options;
    const now = clock.monotonic();
    const ms = Math.max(this.#held(now), this.#link?.wait(now) ?? 0);
    // Else the next reading tells.
    if (Number.isFinite(ms)) this.#cancel = clock.after(Math.max(1, Math.ceil(ms)), this.#onReady);
  }

  readonly #onReady = (): void => {
    this.#cancel = undefined;
    if (this.#link && this.#link.wait(this.options.clock.monotonic()) > 0) {
      this.#arm();
      return;
    }
    const calls = [...this.#waiting];
    this.#waiting.clear();
    for (const call of calls) call();
  };
}
