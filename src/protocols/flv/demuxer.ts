/**
 * FLV (Adobe's "Video File Format Specification", version 10.1, annex E) with one H.264 stream, as a program writes it to
 * a pipe. Every tag has its length in front and the length again behind, so the end of a picture is known at once and a
 * damaged stream is noticed.
 */

/** The file header and the first, meaningless, length of a previous tag. */
const FILE_HEADER_SIZE = 9 + 4;
const TAG_HEADER_SIZE = 11;
const PREVIOUS_TAG_SIZE = 4;
const TAG_TYPE = { AUDIO: 8, VIDEO: 9, SCRIPT: 18 } as const;
/** CodecID in the low half of a video tag's first byte. */
const CODEC_AVC = 7;
/** Frame type and codec, packet type, composition time. */
const AVC_HEADER_SIZE = 5;
const PACKET_TYPE = { CONFIGURATION: 0, NAL_UNITS: 1, END: 2 } as const;
/** Composition times other than 0 come with B frames only: pictures would be out of order. */
const NO_REORDERING = 0;

/** Timestamps wrap after 31 bits of milliseconds, 24.8 days: what FFmpeg writes. */
export const FLV_TIMESTAMP_MODULUS = 2 ** 31;

/** What a video tag with H.264 carries (Adobe FLV 10.1, annex E.4.3). */
export interface FlvVideo {
  /** `configuration`: an AVCDecoderConfigurationRecord, perhaps empty; `nal-units`: one coded picture. */
  readonly kind: 'configuration' | 'nal-units';
  /** Milliseconds, 0 to {@link FLV_TIMESTAMP_MODULUS} - 1. */
  readonly timestamp: number;
  /** Its own memory: a view that nothing else shares. */
  readonly data: Buffer;
}

/** A stream that is not what it should be; there is no way to go on reading it. */
export class FlvError extends Error {
  override readonly name = 'FlvError';
}

/** Cuts an FLV stream, in chunks of any size, into its video packets; passes over everything else. */
export class FlvDemuxer {
  /** What is being gathered, and how much of it is there. */
  #buffer = Buffer.alloc(FILE_HEADER_SIZE);
  #filled = 0;
  #step: 'file' | 'tag' | 'body' = 'file';
  #type = 0;
  #timestamp = 0;

  /**
   * @param onVideo called with each video packet
   * @param maxTagBytes larger tags are refused: the most memory that is held
   */
  constructor(
    private readonly onVideo: (video: FlvVideo) => void,
    private readonly maxTagBytes: number,
  ) {}

  /** Takes the next bytes. @throws FlvError on anything that is no FLV with H.264; nothing more may be pushed then */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const taken = chunk.copy(this.#buffer, this.#filled, at);
      at += taken;
      this.#filled += taken;
      if (this.#filled === this.#buffer.length) this.#complete(this.#buffer);
    }
  }

  #complete(bytes: Buffer): void {
    if (this.#step === 'file') {
      if (bytes.toString('latin1', 0, 3) !== 'FLV' || bytes.readUInt32BE(5) !== 9) throw new FlvError('it does not begin like FLV');
      this.#gather('tag', TAG_HEADER_SIZE);
    } else if (this.#step === 'tag') {
      this.#readTagHeader(bytes);
    } else {
      const size = bytes.length - PREVIOUS_TAG_SIZE;
      if (bytes.readUInt32BE(size) !== TAG_HEADER_SIZE + size) throw new FlvError('the lengths around a tag differ');
      this.#gather('tag', TAG_HEADER_SIZE);
      if (this.#type === TAG_TYPE.VIDEO) this.#readVideo(bytes.subarray(0, size));
    }
  }

  #gather(step: 'tag' | 'body', size: number): void {
    this.#step = step;
    this.#buffer = Buffer.allocUnsafeSlow(size);
    this.#filled = 0;
  }

  #readTagHeader(header: Buffer): void {
    this.#type = header[0]!;
    const size = header.readUIntBE(1, 3);
    // The highest byte of the time comes last.
    this.#timestamp = (header.readUIntBE(4, 3) | (header[7]! << 24)) >>> 0;
    if (this.#type !== TAG_TYPE.VIDEO && this.#type !== TAG_TYPE.SCRIPT && this.#type !== TAG_TYPE.AUDIO)
      throw new FlvError(`there are no tags of type ${this.#type}`);
    if (header.readUIntBE(8, 3) !== 0) throw new FlvError('its stream number is not 0');
    if (size > this.maxTagBytes) throw new FlvError(`a tag of ${size} bytes is too large`);
    this.#gather('body', size + PREVIOUS_TAG_SIZE);
  }

  #readVideo(body: Buffer): void {
    if (body.length < AVC_HEADER_SIZE || (body[0]! & 0x0f) !== CODEC_AVC) throw new FlvError('its video is not H.264');
    const type = body[1]!;
    if (type === PACKET_TYPE.END) return;
    if (type > PACKET_TYPE.END || body.readIntBE(2, 3) !== NO_REORDERING) throw new FlvError('its pictures are not in order');
    this.onVideo({
      kind: type === PACKET_TYPE.CONFIGURATION ? 'configuration' : 'nal-units',
      timestamp: this.#timestamp % FLV_TIMESTAMP_MODULUS,
      data: body.subarray(AVC_HEADER_SIZE),
    });
  }
}
