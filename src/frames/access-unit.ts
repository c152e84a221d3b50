import type { Frame } from './frame.ts';

/** Largest coded picture that is read, bytes: a key frame of the largest picture at the highest bit rate is a tenth of it. */
export const MAX_UNIT_BYTES = 8 << 20;

/** What a decoder has to know before the first slice. */
export interface ParameterSets {
  /** NAL units without start codes. */
  readonly sps: Buffer;
  readonly pps: Buffer;
}

/** One coded picture as a decoder gets it. */
export interface CodedPicture {
  /** NAL units without start codes: SPS and PPS in front of each IDR picture, then the slices. */
  readonly nals: readonly Buffer[];
  /** An IDR picture: decoding can begin here. */
  readonly keyframe: boolean;
  /** Those that it is decoded with. */
  readonly parameterSets: ParameterSets;
  /** Bytes of all NAL units. */
  readonly size: number;
}

/** One coded picture, with the times of the frame it was made from. Shared by every viewer; never changes. */
export interface AccessUnit extends CodedPicture, Pick<Frame, 'sequence' | 'capturedAt' | 'monotonic'> {}
