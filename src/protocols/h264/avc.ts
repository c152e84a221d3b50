import type { ParameterSets } from '../../frames/access-unit.ts';
import { NAL, nalType } from '../../frames/h264.ts';

/**
 * The NAL units of a sample of an AVC stream (ISO/IEC 14496-15): each follows its length. Views into `bytes`.
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
