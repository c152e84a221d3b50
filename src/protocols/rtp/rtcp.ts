/** Packet types (RFC 3550, 12.1). */
export const RTCP = { SR: 200, RR: 201, SDES: 202, BYE: 203 } as const;
/** Type of the SDES item CNAME, the only one that a sender has to give (RFC 3550, 6.5.1). */
export const SDES_CNAME = 1;

const VERSION = 2;
const SENDER_REPORT_SIZE = 28;
const BYE_SIZE = 8;
/** An SDES item's text has one byte of length. */
const MAX_CNAME = 255;

/** Seconds from 1900, where NTP starts, to 1970 (RFC 5905, figure 4). */
const NTP_TO_UNIX = 2_208_988_800;
const TWO_32 = 2 ** 32;

/** Wall time as NTP has it: seconds since 1900 and 2^-32 of a second, 32 bits each. */
export interface NtpTime {
  readonly seconds: number;
  readonly fraction: number;
}

/** Returns a wall time as NTP has it. @param wall milliseconds since the Unix epoch */
export function ntpTime(wall: number): NtpTime {
  const seconds = Math.floor(wall / 1000);
  return { seconds: (seconds + NTP_TO_UNIX) >>> 0, fraction: Math.floor(((wall - seconds * 1000) / 1000) * TWO_32) >>> 0 };
}

/** What a sender report tells (RFC 3550, 6.4.1). */
export interface SenderInfo {
  readonly ssrc: number;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly wall: number;
  /** The same moment in ticks of the stream's clock. */
  readonly timestamp: number;
  /** Packets and octets of payload sent until now, 32 bits, wrapping. */
  readonly packets: number;
  readonly octets: number;
}

/** Returns a sender report (RFC 3550, 6.4.1) and the sender's canonical name (6.5), as a compound packet. The name is cut at 255 bytes. */
export function senderReport(info: SenderInfo, cname: string): Buffer {
  const name = Buffer.from(cname).subarray(0, MAX_CNAME);
  // SSRC, type, length, text, then one to four zeros: the end of the list, filled up to 32 bits.
  const chunk = 4 * Math.floor((4 + 2 + name.length) / 4 + 1);
  const packet = Buffer.alloc(SENDER_REPORT_SIZE + 4 + chunk);
  const { seconds, fraction } = ntpTime(info.wall);
  writeHeader(packet, 0, RTCP.SR, 0, SENDER_REPORT_SIZE);
  packet.writeUInt32BE(info.ssrc >>> 0, 4);
  packet.writeUInt32BE(seconds, 8);
  packet.writeUInt32BE(fraction, 12);
  packet.writeUInt32BE(info.timestamp >>> 0, 16);
  packet.writeUInt32BE(info.packets >>> 0, 20);
  packet.writeUInt32BE(info.octets >>> 0, 24);
  writeHeader(packet, SENDER_REPORT_SIZE, RTCP.SDES, 1, 4 + chunk);
  packet.writeUInt32BE(info.ssrc >>> 0, SENDER_REPORT_SIZE + 4);
  packet[SENDER_REPORT_SIZE + 8] = SDES_CNAME;
  packet[SENDER_REPORT_SIZE + 9] = name.length;
  name.copy(packet, SENDER_REPORT_SIZE + 10);
  return packet;
}

/** Returns what {@link senderReport} does with a BYE (RFC 3550, 6.6) behind it, for the end of a stream. */
export function goodbye(info: SenderInfo, cname: string): Buffer {
  const bye = Buffer.alloc(BYE_SIZE);
  writeHeader(bye, 0, RTCP.BYE, 1, BYE_SIZE);
  bye.writeUInt32BE(info.ssrc >>> 0, 4);
  return Buffer.concat([senderReport(info, cname), bye]);
}

/** @param size bytes of the packet, a multiple of 4 */
function writeHeader(packet: Buffer, at: number, type: number, count: number, size: number): void {
  packet[at] = (VERSION << 6) | count;
  packet[at + 1] = type;
  packet.writeUInt16BE(size / 4 - 1, at + 2);
}
