import { parseRtpPacket } from '../../../src/protocols/rtp/packet.ts';
import { parseRtcp, type RtcpPacket } from '../../../src/protocols/rtp/rtcp-parser.ts';

/** The packets of one picture, in the order in which they came. */
export interface ReceivedPicture {
  readonly timestamp: number;
  readonly sequence: number;
  readonly packets: readonly Buffer[];
}

/** Pictures that are kept; all are counted. */
const KEPT = 64;

/** What a client receives of one stream: packets put together to pictures, and what is missing or torn. */
export class ReceivedStream {
  /** The newest pictures that came whole. */
  readonly pictures: ReceivedPicture[] = [];
  /** Pictures that came whole, over all time. */
  count = 0;
  /** Packets missing between two pictures. */
  missed = 0;
  /** Pictures of which a part is missing, or whose last packet has no marker. */
  torn = 0;
  /** Bytes that were no RTP. */
  strange = 0;
  readonly rtcp: RtcpPacket[][] = [];
  /** "rtp" and "rtcp" in the order in which they came. */
  readonly order: ('rtp' | 'rtcp')[] = [];
  #open: { timestamp: number; sequence: number; packets: Buffer[] } | undefined;
  #next: number | undefined;

  get last(): ReceivedPicture {
    return this.pictures.at(-1)!;
  }

  takeRtp(bytes: Buffer): void {
    this.#note('rtp');
    const packet = parseRtpPacket(bytes);
    if (!packet) {
      this.strange++;
      return;
    }
    const missing = this.#next === undefined ? 0 : (packet.sequence - this.#next) & 0xffff;
    this.#next = (packet.sequence + 1) & 0xffff;
    if (this.#open && (missing > 0 || packet.timestamp !== this.#open.timestamp)) {
      this.torn++;
      this.#open = undefined;
    } else this.missed += missing;
    this.#open ??= { timestamp: packet.timestamp, sequence: packet.sequence, packets: [] };
    this.#open.packets.push(bytes);
    if (!packet.marker) return;
    this.pictures.push(this.#open);
    if (this.pictures.length > KEPT) this.pictures.shift();
    this.count++;
    this.#open = undefined;
  }

  takeRtcp(bytes: Buffer): void {
    this.#note('rtcp');
    const packets = parseRtcp(bytes);
    if (packets) this.rtcp.push(packets);
    else this.strange++;
  }

  #note(kind: 'rtp' | 'rtcp'): void {
    if (this.order.length < KEPT) this.order.push(kind);
  }

  get senderReports() {
    return this.rtcp.flat().filter((packet) => packet.type === 'sender-report');
  }

  get saidGoodbye(): boolean {
    return this.rtcp.flat().some(({ type }) => type === 'bye');
  }
}

/** A receiver report about one source (RFC 3550, 6.4.2). */
export function receiverReport(ssrc: number, cumulativeLost = 0): Buffer {
  const packet = Buffer.alloc(32);
  packet[0] = 0x81;
  packet[1] = 201;
  packet.writeUInt16BE(7, 2);
  packet.writeUInt32BE(0x01020304, 4);
  packet.writeUInt32BE(ssrc, 8);
  packet.writeIntBE(cumulativeLost, 13, 3);
  return packet;
}
