import { STANDARD_DHT } from '../../../src/frames/jpeg.ts';
import { quantizationTables } from '../../../src/protocols/rtp/jpeg-tables.ts';
import { parseRtpPacket, type RtpPacket } from '../../../src/protocols/rtp/packet.ts';

/** A picture as the receiver's side of RFC 2435 rebuilds it, and what it was told. */
export interface ReceivedJpeg {
  readonly jpeg: Buffer;
  readonly type: number;
  readonly q: number;
  readonly width: number;
  readonly height: number;
  readonly timestamp: number;
  /** Entropy-coded data, without the EOI. */
  readonly data: Buffer;
}

interface Fragment {
  readonly offset: number;
  readonly type: number;
  readonly q: number;
  readonly width: number;
  readonly height: number;
  readonly restartInterval: number;
  readonly tables: Buffer | undefined;
  readonly data: Buffer;
}

/** Rebuilds the JPEG of one picture from its packets, and throws whatever a strict receiver would stumble over. */
export function depacketizeJpeg(packets: readonly Buffer[]): ReceivedJpeg {
  const parsed = packets.map((bytes) => parseRtpPacket(bytes) ?? fail('no RTP packet'));
  const fragments = parsed.map(readFragment);
  const [first, head] = [parsed[0] ?? fail('no packets'), fragments[0]!];
  let size = 0;
  for (const [index, { offset, type, q, width, height, restartInterval, data }] of fragments.entries()) {
    const packet = parsed[index]!;
    if (offset !== size) fail(`fragment at ${offset} instead of ${size}`);
    if (type !== head.type || q !== head.q || width !== head.width || height !== head.height) fail('headers differ within a picture');
    if (restartInterval !== head.restartInterval) fail('restart intervals differ within a picture');
    if (packet.sequence !== ((first.sequence + index) & 0xffff)) fail('a gap in the sequence numbers');
    if (packet.timestamp !== first.timestamp || packet.ssrc !== first.ssrc) fail('packets of different pictures');
    if (packet.marker !== (index === packets.length - 1)) fail('the marker is not on the last packet alone');
    size += data.length;
  }
  const data = Buffer.concat(fragments.map((fragment) => fragment.data));
  return {
    jpeg: Buffer.concat([headersOf(head), data, Buffer.from('ffd9', 'hex')]),
    type: head.type,
    q: head.q,
    width: head.width,
    height: head.height,
    timestamp: first.timestamp,
    data,
  };
}

function fail(why: string): never {
  throw new Error(why);
}

function readFragment({ payload }: RtpPacket): Fragment {
  if (payload[0] !== 0) fail('a type-specific field that progressive pictures do not have');
  const offset = payload.readUIntBE(1, 3);
  const [type, q] = [payload[4]!, payload[5]!];
  let at = 8;
  let restartInterval = 0;
  if (type >= 64) {
    restartInterval = payload.readUInt16BE(at);
    if (restartInterval === 0) fail('a restart interval of 0');
    if (payload.readUInt16BE(at + 2) !== 0xffff) fail('this receiver knows whole pictures only');
    at += 4;
  }
  let tables: Buffer | undefined;
  if (q >= 128 && offset === 0) {
    if (payload[at] !== 0 || payload[at + 1] !== 0) fail('tables that are not of 8 bits');
    const length = payload.readUInt16BE(at + 2);
    if (length !== 128) fail(`tables of ${length} bytes`);
    tables = payload.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  if (at >= payload.length) fail('a packet without data');
  return { offset, type, q, width: payload[6]! * 8, height: payload[7]! * 8, restartInterval, tables, data: payload.subarray(at) };
}

/** RFC 2435, 4.1 and appendix B, in the order of the JFIF examples. */
function headersOf({ type, q, width, height, restartInterval, tables }: Fragment): Buffer {
  const { luminance, chrominance } = tables
    ? { luminance: tables.subarray(0, 64), chrominance: tables.subarray(64) }
    : quantizationTables(q);
  const size = Buffer.alloc(4);
  size.writeUInt16BE(height, 0);
  size.writeUInt16BE(width, 2);
  const vertical = (type & 1) === 1 ? 2 : 1;
  return Buffer.concat([
    Buffer.of(0xff, 0xd8),
    Buffer.of(0xff, 0xdb, 0, 67, 0),
    luminance,
    Buffer.of(0xff, 0xdb, 0, 67, 1),
    chrominance,
    ...(restartInterval > 0 ? [Buffer.of(0xff, 0xdd, 0, 4, restartInterval >> 8, restartInterval & 0xff)] : []),
    Buffer.of(0xff, 0xc0, 0, 17, 8),
    size,
    Buffer.of(3, 1, 0x20 | vertical, 0, 2, 0x11, 1, 3, 0x11, 1),
    STANDARD_DHT,
    Buffer.of(0xff, 0xda, 0, 12, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0),
  ]);
}
