import type { CodedPicture, ParameterSets } from './access-unit.ts';
import { isSlice, NAL, nalType } from './h264.ts';

/**
 * Makes coded pictures of the NAL units of an encoder: remembers its parameter sets, puts them in front of each IDR picture,
 * and leaves out what no decoder needs (delimiters, SEI, filler).
 */
export class UnitAssembler {
  #sps: Buffer | undefined;
  #pps: Buffer | undefined;
  #parameterSets: ParameterSets | undefined;

  /** The parameter sets that were given last; undefined: not both are known. */
  get parameterSets(): ParameterSets | undefined {
    return this.#parameterSets;
  }

  /** Takes parameter sets that come outside the stream: NAL units without start codes. */
  setParameters(sps: Buffer | undefined, pps: Buffer | undefined): void {
    if (sps === this.#sps && pps === this.#pps) return;
    this.#sps = sps;
    this.#pps = pps;
    this.#parameterSets = sps && pps && { sps, pps };
  }

  /**
   * Returns the picture of one access unit.
   * @param nals its NAL units, without start codes
   * @returns undefined: there is no picture in them, or none that can be decoded, since parameter sets are missing
   */
  assemble(nals: readonly Buffer[]): CodedPicture | undefined {
    const find = (type: number) => nals.find((nal) => nalType(nal) === type);
    this.setParameters(find(NAL.SPS) ?? this.#sps, find(NAL.PPS) ?? this.#pps);
    const parameterSets = this.#parameterSets;
    const slices = nals.filter(isSlice);
    if (slices.length === 0 || !parameterSets) return undefined;
    const keyframe = slices.some((nal) => nalType(nal) === NAL.IDR);
    const all = keyframe ? [parameterSets.sps, parameterSets.pps, ...slices] : slices;
    return { nals: all, keyframe, parameterSets, size: all.reduce((sum, nal) => sum + nal.length, 0) };
  }
}
