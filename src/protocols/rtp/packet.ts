/** Bytes of the fixed header: no contributing sources, no extension (RFC 3550, 5.1). */
export const RTP_HEADER = 12;
const VERSION = 2;

/** The fields of the fixed header that we use (RFC 3550, 5.1). */
export interface RtpHeader {
  /** Set on the last packet of a picture, for the payload formats of video. */
  readonly marker: boolean;
  /** 7 bits. */
  readonly payloadType: number;
  /** 16 bits, the next packet's is one more, wrapping to 0. */
  readonly sequence: number;
  /** 32 bits, the sampling instant in ticks of the payload format's clock (90 kHz for video), wrapping to 0. */
  readonly timestamp: number;
  /** 32 bits, the synchronisation source. */
  readonly ssrc: number;
}

/** A packet that was received. */
export interface RtpPacket extends RtpHeader {
  /** The payload without padding; a view into the packet. */
  readonly payload: Buffer;
}

/**
 * Writes the fixed header, {@link RTP_HEADER} bytes, at `at`. Numbers too large for their field wrap. Byte by byte: this is
 * done for each packet, and Buffer's own methods check their arguments each time.
 */
export function writeRtpHeader(buffer: Buffer, at: number, { marker, payloadType, sequence, timestamp, ssrc }: RtpHeader): void {
  buffer[at] = VERSION << 6;
  buffer[at + 1] = (marker ? 0x80 : 0) | (payloadType & 0x7f);
  buffer[at + 2] = sequence >>> 8;
  buffer[at + 3] = sequence;
  buffer[at + 4] = timestamp >>> 24;
  buffer[at + 5] = timestamp >>> 16;
  buffer[at + 6] = timestamp >>> 8;
  buffer[at + 7] = timestamp;
  buffer[at + 8] = ssrc >>> 24;
  buffer[at + 9] = ssrc >>> 16;
  buffer[at + 10] = ssrc >>> 8;
  buffer[at + 11] = ssrc;
}

/**
 * Reads one RTP packet, stepping over contributing sources, a header extension and padding. Never throws.
 *
 * @returns undefined for anything that is no RTP of version 2, or whose lengths don't fit its size
 */
export function parseRtpPacket(bytes: Buffer): RtpPacket | undefined {
  if (bytes.length < RTP_HEADER) return undefined;
  const [first, second] = [bytes[0]!, bytes[1]!];
  if (first >> 6 !== VERSION) return undefined;
  let start = RTP_HEADER + 4 * (first & 0x0f);
  if ((first & 0x10) !== 0) {
    if (start + 4 > bytes.length) return undefined;
    start += 4 + 4 * bytes.readUInt16BE(start + 2);
  }
  let end = bytes.length;
  if ((first & 0x20) !== 0) {
    const padding = bytes[end - 1]!;
    if (padding === 0) return undefined;
    end -= padding;
  }
  if (start > end) return undefined;
  return {
    marker: (second & 0x80) !== 0,
    payloadType: second & 0x7f,
    sequence: bytes.readUInt16BE(2),
    timestamp: bytes.readUInt32BE(4),
    ssrc: bytes.readUInt32BE(8),
    payload: bytes.subarray(start, end),
  };
}
