import type { ParameterSets } from '../protocols/h264/avc.ts';
import type { Frame } from './frame.ts';

export type { ParameterSets } from '../protocols/h264/avc.ts';

/** One coded picture, with the times of the frame it was made from. Shared by every viewer; never changes. */
export interface AccessUnit extends Pick<Frame, 'sequence' | 'capturedAt' | 'monotonic'> {
  /** NAL units without start codes: SPS and PPS in front of each IDR picture, then the slices. */
  readonly nals: readonly Buffer[];
  /** An IDR picture: decoding can begin here. */
  readonly keyframe: boolean;
  /** Those that it is decoded with. */
  readonly parameterSets: ParameterSets;
  /** Bytes of all NAL units. */
  readonly size: number;
}
