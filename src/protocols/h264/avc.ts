import type { ParameterSets } from '../../frames/access-unit.ts';
import { NAL, nalType } from '../../frames/h264.ts';

/**
 * Returns the NAL units of a sample of an AVC stream (ISO/IEC 14496-15), each of which follows its length, as views into
 * `bytes`. Never throws.
 *
 * @param lengthSize bytes of each length, 1 to 4
 * @returns undefined where the lengths do not add up
 */
export function splitLengthPrefixed(bytes: Buffer, lengthSize: number): Buffer[] | undefined {
  const nals: Buffer[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + lengthSize > bytes.length) return undefined;
    const start = at + lengthSize;
    const end = start + bytes.readUIntBE(at, lengthSize);
    if (end > bytes.length) return undefined;
    if (end > start) nals.push(bytes.subarray(start, end));
    at = end;
  }
  return nals;
}

/** What an AVCDecoderConfigurationRecord tells. */
export interface AvcConfiguration extends ParameterSets {
  /** Bytes of the length in front of each NAL unit. */
  readonly lengthSize: number;
}

/**
 * Reads an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1): the first of its parameter sets of each kind.
 * Never throws; undefined where it is none or has no parameter sets.
 */
export function readAvcConfiguration(record: Buffer): AvcConfiguration | undefined {
  if (record.length < 7 || record[0] !== 1) return undefined;
  const lengthSize = (record[4]! & 3) + 1;
  let at = 5;
  const readSets = (countMask: number): Buffer[] | undefined => {
    if (at >= record.length) return undefined;
    const sets: Buffer[] = [];
    const count = record[at++]! & countMask;
    for (let k = 0; k < count; k++) {
      if (at + 2 > record.length) return undefined;
      const end = at + 2 + record.readUInt16BE(at);
      if (end > record.length) return undefined;
      sets.push(record.subarray(at + 2, end));
      at = end;
    }
    return sets;
  };
  const sps = readSets(0x1f)?.find((nal) => nal.length > 3 && nalType(nal) === NAL.SPS);
  const pps = readSets(0xff)?.find((nal) => nal.length > 1 && nalType(nal) === NAL.PPS);
  return sps && pps && { lengthSize, sps, pps };
}

/** Bytes of the length in front of each NAL unit that we write. */
const LENGTH_SIZE = 4;

/** Returns the AVCDecoderConfigurationRecord of samples that {@link lengthPrefixed} makes. */
export function writeAvcConfiguration({ sps, pps }: ParameterSets): Buffer {
  const set = (nal: Buffer) => [sizeOf(nal, 2), nal];
  // Version, profile, its constraints and level; all reserved bits are ones.
  const head = Buffer.from([1, sps[1]!, sps[2]!, sps[3]!, 0xfc | (LENGTH_SIZE - 1), 0xe0 | 1]);
  return Buffer.concat([head, ...set(sps), Buffer.from([1]), ...set(pps)]);
}

/** Returns a sample of an AVC stream, in pieces: the NAL units, which are not copied, each behind its length. */
export const lengthPrefixed = (nals: readonly Buffer[]): Buffer[] => nals.flatMap((nal) => [sizeOf(nal, LENGTH_SIZE), nal]);

/** Returns how many bytes the sample has that {@link lengthPrefixed} makes. */
export const prefixedSize = (nals: readonly Buffer[]): number => nals.reduce((sum, nal) => sum + LENGTH_SIZE + nal.length, 0);

function sizeOf(nal: Buffer, bytes: number): Buffer {
  const size = Buffer.alloc(bytes);
  size.writeUIntBE(nal.length, 0, bytes);
  return size;
}
