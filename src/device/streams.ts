import type { H264Stream } from '../encode/h264-stream.ts';
import type { H264Controller } from './h264.ts';
import type { PictureController } from './picture.ts';
import type { StreamNames } from './stream-names.ts';

/** What encodes H.264, while somebody is subscribed. */
export type H264Source = Pick<H264Stream, 'subscribe' | 'group' | 'parameterSets' | 'requestKeyFrame' | 'status' | 'counters'>;

/** Pictures as they are captured. */
export interface JpegFeed extends StreamNames {
  readonly encoding: 'JPEG';
  /** Pictures per second that are asked for. */
  fps(): number;
}

export interface H264Feed extends StreamNames {
  readonly encoding: 'H264';
  /** Pictures per second that are asked for. */
  fps(): number;
  /**
   * Returns what encodes it; undefined where nothing here does; `trying` while that is not known, when clients are told
   * that it does.
   */
  source(): H264Source | 'trying' | undefined;
  /** Resolves when it is known whether there is a source, at the latest after two seconds. */
  known(): Promise<void>;
}

export interface JpegVideo extends JpegFeed {
  readonly control: Pick<PictureController, 'settings' | 'options' | 'change'>;
}

export interface H264Video extends H264Feed {
  readonly control: H264Controller;
}

/** A stream with what it can be set to. */
export type VideoStream = JpegVideo | H264Video;

/**
 * The streams of the camera, in the order in which clients see them and their profiles: most clients take the first. Servers
 * and services ask the catalogue what there is, so that a further stream is an entry here and nothing else.
 */
export class StreamCatalogue<S extends JpegFeed | H264Feed = VideoStream> {
  /** @param all that there can be, the best first */
  constructor(readonly all: readonly S[]) {}

  /** Those that clients are told of: they are there, or nearly always turn out to be. */
  get offered(): readonly S[] {
    return this.all.filter((stream) => stream.encoding === 'JPEG' || stream.source() !== undefined);
  }

  /** Those that are known to be there. */
  get certain(): readonly S[] {
    return this.offered.filter((stream) => stream.encoding === 'JPEG' || stream.source() !== 'trying');
  }

  /** Resolves when it is known which streams there are, at the latest after two seconds. */
  async known(): Promise<void> {
    await Promise.all(this.all.map((stream) => (stream.encoding === 'H264' ? stream.known() : undefined)));
  }

  /** The stream whose path on the streaming server, or of whose tunnel, this is. */
  byPath(path: string): S | undefined {
    return this.all.find((stream) => stream.path === path || stream.webPath === path);
  }

  byId(id: string): S | undefined {
    return this.all.find((stream) => stream.id === id);
  }
}
