import { NAL, nalRefIdc, nalType } from '../../frames/h264.ts';
import { BatchWriter, MAX_PACKET, type RtpBatch } from './batch.ts';
import { RTP_HEADER } from './packet.ts';
import type { RtpStream } from './stream.ts';

/** Packet types above those of NAL units (RFC 6184, 5.2). */
const STAP_A = 24;
const FU_A = 28;
/** FU indicator and FU header (5.8). */
const FU_HEADER = 2;
const FU_START = 0x80;
const FU_END = 0x40;
/** Length in front of each NAL unit of an aggregate (5.7.1). */
const STAP_LENGTH = 2;

/**
 * Packs the NAL units of one access unit, without start codes, as RFC 6184 has them in packetisation mode 1: parameter
 * sets that follow each other in one STAP-A, what is too large for a packet in FU-As, each other one by itself. No NAL
 * units make no packets.
 *
 * @param timestamp of the picture, in ticks of the stream's clock (90 kHz)
 * @param maxPacket bytes of the largest packet with its RTP header
 * @throws RangeError for packets that can hold nothing
 */
export function packetizeH264(stream: RtpStream, nals: readonly Buffer[], timestamp: number, maxPacket: number = MAX_PACKET): RtpBatch {
  const maxPayload = maxPacket - RTP_HEADER;
  if (maxPayload <= FU_HEADER) throw new RangeError(`packets of ${maxPacket} bytes are too small for H.264`);
  const groups = groupNals(
    nals.filter((nal) => nal.length > 0),
    maxPayload,
  );
  let count = 0;
  let octets = 0;
  for (const group of groups) {
    const fragments = fragmentsOf(group, maxPayload);
    count += fragments;
    octets += sizeOf(group) + (fragments > 1 ? fragments * FU_HEADER - 1 : 0);
  }
  const keyframe = nals.some((nal) => nalType(nal) === NAL.IDR);
  const writer = new BatchWriter(stream, count, octets, timestamp, keyframe);
  for (const group of groups) {
    if (group.length > 1) writeAggregate(writer, group);
    else if (group[0]!.length > maxPayload) writeFragments(writer, group[0]!, maxPayload);
    else group[0]!.copy(writer.buffer, writer.next(group[0]!.length));
  }
  return writer.finish();
}

const isParameterSet = (nal: Buffer): boolean => nalType(nal) === NAL.SPS || nalType(nal) === NAL.PPS;

/** Joins parameter sets that follow each other and fit into one packet; every other NAL unit is a group of its own. */
function groupNals(nals: readonly Buffer[], maxPayload: number): Buffer[][] {
  const groups: Buffer[][] = [];
  for (const nal of nals) {
    const last = groups.at(-1);
    const joins = last !== undefined && isParameterSet(nal) && isParameterSet(last[0]!) && aggregateSize([...last, nal]) <= maxPayload;
    if (joins) last.push(nal);
    else groups.push([nal]);
  }
  return groups;
}

const aggregateSize = (nals: readonly Buffer[]): number => nals.reduce((sum, nal) => sum + STAP_LENGTH + nal.length, 1);

/** Bytes of payload of a group that goes into one packet. */
const sizeOf = (group: readonly Buffer[]): number => (group.length > 1 ? aggregateSize(group) : group[0]!.length);

/** How many packets a group takes; the header byte of a NAL unit in fragments travels in their headers. */
function fragmentsOf(group: readonly Buffer[], maxPayload: number): number {
  const size = sizeOf(group);
  return size > maxPayload ? Math.ceil((size - 1) / (maxPayload - FU_HEADER)) : 1;
}

function writeAggregate(writer: BatchWriter, nals: readonly Buffer[]): void {
  const { buffer } = writer;
  let at = writer.next(aggregateSize(nals));
  // The highest importance of all, and damaged if any of them is (5.7.1).
  const importance = Math.max(...nals.map(nalRefIdc));
  const damaged = nals.reduce((bit, nal) => bit | (nal[0]! & 0x80), 0);
  buffer[at++] = damaged | (importance << 5) | STAP_A;
  for (const nal of nals) {
    at = buffer.writeUInt16BE(nal.length, at);
    at += nal.copy(buffer, at);
  }
}

function writeFragments(writer: BatchWriter, nal: Buffer, maxPayload: number): void {
  const { buffer } = writer;
  const head = nal[0]!;
  const most = maxPayload - FU_HEADER;
  for (let from = 1; from < nal.length; from += most) {
    const to = Math.min(nal.length, from + most);
    const at = writer.next(FU_HEADER + to - from);
    buffer[at] = (head & 0xe0) | FU_A;
    buffer[at + 1] = (from === 1 ? FU_START : 0) | (to === nal.length ? FU_END : 0) | (head & 0x1f);
    nal.copy(buffer, at + FU_HEADER, from, to);
  }
}
