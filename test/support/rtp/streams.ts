import type { RtpBatch } from '../../../src/protocols/rtp/batch.ts';
import { RtpStream, type RtpStreamInit } from '../../../src/protocols/rtp/stream.ts';

export const makeStream = (change: Partial<RtpStreamInit> = {}): RtpStream =>
  new RtpStream({ ssrc: 0xdecade01, payloadType: 26, sequence: 1000, timestampOffset: 5000, ...change });

/** The packets as UDP sends them. */
export const packetsOf = (batch: RtpBatch): Buffer[] => Array.from({ length: batch.count }, (_unused, index) => batch.packet(index));

/** The packets as a client on an RTSP connection cuts them out of what it reads. */
export function readInterleaved(bytes: Buffer): { channel: number; packet: Buffer }[] {
  const found: { channel: number; packet: Buffer }[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] !== 0x24) throw new Error(`no interleaved packet at ${at}`);
    const end = at + 4 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) throw new Error(`the packet at ${at} is cut off`);
    found.push({ channel: bytes[at + 1]!, packet: bytes.subarray(at + 4, end) });
    at = end;
  }
  return found;
}
