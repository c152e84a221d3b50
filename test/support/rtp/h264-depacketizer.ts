import { parseRtpPacket } from '../../../src/protocols/rtp/packet.ts';

/** The NAL units of one access unit, as the receiver's side of RFC 6184 (packetisation mode 1) takes them out of its packets. */
export function depacketizeH264(packets: readonly Buffer[]): Buffer[] {
  const nals: Buffer[] = [];
  let open: Buffer[] | undefined;
  let first: { sequence: number; timestamp: number } | undefined;
  for (const [index, bytes] of packets.entries()) {
    const packet = parseRtpPacket(bytes) ?? fail('no RTP packet');
    first ??= packet;
    if (packet.sequence !== ((first.sequence + index) & 0xffff)) fail('a gap in the sequence numbers');
    if (packet.timestamp !== first.timestamp) fail('packets of different pictures');
    if (packet.marker !== (index === packets.length - 1)) fail('the marker is not on the last packet alone');
    const { payload } = packet;
    const head = payload[0] ?? fail('an empty packet');
    const type = head & 0x1f;
    if (open && type !== 28) fail('a fragmented NAL unit without its end');
    if (type === 24) nals.push(...aggregated(payload, head));
    else if (type === 28) open = fragment(payload, head, open, nals);
    else if (type >= 1 && type <= 23) nals.push(payload);
    else fail(`a packet of type ${type}`);
  }
  if (open) fail('a fragmented NAL unit without its end');
  return nals;
}

function fail(why: string): never {
  throw new Error(why);
}

function aggregated(payload: Buffer, head: number): Buffer[] {
  const nals: Buffer[] = [];
  for (let at = 1; at < payload.length; ) {
    const end = at + 2 + payload.readUInt16BE(at);
    if (end > payload.length || end === at + 2) fail('an aggregate that does not add up');
    nals.push(payload.subarray(at + 2, end));
    at = end;
  }
  if (nals.length < 2) fail('an aggregate of less than two');
  const importance = Math.max(...nals.map((nal) => nal[0]! & 0x60));
  const damaged = nals.reduce((bit, nal) => bit | (nal[0]! & 0x80), 0);
  if ((head & 0xe0) !== (importance | damaged)) fail('an aggregate that is not as important as its parts');
  return nals;
}

/** @returns the fragments so far, or undefined once the last one has come */
function fragment(payload: Buffer, head: number, open: Buffer[] | undefined, nals: Buffer[]): Buffer[] | undefined {
  const header = payload[1] ?? fail('a fragment without its header');
  const [start, end] = [(header & 0x80) !== 0, (header & 0x40) !== 0];
  if (start && end) fail('a fragment that is all of its NAL unit');
  if (start !== (open === undefined)) fail('a start in the middle, or none');
  const nalHeader = (head & 0xe0) | (header & 0x1f);
  if (open && open[0]![0] !== nalHeader) fail('fragments of different NAL units');
  const parts = [...(open ?? [Buffer.of(nalHeader)]), payload.subarray(2)];
  if (!end) return parts;
  nals.push(Buffer.concat(parts));
  return undefined;
}
