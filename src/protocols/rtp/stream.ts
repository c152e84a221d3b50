/** Ticks per millisecond of the 90 kHz clock that every payload format of video uses. */
const TICKS_PER_MS = 90;

/** What a stream begins with. */
export interface RtpStreamInit {
  /** 32 random bits. */
  readonly ssrc: number;
  /** 7 bits: 26 is JPEG, 96 and above are named in the SDP. */
  readonly payloadType: number;
  /** First sequence number, 16 random bits: known ones make attacks on encryption easier (RFC 3550, 5.1). */
  readonly sequence: number;
  /** Timestamp at 0 of the monotonic clock, 32 random bits for the same reason. */
  readonly timestampOffset: number;
}

/** One outgoing stream of RTP packets: numbers and times them, and counts them for its sender reports. */
export class RtpStream {
  /** Synchronisation source, 32 bits. */
  readonly ssrc: number;
  /** 7 bits. */
  readonly payloadType: number;
  readonly #timestampOffset: number;
  #sequence: number;
  #packets = 0;
  #octets = 0;

  constructor({ ssrc, payloadType, sequence, timestampOffset }: RtpStreamInit) {
    this.ssrc = ssrc >>> 0;
    this.payloadType = payloadType & 0x7f;
    this.#sequence = sequence & 0xffff;
    this.#timestampOffset = timestampOffset >>> 0;
  }

  /** Sequence number of the packet to be made next, as RTP-Info names it. */
  get nextSequence(): number {
    return this.#sequence;
  }

  /** Packets made so far, 32 bits, wrapping. */
  get packets(): number {
    return this.#packets;
  }

  /** Octets of payload made so far, without headers; 32 bits, wrapping. */
  get octets(): number {
    return this.#octets;
  }

  /** Returns the RTP timestamp of a moment of the monotonic clock, given in milliseconds. */
  timestampAt(monotonic: number): number {
    return (this.#timestampOffset + Math.round(monotonic * TICKS_PER_MS)) >>> 0;
  }

  /** Returns the milliseconds from one RTP timestamp to another, negative to an earlier one; they may be 6.6 hours apart. */
  milliseconds(from: number, to: number): number {
    return ((to - from) | 0) / TICKS_PER_MS;
  }

  /** Returns the RTP timestamp of the moment so many milliseconds before that of another. */
  before(timestamp: number, milliseconds: number): number {
    return (timestamp - Math.round(milliseconds * TICKS_PER_MS)) >>> 0;
  }

  /** Takes the next `packets` sequence numbers for packets with `octets` of payload, and returns the first one. */
  claim(packets: number, octets: number): number {
    const first = this.#sequence;
    this.#sequence = (first + packets) & 0xffff;
    this.#packets = (this.#packets + packets) >>> 0;
    this.#octets = (this.#octets + octets) >>> 0;
    return first;
  }
}
