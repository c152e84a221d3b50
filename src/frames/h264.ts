/** Types of NAL units (ITU-T H.264, table 7-1). */
export const NAL = {
  SLICE: 1,
  IDR: 5,
  SEI: 6,
  SPS: 7,
  PPS: 8,
  ACCESS_UNIT_DELIMITER: 9,
} as const;

const START_CODE = Buffer.from([0, 0, 1]);

/** Returns the type of a NAL unit; 0, which is none, for an empty one. */
export const nalType = (nal: Buffer): number => (nal[0] ?? 0) & 0x1f;

/** Returns nal_ref_idc, how much depends on a NAL unit: 0 (nothing) to 3. */
export const nalRefIdc = (nal: Buffer): number => ((nal[0] ?? 0) >> 5) & 3;

/** Returns whether a NAL unit holds coded samples of a picture. */
export const isSlice = (nal: Buffer): boolean => nalType(nal) >= NAL.SLICE && nalType(nal) <= NAL.IDR;

/**
 * Returns the NAL units of a byte stream (H.264, annex B) as views, without start codes and the zeros around them; what comes
 * before the first start code is left out.
 */
export function splitAnnexB(bytes: Buffer): Buffer[] {
  const nals: Buffer[] = [];
  let code = bytes.indexOf(START_CODE);
  while (code !== -1) {
    const start = code + START_CODE.length;
    code = bytes.indexOf(START_CODE, start);
    let end = code === -1 ? bytes.length : code;
    // The first zero of a start code of four bytes, or padding: a NAL unit never ends with one.
    while (end > start && bytes[end - 1] === 0) end--;
    if (end > start) nals.push(bytes.subarray(start, end));
  }
  return nals;
}
