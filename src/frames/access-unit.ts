import type { Frame } from './frame.ts';

/** Largest coded picture that is read, bytes: a key frame of the largest picture at the highest bit rate has a tenth of it. */
export const MAX_UNIT_BYTES = 8 << 20;

/** The parameter sets that a decoder has to know before the first slice: NAL units without start codes. */
export interface ParameterSets {
  /** Sequence parameter set (H.264, 7.3.2.1). */
  readonly sps: Buffer;
  /** Picture parameter set (H.264, 7.3.2.2). */
  readonly pps: Buffer;
}

/** One coded picture as a decoder gets it. */
export interface CodedPicture {
  /** NAL units without start codes: SPS and PPS in front of each IDR picture, then the slices. */
  readonly nals: readonly Buffer[];
  /** Whether it is an IDR picture, with which decoding can begin. */
  readonly keyframe: boolean;
  /** The parameter sets that it is decoded with. */
  readonly parameterSets: ParameterSets;
  /** Bytes of all NAL units. */
  readonly size: number;
}

/** One coded picture, with the times of the frame it was made from. Shared by every viewer; never changes. */
export interface AccessUnit extends CodedPicture, Pick<Frame, 'sequence' | 'capturedAt' | 'monotonic'> {}
