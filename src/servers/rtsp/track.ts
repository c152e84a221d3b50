import { randomBytes } from 'node:crypto';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { AppError } from '../../core/errors.ts';
import type { RtpBatch } from '../../protocols/rtp/batch.ts';
import { goodbye, type SenderInfo, senderReport } from '../../protocols/rtp/rtcp.ts';
import { RtpStream } from '../../protocols/rtp/stream.ts';
import type { MediaDescription } from '../../protocols/sdp/describe.ts';
import type { Resumption, Sink } from './sink.ts';

/** Between two sender reports, milliseconds: the usual minimum of RFC 3550 (section 6.2). */
const REPORT_INTERVAL_MS = 5000;
/** Pictures that are still to come were captured at most this long ago, milliseconds. */
const OLDEST_MS = 2000;
/** By so much wall clock and monotonic clock may part before it is more than a matter of reading them, milliseconds. */
const CLOCK_TOLERANCE_MS = 10;

/** Where a sink begins. */
export interface TrackStart {
  /** Sequence number of the first packet, for RTP-Info. */
  readonly sequence: number;
  /** RTP timestamp of the first packet, or of the moment from which on packets may come. */
  readonly timestamp: number;
  /** Pictures that are there already. */
  readonly batches: readonly RtpBatch[];
}

/** What the track itself knows of its description. */
export type TrackDescription = Omit<MediaDescription, 'multicast' | 'control'>;

/** What makes a track and its packets unlike others. */
export interface TrackOptions {
  /** Its name, unlike that of every other track of the server; the picture of a stream has the stream's: "mjpeg". */
  readonly name: string;
  /** Numbers and times its packets. */
  readonly stream: RtpStream;
  /** Canonical name of this sender in RTCP, see {@link cnameOf}. */
  readonly cname: string;
  readonly clock: Clock;
}

/**
 * Returns the canonical name of this machine in RTCP: players lay tracks with the same name side by side in time (RFC 3550
 * section 6.5.1).
 */
export const cnameOf = (hostname: string): string => `onvif-camera@${hostname}`;

/** Returns what numbers the packets of a track: SSRC, first sequence number and timestamp are random. @param payloadType 7 bits */
export function newRtpStream(payloadType: number): RtpStream {
  const random = randomBytes(10);
  return new RtpStream({
    ssrc: random.readUInt32BE(0),
    timestampOffset: random.readUInt32BE(4),
    sequence: random.readUInt16BE(8),
    payloadType,
  });
}

/**
 * One of the media of a stream that clients play, such as its picture. Its packets are made once and go to all of its sinks,
 * with the same sequence numbers, timestamps and SSRC. It asks for what it sends only while it has sinks. RTP timestamps are
 * 32 bits of a clock of 90 kHz, and wrap.
 */
export abstract class Track {
  /** What a sink that missed something may go on with. */
  abstract readonly resumption: Resumption;
  #sinks: readonly Sink[] = [];
  /** Those that have got no picture yet. */
  readonly #fresh = new Set<Sink>();
  #newest: number | undefined;
  #cancelReports: Cancel | undefined;
  /** Wall clock less monotonic clock, milliseconds. */
  #wallOffset: number | undefined;

  constructor(protected readonly options: TrackOptions) {}

  /** Its name, unlike that of every other track of the server. */
  get name(): string {
    return this.options.name;
  }

  /** Synchronisation source of its packets, 32 bits. */
  get ssrc(): number {
    return this.options.stream.ssrc;
  }

  /** Returns what the session description says of the track; an error where there are no pictures to be had. */
  abstract describe(signal: AbortSignal): Promise<TrackDescription | AppError>;

  /** RTP timestamp of the newest picture that sinks have got; undefined before there was one. */
  get newest(): number | undefined {
    return this.#newest;
  }

  /**
   * Returns where a sink begins that is added in this same turn of the event loop.
   *
   * @param after RTP timestamp of the newest picture that its client may have had: it gets later ones alone
   */
  begin(after?: number): TrackStart {
    const batches = this.ready(after);
    const [first] = batches;
    return first ? { sequence: first.sequence, timestamp: first.timestamp, batches } : this.position(after);
  }

  /**
   * Returns where the track goes on for sinks that it has already. The timestamp is no later than that of the next picture,
   * which may be on its way and captured a while ago.
   *
   * @param after RTP timestamp that it must be later than
   */
  position(after?: number): TrackStart {
    const { stream, clock } = this.options;
    const now = clock.monotonic();
    const oldest = now - OLDEST_MS;
    let timestamp = stream.timestampAt(Math.max(oldest, this.captured ?? now));
    if (this.watched && this.#newest !== undefined && !this.isAfter(oldest, this.#newest)) timestamp = (this.#newest + 1) >>> 0;
    if (after !== undefined && !isLater(timestamp, after)) timestamp = (after + 1) >>> 0;
    return { sequence: stream.nextSequence, timestamp, batches: [] };
  }

  /** When the newest of what may be on its way was captured, monotonic milliseconds; undefined: nothing is. */
  protected get captured(): number | undefined {
    return undefined;
  }

  /**
   * Waits until {@link begin} has something later than `after`, where that takes the track's doing; not for ever, as the
   * client waits for its answer. The track goes on for it until the returned function is called.
   */
  async resume(_after: number): Promise<() => void> {
    return () => {};
  }

  /** Adds a sink. It gets pictures beginning with one that can be decoded by itself, and behind the first one a report. */
  add(sink: Sink, { batches }: TrackStart): void {
    const first = this.#sinks.length === 0;
    this.#sinks = [...this.#sinks, sink];
    this.#fresh.add(sink);
    for (const batch of batches) {
      this.#deliver(sink, batch);
      this.#newest = batch.timestamp;
    }
    if (first) {
      this.#cancelReports = this.options.clock.every(REPORT_INTERVAL_MS, () => {
        const report = this.#report();
        for (const each of this.#sinks) if (!this.#fresh.has(each)) each.report(report);
      });
      this.open();
    }
    // An encoder that begins for its first client begins with one.
    else if (this.#fresh.has(sink)) this.requestKeyFrame();
  }

  /** Takes a sink away; does nothing where it is none of the track's. */
  remove(sink: Sink): void {
    if (!this.#sinks.includes(sink)) return;
    this.#sinks = this.#sinks.filter((each) => each !== sink);
    this.#fresh.delete(sink);
    if (this.#sinks.length > 0) return;
    this.#cancelReports?.();
    this.#cancelReports = undefined;
    this.close();
  }

  /** Whether it has sinks. */
  get watched(): boolean {
    return this.#sinks.length > 0;
  }

  /** Asks for a picture with which decoding can begin. */
  abstract requestKeyFrame(): void;

  /**
   * Pictures with which a new sink can begin at once; they end where the next {@link distribute} goes on. None where the
   * first of them is not later than `after`.
   */
  protected abstract ready(after: number | undefined): readonly RtpBatch[];
  /** Begins to ask for pictures: the first sink came. */
  protected abstract open(): void;
  /** Asks for no more: the last sink has gone. */
  protected abstract close(): void;

  /** Sends the packets of a picture to all sinks. */
  protected distribute(batch: RtpBatch): void {
    this.#newest = batch.timestamp;
    if (this.#fresh.size === 0) for (const sink of this.#sinks) sink.deliver(batch);
    else for (const sink of this.#sinks) this.#deliver(sink, batch);
  }

  #deliver(sink: Sink, batch: RtpBatch): void {
    const fresh = this.#fresh.has(sink);
    if (fresh && !batch.keyframe) return;
    sink.deliver(batch);
    if (!fresh) return;
    this.#fresh.delete(sink);
    // Strict clients begin their time with whatever comes first, which over UDP may still be the report: it is of the moment
    // of the first picture, which is seconds old for a client that gets the running group.
    sink.report(this.#report(batch.timestamp));
  }

  /** Returns the milliseconds from an RTP timestamp until now. */
  age(timestamp: number): number {
    const { stream, clock } = this.options;
    return stream.milliseconds(timestamp, stream.timestampAt(clock.monotonic()));
  }

  /** Returns the RTP timestamp of the moment so many milliseconds before another. */
  before(timestamp: number, milliseconds: number): number {
    return this.options.stream.before(timestamp, milliseconds);
  }

  /** Whether a moment of the monotonic clock, in milliseconds, is later than an RTP timestamp; true where there is none. */
  protected isAfter(monotonic: number, timestamp: number | undefined): boolean {
    return timestamp === undefined || isLater(this.options.stream.timestampAt(monotonic), timestamp);
  }

  /** Returns RTCP for a client that will get nothing more: a last report, and BYE (RFC 3550 section 6.6). */
  goodbye(): Buffer {
    return goodbye(this.#senderInfo(), this.options.cname);
  }

  #report(timestamp?: number): Buffer {
    return senderReport(this.#senderInfo(timestamp), this.options.cname);
  }

  /**
   * Returns a moment in both times (RFC 3550 section 6.4.1). The same RTP timestamp is the same wall time in every report, unless the wall
   * clock was set: it has whole milliseconds, and the two clocks cannot be read at once.
   * @param timestamp RTP timestamp of the moment; undefined: the present
   */
  #senderInfo(timestamp?: number): SenderInfo {
    const { stream, clock } = this.options;
    const { ssrc, packets, octets } = stream;
    const now = clock.monotonic();
    const offset = clock.now() - now;
    if (this.#wallOffset === undefined || Math.abs(offset - this.#wallOffset) > CLOCK_TOLERANCE_MS) this.#wallOffset = offset;
    const present = stream.timestampAt(now);
    const moment = timestamp ?? present;
    return { ssrc, packets, octets, wall: now + this.#wallOffset - stream.milliseconds(moment, present), timestamp: moment };
  }
}

/** What clients play at one URL: a picture, and the tracks beside it. */
export interface Stream {
  /** Last part of its URL: "mjpeg". */
  readonly name: string;
  /** In the order of the session description; at least one, and always the same. */
  readonly tracks: readonly Track[];
}

/** Whether an RTP timestamp is later than another; they wrap. */
const isLater = (timestamp: number, other: number): boolean => ((timestamp - other) | 0) > 0;
