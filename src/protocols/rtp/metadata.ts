import { BatchWriter, MAX_PACKET, type RtpBatch } from './batch.ts';
import { RTP_HEADER } from './packet.ts';
import type { RtpStream } from './stream.ts';

/**
 * A document of ONVIF metadata in RTP (ONVIF Streaming Specification, section 5.2.1.1): its bytes as they are, over as many packets
 * as it takes, the marker on the last.
 * @param document not empty
 * @param timestamp of what it tells, in the stream's clock
 */
export function packetizeMetadata(stream: RtpStream, document: Buffer, timestamp: number): RtpBatch {
  const room = MAX_PACKET - RTP_HEADER;
  const writer = new BatchWriter(stream, Math.ceil(document.length / room), document.length, timestamp, true);
  for (let from = 0; from < document.length; from += room) {
    const to = Math.min(document.length, from + room);
    document.copy(writer.buffer, writer.next(to - from), from, to);
  }
  return writer.finish();
}
