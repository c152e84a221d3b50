import type { Cancel, Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Hub } from '../../hub/hub.ts';
import type { RtpBatch } from '../../protocols/rtp/batch.ts';
import { goodbye, type SenderInfo, senderReport } from '../../protocols/rtp/rtcp.ts';
import type { RtpStream } from '../../protocols/rtp/stream.ts';
import type { VideoDescription } from '../../protocols/sdp/describe.ts';
import type { Resumption, Sink } from './sink.ts';

/** The interval that RFC 3550 (section 6.2) gives as the usual minimum. */
const REPORT_INTERVAL_MS = 5000;

/** With what a sink begins. */
export interface TrackStart {
  /** Sequence number and RTP timestamp of the first packet, for RTP-Info. */
  readonly sequence: number;
  readonly timestamp: number;
  /** Pictures that are there already. */
  readonly batches: readonly RtpBatch[];
}

/** What the track itself knows of its description. */
export type TrackDescription = Omit<VideoDescription, 'port' | 'control'>;

export interface TrackOptions {
  /** Last part of the stream's URL: "mjpeg". */
  readonly name: string;
  readonly stream: RtpStream;
  readonly hub: Hub;
  /** Names this sender in RTCP. */
  readonly cname: string;
  readonly clock: Clock;
}

/**
 * A stream that clients play: its packets are made once and go to all of its sinks, with the same sequence numbers,
 * timestamps and SSRC. It asks for pictures only while it has sinks.
 */
export abstract class Track {
  abstract readonly resumption: Resumption;
  #sinks: readonly Sink[] = [];
  /** Those that have got no picture yet: with it comes the first report. */
  readonly #fresh = new Set<Sink>();
  #cancelReports: Cancel | undefined;

  constructor(protected readonly options: TrackOptions) {}

  get name(): string {
    return this.options.name;
  }

  get ssrc(): number {
    return this.options.stream.ssrc;
  }

  /** What the session description says of it; an error where there are no pictures to be had. */
  abstract describe(signal: AbortSignal): Promise<TrackDescription | AppError>;

  /** Where a sink begins that is added in this same turn of the event loop. */
  begin(): TrackStart {
    const batches = this.ready();
    const [first] = batches;
    return first ? { sequence: first.sequence, timestamp: first.timestamp, batches } : this.position();
  }

  /** Where the stream goes on for those that have sinks already. */
  position(): TrackStart {
    const { stream, clock } = this.options;
    return { sequence: stream.nextSequence, timestamp: stream.timestampAt(clock.monotonic()), batches: [] };
  }

  add(sink: Sink, { batches }: TrackStart): void {
    const first = this.#sinks.length === 0;
    this.#sinks = [...this.#sinks, sink];
    if (batches.length > 0) sink.report(this.#report());
    else this.#fresh.add(sink);
    for (const batch of batches) sink.deliver(batch);
    if (!first) return;
    this.#cancelReports = this.options.clock.every(REPORT_INTERVAL_MS, () => {
      const report = this.#report();
      for (const each of this.#sinks) each.report(report);
    });
    this.open();
  }

  remove(sink: Sink): void {
    if (!this.#sinks.includes(sink)) return;
    this.#sinks = this.#sinks.filter((each) => each !== sink);
    this.#fresh.delete(sink);
    if (this.#sinks.length > 0) return;
    this.#cancelReports?.();
    this.#cancelReports = undefined;
    this.close();
  }

  /** Why there are no pictures, where waiting for them is no use. Asking keeps the camera wanted, so that it is tried again. */
  protected cameraFailure(): AppError | undefined {
    const { hub } = this.options;
    if (hub.status.state !== 'failed') return undefined;
    hub.lease()();
    return hub.status.error ?? new AppError('NO_FRAMES', 'The camera gives no pictures.');
  }

  get watched(): boolean {
    return this.#sinks.length > 0;
  }

  /** Asks for a picture with which decoding can begin. */
  abstract requestKeyFrame(): void;

  /** Pictures with which a new sink can begin at once; they end where the next {@link distribute} goes on. */
  protected abstract ready(): readonly RtpBatch[];
  /** Begins to ask for pictures. */
  protected abstract open(): void;
  protected abstract close(): void;

  protected distribute(batch: RtpBatch): void {
    if (this.#fresh.size > 0) {
      const report = this.#report();
      for (const sink of this.#fresh) sink.report(report);
      this.#fresh.clear();
    }
    for (const sink of this.#sinks) sink.deliver(batch);
  }

  /** RTCP for a client that will get nothing more. */
  goodbye(): Buffer {
    return goodbye(this.#senderInfo(), this.options.cname);
  }

  #report(): Buffer {
    return senderReport(this.#senderInfo(), this.options.cname);
  }

  #senderInfo(): SenderInfo {
    const { stream, clock } = this.options;
    const { ssrc, packets, octets } = stream;
    return { ssrc, packets, octets, wall: clock.now(), timestamp: stream.timestampAt(clock.monotonic()) };
  }
}
