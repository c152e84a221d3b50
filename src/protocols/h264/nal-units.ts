/** Types of NAL units: ITU-T H.264, table 7-1. */
export const NAL_TYPE = { SLICE: 1, IDR: 5, SEI: 6, SPS: 7, PPS: 8, AUD: 9 } as const;

export const nalType = (nal: Buffer): number => nal[0]! & 0x1f;

/** Whether a NAL unit holds a part of a picture: slices and their data partitions. */
export const isSlice = (nal: Buffer): boolean => nalType(nal) >= NAL_TYPE.SLICE && nalType(nal) <= NAL_TYPE.IDR;

/**
 * The NAL units of a byte stream (H.264 annex B), without start codes and the zero bytes around them; views into
 * `bytes`. What comes before the first start code is left out.
 */
export function splitAnnexB(bytes: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  let start = -1;
  for (let code = findStartCode(bytes, 0); ; code = findStartCode(bytes, start)) {
    const end = code === -1 ? bytes.length : code;
    if (start !== -1) {
      const nal = withoutTrailingZeros(bytes.subarray(start, end));
      if (nal.length > 0) nals.push(nal);
    }
    if (code === -1) return nals;
    start = code + 3;
  }
}

const START_CODE = Buffer.from([0, 0, 1]);
const findStartCode = (bytes: Buffer, from: number): number => bytes.indexOf(START_CODE, from);

/** The last byte of a NAL unit is never 0 (H.264, 7.4.1): zeros there belong to the next start code. */
function withoutTrailingZeros(nal: Buffer): Buffer {
  let end = nal.length;
  while (end > 0 && nal[end - 1] === 0) end--;
  return nal.subarray(0, end);
}

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

/** What a decoder has to know before the first slice. */
export interface ParameterSets {
  /** NAL units without start codes. */
  readonly sps: Buffer;
  readonly pps: Buffer;
}

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
  const sps = readSets(0x1f)?.find((nal) => nal.length > 3 && nalType(nal) === NAL_TYPE.SPS);
  const pps = readSets(0xff)?.find((nal) => nal.length > 1 && nalType(nal) === NAL_TYPE.PPS);
  return sps && pps && { lengthSize, sps, pps };
}
