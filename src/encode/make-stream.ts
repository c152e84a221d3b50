import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { AccessUnit } from '../frames/access-unit.ts';
import type { Frame } from '../frames/frame.ts';
import { readSps } from '../frames/h264-sps.ts';
import type { Size } from '../frames/size.ts';
import { encodedSize } from './encoded-size.ts';
import { FfmpegEncoders, fromFrames } from './ffmpeg/factory.ts';
import type { EncoderChoice } from './ffmpeg/probe.ts';
import { SharedDecoding } from './ffmpeg/shared-decoding.ts';
import { FfmpegTranscoder } from './ffmpeg/transcoder.ts';
import { type Encodable, H264Stream, type H264StreamOptions, type PictureFeed } from './h264-stream.ts';

/** A feed of the camera's own H.264. */
export interface NativeFeed {
  /** The units that the camera makes. */
  readonly units: PictureSource<AccessUnit> & {
    /** The units from the last key frame on; empty while there is none. */
    readonly group: readonly AccessUnit[];
  };
}

/** A feed of pictures that do not tell their size. */
interface PictureSource<T> {
  lease(): () => void;
  subscribe(listener: (picture: T) => void): () => void;
  readonly latest: T | undefined;
  readonly fps: number;
}

/** What {@link streamOfFrames} and {@link streamOfUnits} make a stream of, besides its feed. */
export interface MakeStreamOptions extends Pick<H264StreamOptions<Encodable>, 'name' | 'settings'> {
  /** The encoders that work on this machine; asked at each start. */
  readonly choice: () => EncoderChoice;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** An H.264 stream that is encoded here, whatever of. */
export type EncodedStream = Pick<
  H264Stream,
  'subscribe' | 'group' | 'parameterSets' | 'requestKeyFrame' | 'status' | 'counters' | 'changed' | 'stop'
>;

/** Where a stream and its sub stream, which are encoded from the same JPEGs, find each other. */
export interface DecodingShare {
  decoding?: SharedDecoding;
}

/** Which of the two a stream is. */
export interface SharedRole {
  readonly share: DecodingShare;
  readonly as: 'main' | 'sub';
}

/** Returns a stream that is encoded from JPEGs. */
export function streamOfFrames(
  options: MakeStreamOptions & { readonly feed: PictureFeed; readonly role?: SharedRole | undefined },
): EncodedStream {
  const { role, settings } = options;
  if (!role) return new H264Stream<Frame>({ ...options, encoders: new FfmpegEncoders({ ...options, begin: fromFrames }) });
  role.share.decoding ??= new SharedDecoding();
  const { decoding } = role.share;
  if (role.as === 'main') return new H264Stream<Frame>({ ...options, encoders: new FfmpegEncoders({ ...options, begin: decoding.main }) });
  const encoders = new FfmpegEncoders({ ...options, takesAll: true, begin: decoding.sub });
  decoding.planSub = ({ from, frameRate }) => {
    const asked = settings(from);
    const rate = asked.fps > 0 ? Math.min(asked.fps, frameRate) : frameRate;
    return encoders.plan({ settings: asked, from, to: encodedSize(asked, from), frameRate: rate });
  };
  return new H264Stream<Frame>({ ...options, encoders });
}

/** Returns a stream that is encoded from the camera's own H.264, without a JPEG in between. */
export function streamOfUnits(options: MakeStreamOptions & { readonly native: NativeFeed }): EncodedStream {
  const { units } = options.native;
  const encoders = new FfmpegEncoders<SizedUnit>({
    ...options,
    takesAll: true,
    begin: (each, events) => new FfmpegTranscoder({ ...each, group: () => units.group }, events),
  });
  return new H264Stream<SizedUnit>({ ...options, feed: sized(units), encoders });
}

type SizedUnit = AccessUnit & Size;

/** Returns the feed with the size of each picture; units whose parameter sets cannot be read are left out. */
function sized(units: PictureSource<AccessUnit>): PictureFeed<SizedUnit> {
  let known: { readonly sps: Buffer; readonly size: Size | undefined } | undefined;
  const sizedUnit = (unit: AccessUnit): SizedUnit | undefined => {
    const { sps } = unit.parameterSets;
    if (known?.sps !== sps) known = { sps, size: readSps(sps) };
    const { size } = known;
    return size && { ...unit, width: size.width, height: size.height };
  };
  return {
    lease: () => units.lease(),
    subscribe: (listener) =>
      units.subscribe((unit) => {
        const picture = sizedUnit(unit);
        if (picture) listener(picture);
      }),
    get latest() {
      return units.latest && sizedUnit(units.latest);
    },
    get fps() {
      return units.fps;
    },
  };
}
