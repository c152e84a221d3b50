import { BatchWriter, MAX_PACKET, type RtpBatch } from './batch.ts';
import type { RtpJpegHeader } from './jpeg-header.ts';
import { RTP_HEADER } from './packet.ts';
import type { RtpStream } from './stream.ts';

/** The static payload type of JPEG (RFC 3551, 6). */
export const JPEG_PAYLOAD_TYPE = 26;

/** In every packet: type-specific, fragment offset, type, Q, width, height (RFC 2435, 3.1). */
const MAIN_HEADER = 8;
/** Types 64 and up, in every packet: restart interval, F, L, count (3.1.7). */
const RESTART_HEADER = 4;
/** Q of 128 and up, in the first packet: reserved, precision, length, then the tables (3.1.8). */
const TABLE_HEADER = 4;
/** First and last bit and the highest count: this packet is to be put together with all others of the picture before decoding. */
const WHOLE_PICTURE = 0xffff;

/**
 * Cuts a JPEG into the packets of RFC 2435.
 *
 * @param header what {@link readRtpJpeg} says of this JPEG
 * @param timestamp of the capture, in ticks of the stream's clock (90 kHz)
 * @param maxPacket bytes of the largest packet with its RTP header, so large that the first one can hold the tables
 * @throws RangeError for smaller ones
 */
export function packetizeJpeg(
  stream: RtpStream,
  header: RtpJpegHeader,
  jpeg: Buffer,
  timestamp: number,
  maxPacket: number = MAX_PACKET,
): RtpBatch {
  const end = endOfData(jpeg);
  const size = end - header.dataOffset;
  const each = MAIN_HEADER + (header.restartInterval > 0 ? RESTART_HEADER : 0);
  const tables = header.tables ? TABLE_HEADER + header.tables.length : 0;
  const perPacket = maxPacket - RTP_HEADER - each;
  if (perPacket <= tables) throw new RangeError(`packets of ${maxPacket} bytes are too small for JPEG`);
  const count = Math.max(1, Math.ceil((size + tables) / perPacket));
  const writer = new BatchWriter(stream, count, count * each + tables + size, timestamp, true);
  const { buffer } = writer;
  // All of the data at once, and from the end of the buffer piece by piece to its place: pieces never reach what is still to
  // be moved, and moving within costs a tenth of copying from elsewhere, for which Node makes an object each time.
  let from = buffer.length - size;
  jpeg.copy(buffer, from, header.dataOffset, end);
  let offset = 0;
  for (let index = 0; index < count; index++) {
    const before = index === 0 ? tables : 0;
    const length = Math.min(perPacket - before, size - offset);
    let at = writer.next(each + before + length);
    at = writeHeaders(buffer, at, header, offset);
    if (index === 0 && header.tables) at = writeTables(buffer, at, header.tables);
    buffer.copyWithin(at, from, from + length);
    from += length;
    offset += length;
  }
  return writer.finish();
}

/** Where the entropy-coded data ends: a receiver writes the EOI itself. */
function endOfData(jpeg: Buffer): number {
  const end = jpeg.length - 2;
  return jpeg[end] === 0xff && jpeg[end + 1] === 0xd9 ? end : jpeg.length;
}

/** Writes the headers that every packet has. @returns the position behind them */
function writeHeaders(buffer: Buffer, at: number, { type, q, width, height, restartInterval }: RtpJpegHeader, offset: number): number {
  buffer[at] = 0; // A whole picture, no half of an interlaced one.
  buffer[at + 1] = offset >>> 16;
  buffer[at + 2] = offset >>> 8;
  buffer[at + 3] = offset;
  buffer[at + 4] = type;
  buffer[at + 5] = q;
  buffer[at + 6] = width / 8;
  buffer[at + 7] = height / 8;
  if (restartInterval === 0) return at + MAIN_HEADER;
  buffer.writeUInt16BE(restartInterval, at + MAIN_HEADER);
  buffer.writeUInt16BE(WHOLE_PICTURE, at + MAIN_HEADER + 2);
  return at + MAIN_HEADER + RESTART_HEADER;
}

/** Writes the quantisation tables. @returns the position behind them */
function writeTables(buffer: Buffer, at: number, tables: Buffer): number {
  buffer.writeUInt16BE(0, at); // Reserved, and a precision of 8 bits for both tables.
  buffer.writeUInt16BE(tables.length, at + 2);
  return at + TABLE_HEADER + tables.copy(buffer, at + TABLE_HEADER);
}
