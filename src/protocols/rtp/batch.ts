import { RTP_HEADER, writeRtpHeader } from './packet.ts';
import type { RtpStream } from './stream.ts';

/**
 * Largest RTP packet in bytes, its header included. An Ethernet frame holds 1452 above IPv6 and UDP; the rest is left
 * to VLAN tags, PPPoE and the lighter tunnels on the way, as a datagram in fragments is lost with any one of them.
 */
export const MAX_PACKET = 1400;

/** '$', channel and 16 bits of length in front of each packet on an RTSP connection (RFC 2326, 10.12). */
const FRAMING = 4;
const MAGIC = 0x24;

/** What a batch is made of, see the fields of {@link RtpBatch}. */
interface RtpBatchInit {
  readonly framed: Buffer;
  readonly offsets: Uint32Array;
  readonly payloadOctets: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly keyframe: boolean;
}

/**
 * All packets of one picture in one buffer, shared by every client: one on an RTSP connection writes {@link framed} at
 * once, one on UDP sends the packets one by one. Nothing in it changes.
 */
export class RtpBatch {
  /** The packets in order, each with its interleaved framing for channel 0. */
  readonly framed: Buffer;
  /** Where each RTP packet starts in {@link framed}, behind its framing. */
  readonly offsets: Uint32Array;
  /** How many packets there are. */
  readonly count: number;
  /** Bytes of all payloads, as the sender report counts octets. */
  readonly payloadOctets: number;
  /** Sequence number of the first packet, 16 bits. */
  readonly sequence: number;
  /** RTP timestamp of all packets, 32 bits of a clock of 90 kHz. */
  readonly timestamp: number;
  /** Synchronisation source of all packets, 32 bits. */
  readonly ssrc: number;
  /** Whether a receiver can start with this picture. */
  readonly keyframe: boolean;
  readonly #packets: Buffer[] = [];
  readonly #channels = new Map<number, Buffer>();

  constructor({ framed, offsets, payloadOctets, sequence, timestamp, ssrc, keyframe }: RtpBatchInit) {
    this.framed = framed;
    this.offsets = offsets;
    this.count = offsets.length;
    this.payloadOctets = payloadOctets;
    this.sequence = sequence;
    this.timestamp = timestamp;
    this.ssrc = ssrc;
    this.keyframe = keyframe;
    this.#channels.set(0, framed);
  }

  /** Returns one RTP packet, without framing: a view, the same one for every client. @throws RangeError where there is none */
  packet(index: number): Buffer {
    const start = this.offsets[index];
    if (start === undefined) throw new RangeError(`packet ${index} of ${this.count}`);
    const next = this.offsets[index + 1];
    this.#packets[index] ??= this.framed.subarray(start, next === undefined ? this.framed.length : next - FRAMING);
    return this.#packets[index];
  }

  /** Returns {@link framed} for an interleaved channel, 0 to 255: for any but 0 a copy that all clients on it share. */
  onChannel(channel: number): Buffer {
    let bytes = this.#channels.get(channel);
    if (bytes === undefined) {
      bytes = Buffer.from(this.framed);
      for (const offset of this.offsets) bytes[offset - FRAMING + 1] = channel;
      this.#channels.set(channel, bytes);
    }
    return bytes;
  }
}

/** Writes the packets of one picture one after the other into the one buffer of its batch. */
export class BatchWriter {
  /** Where the payloads are to be written. */
  readonly buffer: Buffer;
  readonly #offsets: Uint32Array;
  readonly #sequence: number;
  #count = 0;
  #end = 0;

  /**
   * @param count how many packets there will be
   * @param payloadOctets bytes of all their payloads
   * @param timestamp of the picture, in ticks of the stream's clock (90 kHz)
   */
  constructor(
    private readonly stream: RtpStream,
    count: number,
    private readonly payloadOctets: number,
    private readonly timestamp: number,
    private readonly keyframe: boolean,
  ) {
    this.buffer = Buffer.allocUnsafeSlow(count * (FRAMING + RTP_HEADER) + payloadOctets);
    this.#offsets = new Uint32Array(count);
    this.#sequence = stream.claim(count, payloadOctets);
  }

  /** Begins the next packet; the last one gets the marker. Returns where in {@link buffer} its `length` bytes of payload belong. */
  next(length: number): number {
    const { buffer, stream, timestamp } = this;
    const index = this.#count;
    const offset = this.#end + FRAMING;
    buffer[this.#end] = MAGIC;
    buffer[this.#end + 1] = 0;
    buffer[this.#end + 2] = (RTP_HEADER + length) >>> 8;
    buffer[this.#end + 3] = RTP_HEADER + length;
    const marker = index === this.#offsets.length - 1;
    writeRtpHeader(buffer, offset, {
      marker,
      payloadType: stream.payloadType,
      sequence: this.#sequence + index,
      timestamp,
      ssrc: stream.ssrc,
    });
    this.#offsets[index] = offset;
    this.#count++;
    this.#end = offset + RTP_HEADER + length;
    return offset + RTP_HEADER;
  }

  /** Returns the batch, once all payloads are written. */
  finish(): RtpBatch {
    return new RtpBatch({
      framed: this.buffer,
      offsets: this.#offsets,
      payloadOctets: this.payloadOctets,
      sequence: this.#sequence,
      timestamp: this.timestamp >>> 0,
      ssrc: this.stream.ssrc,
      keyframe: this.keyframe,
    });
  }
}
