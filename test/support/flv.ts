/** Makes one FLV tag, as long as its fields say. */
export function flvTag(type: number, timestamp: number, body: Buffer): Buffer {
  const header = Buffer.alloc(11);
  header[0] = type;
  header.writeUIntBE(body.length, 1, 3);
  header.writeUIntBE(timestamp % 2 ** 24, 4, 3);
  header[7] = Math.floor(timestamp / 2 ** 24);
  const end = Buffer.alloc(4);
  end.writeUInt32BE(header.length + body.length);
  return Buffer.concat([header, body, end]);
}

export const FLV_HEADER = Buffer.from('FLV\x01\x01\0\0\0\x09\0\0\0\0', 'latin1');

/** @param packetType 0: configuration, 1: NAL units, 2: end of sequence */
export const avcTag = (timestamp: number, packetType: number, data: Buffer): Buffer =>
  flvTag(9, timestamp, Buffer.concat([Buffer.from([0x27, packetType, 0, 0, 0]), data]));
