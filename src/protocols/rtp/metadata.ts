import { BatchWriter, MAX_PACKET, type RtpBatch } from './batch.ts';
import { RTP_HEADER } from './packet.ts';
import type { RtpStream } from './stream.ts';

/**
 * Packs a document of ONVIF metadata (ONVIF Streaming Specification, section 5.2.1.1): its bytes as they are, over as many packets as
 * it takes, the marker on the last.
 *
 * @param document not empty
 * @param timestamp of what it tells, in ticks of the stream's clock (90 kHz)
 * @param complete whether a receiver can start with it, since it tells every state
 */
export function packetizeMetadata(stream: RtpStream, document: Buffer, timestamp: number, complete: boolean): RtpBatch {
  const maxPayload = MAX_PACKET - RTP_HEADER;
  const writer = new BatchWriter(stream, Math.ceil(document.length / maxPayload), document.length, timestamp, complete);
  for (let from = 0; from < document.length; from += maxPayload) {
    const to = Math.min(document.length, from + maxPayload);
    document.copy(writer.buffer, writer.next(to - from), from, to);
  }
  return writer.finish();
}
