import { RTCP, SDES_CNAME } from './rtcp.ts';

/** What a receiver says about one source (RFC 3550, 6.4.1). */
export interface ReportBlock {
  /** The source it is about. */
  readonly ssrc: number;
  /** Packets lost since its last report, 0 to 255/256. */
  readonly fractionLost: number;
  /** Packets lost since it began; negative where some came twice. */
  readonly cumulativeLost: number;
  /** Highest sequence number received, with the number of wraps in the upper 16 bits. */
  readonly highestSequence: number;
  /** Interarrival jitter, in ticks of the stream's clock. */
  readonly jitter: number;
  /** LSR: the middle 32 bits of the NTP time of the last sender report, 0 for none. */
  readonly lastReport: number;
  /** DLSR: time since that report, in 1/65536 seconds. */
  readonly delay: number;
}

/** A packet of a compound one (RFC 3550, 6.4 to 6.6): times as in NtpTime, timestamps in ticks of the stream's clock. */
export type RtcpPacket =
  | { readonly type: 'receiver-report'; readonly ssrc: number; readonly reports: readonly ReportBlock[] }
  | {
      readonly type: 'sender-report';
      readonly ssrc: number;
      readonly ntp: { readonly seconds: number; readonly fraction: number };
      readonly timestamp: number;
      readonly packets: number;
      readonly octets: number;
      readonly reports: readonly ReportBlock[];
    }
  | { readonly type: 'source-description'; readonly chunks: readonly SourceDescription[] }
  | { readonly type: 'bye'; readonly sources: readonly number[] };

/** What a source says of itself; of the items the canonical name alone is read (RFC 3550, 6.5.1). */
export interface SourceDescription {
  readonly ssrc: number;
  readonly cname: string | undefined;
}

/** Real compound packets have two to four; more would be work for nothing. */
const MAX_PACKETS = 32;
const HEADER = 4;
const SENDER_INFO = 20;
const REPORT_BLOCK = 24;

/**
 * Reads a compound packet by the rules of RFC 3550, A.2: it begins with a report, every part is of version 2, only the
 * last one is padded, and the lengths add up. Kinds of packets it does not know are left out. Never throws.
 *
 * @returns undefined for anything else
 */
export function parseRtcp(bytes: Buffer): RtcpPacket[] | undefined {
  const packets: RtcpPacket[] = [];
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    if (count === MAX_PACKETS || at + HEADER > bytes.length) return undefined;
    const [first, type] = [bytes[at]!, bytes[at + 1]!];
    const end = at + 4 * (bytes.readUInt16BE(at + 2) + 1);
    const padded = (first & 0x20) !== 0;
    if (first >> 6 !== 2 || end > bytes.length) return undefined;
    if (count === 0 && (padded || (type !== RTCP.SR && type !== RTCP.RR))) return undefined;
    const body = bytes.subarray(at + HEADER, end);
    const padding = padded ? paddingOf(body, end === bytes.length) : 0;
    if (padding === undefined) return undefined;
    const parser = PARSERS.get(type);
    if (parser) {
      const packet = parser(body.subarray(0, body.length - padding), first & 0x1f);
      if (packet === undefined) return undefined;
      packets.push(packet);
    }
    at = end;
  }
  return count === 0 ? undefined : packets;
}

/** The last byte counts the padding, itself included, in whole words. */
function paddingOf(body: Buffer, isLast: boolean): number | undefined {
  const padding = body.at(-1) ?? 0;
  return isLast && padding > 0 && padding % 4 === 0 && padding <= body.length ? padding : undefined;
}

/** @param count the five bits of the header: how many report blocks, chunks or sources there are */
type Parser = (body: Buffer, count: number) => RtcpPacket | undefined;

const PARSERS: ReadonlyMap<number, Parser> = new Map<number, Parser>([
  [RTCP.RR, receiverReport],
  [RTCP.SR, senderReport],
  [RTCP.SDES, sourceDescription],
  [RTCP.BYE, bye],
]);

function receiverReport(body: Buffer, count: number): RtcpPacket | undefined {
  const reports = reportBlocks(body, 4, count);
  return reports && { type: 'receiver-report', ssrc: body.readUInt32BE(0), reports };
}

function senderReport(body: Buffer, count: number): RtcpPacket | undefined {
  const reports = reportBlocks(body, 4 + SENDER_INFO, count);
  return (
    reports && {
      type: 'sender-report',
      ssrc: body.readUInt32BE(0),
      ntp: { seconds: body.readUInt32BE(4), fraction: body.readUInt32BE(8) },
      timestamp: body.readUInt32BE(12),
      packets: body.readUInt32BE(16),
      octets: body.readUInt32BE(20),
      reports,
    }
  );
}

/** The report blocks at `start`; what follows them is an extension of some profile. */
function reportBlocks(body: Buffer, start: number, count: number): ReportBlock[] | undefined {
  if (start + count * REPORT_BLOCK > body.length) return undefined;
  return Array.from({ length: count }, (_unused, index) => {
    const at = start + index * REPORT_BLOCK;
    return {
      ssrc: body.readUInt32BE(at),
      fractionLost: body[at + 4]! / 256,
      cumulativeLost: body.readIntBE(at + 5, 3),
      highestSequence: body.readUInt32BE(at + 8),
      jitter: body.readUInt32BE(at + 12),
      lastReport: body.readUInt32BE(at + 16),
      delay: body.readUInt32BE(at + 20),
    };
  });
}

/** 6.5: chunks of a source and its items, closed by zeros up to the next word. */
function sourceDescription(body: Buffer, count: number): RtcpPacket | undefined {
  const chunks: SourceDescription[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + 4 > body.length) return undefined;
    const ssrc = body.readUInt32BE(at);
    at += 4;
    let cname: string | undefined;
    while (at < body.length && body[at] !== 0) {
      const end = at + 2 + (body[at + 1] ?? 0);
      if (end > body.length) return undefined;
      if (body[at] === SDES_CNAME) cname = body.toString('utf8', at + 2, end);
      at = end;
    }
    if (at >= body.length) return undefined;
    at = 4 * Math.floor(at / 4 + 1);
    chunks.push({ ssrc, cname });
  }
  return { type: 'source-description', chunks };
}

/** 6.6: sources, and perhaps a reason, which only people would read. */
function bye(body: Buffer, count: number): RtcpPacket | undefined {
  if (4 * count > body.length) return undefined;
  return { type: 'bye', sources: Array.from({ length: count }, (_unused, index) => body.readUInt32BE(4 * index)) };
}
