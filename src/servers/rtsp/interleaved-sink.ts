import type { Socket } from 'node:net';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { RtpBatch } from '../../protocols/rtp/batch.ts';
import type { Pair } from '../../protocols/rtsp/transport.ts';
import { PacedWriter } from '../paced-writer.ts';
import type { ViewerPace } from '../viewer-pace.ts';
import type { RtspCounters } from './counters.ts';
import type { Resumption, Sink } from './sink.ts';

/**
 * Bytes of whole pictures that may wait for a client whose stream has to be complete to be decoded: a second or two of
 * H.264, or some thousand documents with events. They are shared by all clients, so that this bounds the delay rather than the memory.
 */
const MAX_WAITING = 2 * 1024 * 1024;
/**
 * H.264 may wait for so long where what waits can be seen: leaving out a picture costs all up to the next key frame, and a key frame
 * is several times as large as the others. Milliseconds.
 */
const DEPENDENT_WAIT_MS = 400;
/** Each key frame costs all viewers: one client gets no more than one in so long. Milliseconds. */
const KEY_FRAME_INTERVAL_MS = 2000;
/** RTCP packets that may wait: they are small, but shall not pile up for a client that takes nothing. */
const MAX_WAITING_REPORTS = 8;
const DOLLAR = 0x24;

/** A connection, and the track whose packets go out on it. */
export interface InterleavedOptions {
  readonly socket: Socket;
  /** What tells when the next picture may go; undefined: as soon as the socket takes it. */
  readonly pace: ViewerPace | undefined;
  /** Returns when the client was last seen to take something, whatever of the connection it was; see {@link ViewerPace.movedAt}. */
  readonly movedAt: () => number;
  /** Interleaved channels of RTP and RTCP. */
  readonly channels: Pair;
  readonly resumption: Resumption;
  /** Called to ask for a key frame, so that a client that missed pictures need not wait for the next one. */
  readonly requestKeyFrame: () => void;
  readonly clock: Clock;
  readonly counters: RtspCounters;
}

/**
 * Sends RTP in the RTSP connection (RFC 2326 section 10.12). A picture is sent whole or not at all: in one write, and on a slow link in
 * some of whole packets, between which answers and RTCP need not wait for the rest of it.
 */
export class InterleavedSink implements Sink {
  /** Pictures that wait for the kernel to take them. */
  #writing = 0;
  #waitingBytes = 0;
  #waitingReports = 0;
  /** The newest picture that came while another was under way; only where any picture will do. */
  #missed: RtpBatch | undefined;
  #needsKeyframe = false;
  /** When a key frame was asked for, monotonic milliseconds. */
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Ends the wait until another one may be asked for. */
  #cancelAsk: Cancel | undefined;
  /** While something waits: when the client last took some of it, or when it began to wait, monotonic milliseconds. */
  #tookAt = 0;
  /** Lengths of the pictures that wait, in their order. */
  readonly #lengths: number[] = [];

  readonly #writer: PacedWriter;

  constructor(private readonly options: InterleavedOptions) {
    const { socket, pace } = options;
    this.#writer = new PacedWriter({ socket, pace, cut: packetEnd, onWritten: (error) => this.#written(error) });
  }

  deliver(batch: RtpBatch): void {
    const { pace, socket, counters } = this.options;
    if (this.options.resumption === 'any') {
      // What the kernel has taken already is not under way, although that is told a turn later: pictures that come
      // in one turn, after a pause of ours, are no fault of the client's.
      const free = this.#writing === 0 || (!this.#missed && this.#writer.waiting === 0 && socket.writableLength === 0);
      if (this.#missed) counters.framesSkipped++;
      if (!free) pace?.proveSlow();
      else if (pace?.takes() !== false) {
        this.#send(batch);
        return;
      } else {
        pace.missed();
        pace.whenReady(this.#goOn);
      }
      this.#missed = batch;
    } else this.#deliverDependent(batch);
  }

  #deliverDependent(batch: RtpBatch): void {
    const { pace, socket, counters } = this.options;
    const { waiting } = this.#writer;
    if (this.#writing > 0 && socket.writableLength > 0) pace?.proveSlow();
    if (this.#needsKeyframe && batch.keyframe && this.#writing === 0 && pace?.takes() !== false) this.#needsKeyframe = false;
    const tooMuch = this.#waitingBytes + batch.framed.length > MAX_WAITING || pace?.takes(DEPENDENT_WAIT_MS, waiting) === false;
    if (this.#needsKeyframe || tooMuch) {
      // A key frame that may not go either is as good as none.
      if (!this.#needsKeyframe || batch.keyframe) pace?.whenReady(this.#goOn);
      this.#needsKeyframe = true;
      pace?.missed();
      counters.framesSkipped++;
    } else this.#send(batch);
  }

  report(rtcp: Buffer): void {
    if (this.#waitingReports >= MAX_WAITING_REPORTS) return;
    this.#waitingReports++;
    this.options.socket.write(framed(this.options.channels.rtcp, rtcp), this.#reported);
  }

  drop(): void {
    this.#missed = undefined;
    // A client that goes on begins with one in any case; one that has gone needs none.
    this.#needsKeyframe = false;
    this.#cancelAsk?.();
    this.#cancelAsk = undefined;
    // Nothing of it may come behind the answer.
    this.#writer.flush();
  }

  /** Milliseconds for which the client has taken nothing of what it was given. @param now monotonic milliseconds */
  stalledFor(now: number): number {
    const { pace, movedAt } = this.options;
    return this.#writing > 0 && this.#writer.waiting === 0 ? now - Math.max(this.#tookAt, movedAt()) : (pace?.stalledFor ?? 0);
  }

  #send(batch: RtpBatch): void {
    const { channels, counters, clock } = this.options;
    const bytes = batch.onChannel(channels.rtp);
    counters.packetsSent += batch.count;
    counters.bytesSent += bytes.length;
    this.#missed = undefined;
    if (this.#writer.write(bytes)) return;
    if (this.#writing === 0) this.#tookAt = clock.monotonic();
    this.#writing++;
    this.#waitingBytes += bytes.length;
    this.#lengths.push(bytes.length);
  }

  #written(error?: Error | null): void {
    this.#writing--;
    this.#waitingBytes -= this.#lengths.shift() ?? 0;
    if (error) return;
    this.#tookAt = this.options.clock.monotonic();
    this.#goOn();
  }

  /** What was missed follows as soon as it may. */
  readonly #goOn = (): void => {
    const { pace, socket } = this.options;
    if (this.#writing > 0 || socket.destroyed || (!this.#missed && !this.#needsKeyframe)) return;
    if (pace?.takes() === false) pace.whenReady(this.#goOn);
    else if (this.#missed) this.#send(this.#missed);
    else this.#askKeyFrame();
  };

  #askKeyFrame(): void {
    const { clock, requestKeyFrame } = this.options;
    const now = clock.monotonic();
    const early = this.#askedAt + KEY_FRAME_INTERVAL_MS - now;
    if (early > 0) {
      this.#cancelAsk ??= clock.after(Math.ceil(early), this.#askAgain);
      return;
    }
    this.#askedAt = now;
    requestKeyFrame();
  }

  readonly #askAgain = (): void => {
    this.#cancelAsk = undefined;
    this.#goOn();
  };

  readonly #reported = (): void => {
    this.#waitingReports--;
  };
}

/** Returns the end of the last packet that ends before `end`, or of the first one: something else may come between two packets. */
function packetEnd(bytes: Buffer, at: number, end: number): number {
  const next = (from: number) => from + 4 + bytes.readUInt16BE(from + 2);
  let cut = next(at);
  while (cut < bytes.length && next(cut) <= end) cut = next(cut);
  return cut;
}

/** Returns one packet in its interleaved framing. */
function framed(channel: number, packet: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(4 + packet.length);
  bytes[0] = DOLLAR;
  bytes[1] = channel;
  bytes.writeUInt16BE(packet.length, 2);
  packet.copy(bytes, 4);
  return bytes;
}
