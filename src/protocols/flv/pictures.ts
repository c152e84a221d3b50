import type { CodedPicture } from '../../frames/access-unit.ts';
import { isSlice, splitAnnexB } from '../../frames/h264.ts';
import { UnitAssembler } from '../../frames/unit-assembler.ts';
import { readAvcConfiguration, splitLengthPrefixed } from '../h264/avc.ts';
import { FlvError, type FlvVideo } from './demuxer.ts';

/** Reads coded pictures out of the video packets of an FLV stream. */
export class FlvPictures {
  readonly #assembler = new UnitAssembler();
  /** Bytes of the lengths in front of NAL units; 0: start codes. */
  #lengthSize = 0;

  /** Returns the picture of a packet; undefined: it holds none. @throws FlvError where it is damaged, or has no parameter sets */
  read({ kind, data }: FlvVideo): CodedPicture | undefined {
    if (kind === 'configuration') {
      // Empty where the encoder brings its parameter sets in band.
      const configuration = readAvcConfiguration(data);
      this.#lengthSize = configuration?.lengthSize ?? 0;
      if (configuration) this.#assembler.setParameters(configuration.sps, configuration.pps);
      return undefined;
    }
    const nals = this.#lengthSize > 0 ? splitLengthPrefixed(data, this.#lengthSize) : splitAnnexB(data);
    if (!nals) throw new FlvError('the lengths of its NAL units do not add up');
    const picture = this.#assembler.assemble(nals);
    if (!picture && nals.some(isSlice)) throw new FlvError('it has no parameter sets');
    return picture;
  }
}
