import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { DirectWriter } from '../../core/direct-writer.ts';
import type { RtpBatch } from '../../protocols/rtp/batch.ts';
import type { Pair } from '../../protocols/rtsp/transport.ts';
import type { RtspCounters } from './counters.ts';
import type { Resumption, Sink } from './sink.ts';

/**
 * Bytes of whole pictures that may wait for a client whose stream has to be complete to be decoded: a second or two of
 * H.264. They are shared by all clients, so that this bounds the delay rather than the memory.
 */
const MAX_WAITING = 2 * 1024 * 1024;
/** RTCP is small, but a client that takes nothing shall not collect it. */
const MAX_WAITING_REPORTS = 8;
const DOLLAR = 0x24;

export interface InterleavedOptions {
  readonly socket: Socket;
  readonly channels: Pair;
  readonly resumption: Resumption;
  /** Asks for a key frame, so that a client that missed pictures need not wait for the next one. */
  readonly requestKeyFrame: () => void;
  readonly clock: Clock;
  readonly counters: RtspCounters;
}

/**
 * RTP in the RTSP connection (RFC 2326 section 10.12). A picture goes out in one write, so that it is sent whole or not at
 * all, and nothing else of the connection can come in between.
 */
export class InterleavedSink implements Sink {
  /** Pictures that wait for the kernel to take them. */
  #writing = 0;
  #waitingBytes = 0;
  #waitingReports = 0;
  /** The newest picture that came while another was under way; only where any picture will do. */
  #missed: RtpBatch | undefined;
  #needsKeyframe = false;
  /** While something waits: when the client last took some of it, or when it began to wait, monotonic milliseconds. */
  #tookAt = 0;
  /** Lengths of the pictures that wait, in their order. */
  readonly #lengths: number[] = [];

  readonly #writer: DirectWriter;

  constructor(private readonly options: InterleavedOptions) {
    this.#writer = new DirectWriter(options.socket);
  }

  deliver(batch: RtpBatch): void {
    if (this.options.resumption === 'any') {
      // What the kernel has taken already is not under way any more, although that is told a turn later: pictures that come
      // in one turn, after a pause of ours, are no fault of the client's.
      if (this.#writing === 0 || (!this.#missed && this.options.socket.writableLength === 0)) this.#send(batch);
      else {
        if (this.#missed) this.options.counters.framesSkipped++;
        this.#missed = batch;
      }
      return;
    }
    if (this.#needsKeyframe && batch.keyframe && this.#writing === 0) this.#needsKeyframe = false;
    if (this.#needsKeyframe || this.#waitingBytes + batch.framed.length > MAX_WAITING) {
      this.#needsKeyframe = true;
      this.options.counters.framesSkipped++;
    } else this.#send(batch);
  }

  report(rtcp: Buffer): void {
    if (this.#waitingReports >= MAX_WAITING_REPORTS) return;
    this.#waitingReports++;
    this.options.socket.write(framed(this.options.channels.rtcp, rtcp), this.#reported);
  }

  drop(): void {
    this.#missed = undefined;
  }

  /** Milliseconds for which the client has taken nothing of what it was given. */
  stalledFor(now: number): number {
    return this.#writing > 0 ? now - this.#tookAt : 0;
  }

  #send(batch: RtpBatch): void {
    const { channels, counters, clock } = this.options;
    const bytes = batch.onChannel(channels.rtp);
    counters.packetsSent += batch.count;
    counters.bytesSent += bytes.length;
    if (this.#writer.write(bytes)) return;
    if (this.#writing === 0) this.#tookAt = clock.monotonic();
    this.#writing++;
    this.#waitingBytes += bytes.length;
    this.#lengths.push(bytes.length);
    // An empty write is done when the picture before it is.
    this.options.socket.write('', this.#written);
  }

  /** One function for all writes, so that a picture costs no closure. */
  readonly #written = (error?: Error | null): void => {
    this.#writing--;
    this.#waitingBytes -= this.#lengths.shift() ?? 0;
    if (error) return;
    this.#tookAt = this.options.clock.monotonic();
    if (this.#writing > 0) return;
    const missed = this.#missed;
    if (missed) {
      this.#missed = undefined;
      this.#send(missed);
    } else if (this.#needsKeyframe) this.options.requestKeyFrame();
  };

  readonly #reported = (): void => {
    this.#waitingReports--;
  };
}

/** One packet in its interleaved framing. */
function framed(channel: number, packet: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(4 + packet.length);
  bytes[0] = DOLLAR;
  bytes[1] = channel;
  bytes.writeUInt16BE(packet.length, 2);
  packet.copy(bytes, 4);
  return bytes;
}
