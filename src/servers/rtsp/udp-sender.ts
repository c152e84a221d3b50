import type { Socket } from 'node:dgram';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { RtpBatch } from '../../protocols/rtp/batch.ts';
import type { RtspCounters } from './counters.ts';
import type { Resumption, Sink } from './sink.ts';

/** Between two bursts, milliseconds: the shortest that timers can do and still leave the processor in peace. */
const TICK_MS = 2;
/**
 * Packets per burst at least: each burst wakes the receiver once more, which is a good part of what a packet costs. A
 * receiver with the usual socket buffer of 208 KiB holds about 90 full packets.
 */
const MIN_BURST = 16;
/** Most packets at once, with those of bursts that are made up for because the timer was late: they must still fit into that buffer. */
const MAX_BURST = 64;
/** A picture should be out within this share of the time until the next. */
const SHARE_OF_INTERVAL = 0.6;
/** Pictures that come seldom need not be spread out further: it would only make them late. Milliseconds. */
const MAX_SPREAD_MS = 40;
/**
 * A late client's first pictures come all at once. What waits goes out as fast as so many pictures as large as itself would:
 * it is worked off in a few intervals, and no burst is larger than usual by much.
 */
const CATCH_UP = 4;
/** Packets that may wait, about 4 MB. */
const MAX_WAITING = 3000;
/** Bytes in Node's own queue beyond which the network takes nothing at present. */
const MAX_KERNEL_BACKLOG = 512 * 1024;

/** Hands packets out bit by bit, all senders by one timer that runs only while something waits. */
export class Pacer {
  readonly #busy = new Set<UdpSender>();
  #cancel: Cancel | undefined;
  /** When the last bursts were due, monotonic milliseconds. */
  #at = 0;

  /** @param fps pictures per second, as far as it is known */
  constructor(
    private readonly clock: Clock,
    private readonly fps: () => number,
  ) {}

  /** How many bursts a picture is spread over. */
  get bursts(): number {
    const interval = 1000 / Math.max(1, this.fps());
    return Math.max(1, Math.floor(Math.min(MAX_SPREAD_MS, SHARE_OF_INTERVAL * interval) / TICK_MS));
  }

  /** Calls {@link UdpSender.burst} from now on, for as long as packets wait. */
  wake(sender: UdpSender): void {
    this.#busy.add(sender);
    if (this.#cancel) return;
    this.#at = this.clock.monotonic();
    this.#cancel = this.clock.every(TICK_MS, () => this.#tick());
  }

  /** On a busy machine the timer comes late; pictures would be dropped for that although the network takes them. */
  #tick(): void {
    const due = Math.floor((this.clock.monotonic() - this.#at) / TICK_MS);
    this.#at += due * TICK_MS;
    for (const sender of this.#busy) if (!sender.burst(due)) this.#busy.delete(sender);
    if (this.#busy.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

/** The sockets, and the track whose packets they carry. */
export interface UdpSenderOptions {
  /** Socket for RTP, connected to where it goes. */
  readonly rtp: Socket;
  /** Socket for RTCP, connected likewise. */
  readonly rtcp: Socket;
  /** Called when RTCP could not be sent: RTP, which comes more often, is not asked about. */
  readonly onFailure?: () => void;
  readonly resumption: Resumption;
  /** Called to ask for a key frame where pictures were left out that others need. */
  readonly requestKeyFrame: () => void;
  readonly pacer: Pacer;
  readonly counters: RtspCounters;
}

/**
 * Sends RTP over UDP. A picture's packets are spread over a part of the time until the next one, since a burst of all of them
 * would not fit into the client's socket buffer.
 */
export class UdpSender implements Sink {
  /** Pictures that wait, the first of them begun at {@link #next}. */
  #queue: RtpBatch[] = [];
  #next = 0;
  #waiting = 0;
  #perBurst = MIN_BURST;
  #needsKeyframe = false;
  #closed = false;

  constructor(private readonly options: UdpSenderOptions) {}

  deliver(batch: RtpBatch): void {
    if (this.#closed) return;
    const { resumption, pacer, rtp } = this.options;
    const incomplete = resumption === 'keyframe' && this.#needsKeyframe && !batch.keyframe;
    if (incomplete || this.#waiting + batch.count > MAX_WAITING || rtp.getSendQueueSize() > MAX_KERNEL_BACKLOG) {
      this.#skip();
      return;
    }
    // Pictures that come together, after a pause of ours, all go out; what cannot be made up for is dropped.
    if (resumption === 'any' && this.#queue.length >= CATCH_UP) this.drop();
    this.#needsKeyframe = false;
    const idle = this.#queue.length === 0;
    this.#queue.push(batch);
    this.#waiting += batch.count;
    this.#perBurst = Math.max(MIN_BURST, Math.ceil(Math.max(batch.count, this.#waiting / CATCH_UP) / pacer.bursts));
    if (idle && this.burst(1)) pacer.wake(this);
  }

  report(rtcp: Buffer): void {
    if (this.#closed) return;
    const { rtcp: socket, onFailure } = this.options;
    if (onFailure) socket.send(rtcp, (error) => error && onFailure());
    else socket.send(rtcp);
  }

  /** Sends the packets of some bursts, where that is not too much at once. @returns whether more wait */
  burst(count: number): boolean {
    const { rtp, counters } = this.options;
    for (let left = Math.min(count * this.#perBurst, Math.max(this.#perBurst, MAX_BURST)); left > 0; left--) {
      const batch = this.#queue[0];
      if (!batch) break;
      const packet = batch.packet(this.#next);
      // Without a callback errors go nowhere, as they should: a client that has closed its port is ended by its session's
      // time-out. With one, Node would make a turn of the event loop of each packet.
      rtp.send(packet);
      counters.packetsSent++;
      counters.bytesSent += packet.length;
      this.#waiting--;
      if (++this.#next === batch.count) {
        this.#queue.shift();
        this.#next = 0;
      }
    }
    return this.#queue.length > 0;
  }

  drop(): void {
    const dropped = this.#queue.splice(this.#next > 0 ? 1 : 0);
    this.options.counters.framesSkipped += dropped.length;
    this.#waiting -= dropped.reduce((sum, { count }) => sum + count, 0);
  }

  /** Sends nothing more. The sockets stay open. */
  close(): void {
    this.#closed = true;
    this.#queue = [];
    this.#waiting = 0;
  }

  #skip(): void {
    this.options.counters.framesSkipped++;
    if (this.options.resumption !== 'keyframe' || this.#needsKeyframe) return;
    this.#needsKeyframe = true;
    this.options.requestKeyFrame();
  }
}
