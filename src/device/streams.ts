import type { H264Stream } from '../encode/h264-stream.ts';
import type { H264Controller } from './h264.ts';
import type { PictureController } from './picture.ts';
import type { StreamNames } from './stream-names.ts';

/** A source of H.264 that is encoded while somebody is subscribed. */
export type H264Source = Pick<H264Stream, 'subscribe' | 'group' | 'parameterSets' | 'requestKeyFrame' | 'status' | 'counters'>;

/** A stream of pictures as they are captured. */
export interface JpegFeed extends StreamNames {
  readonly encoding: 'JPEG';
  /** Pictures per second that are asked for. */
  fps(): number;
}

/** A stream of H.264. */
export interface H264Feed extends StreamNames {
  readonly encoding: 'H264';
  /** Pictures per second that are asked for. */
  fps(): number;
  /**
   * Returns where the units come from; undefined: there are none; `trying` while that is not known, and clients are told that there
   * are.
   */
  source(): H264Source | 'trying' | undefined;
  /** Resolves when it is known whether there is a source, at the latest after two seconds. */
  known(): Promise<void>;
}

/** A stream of pictures, with what it can be set to. */
export interface JpegVideo extends JpegFeed {
  /** Shows and sets the capture. */
  readonly control: Pick<PictureController, 'settings' | 'options' | 'change'>;
}

/** A stream of H.264, with what it can be set to. */
export interface H264Video extends H264Feed {
  /** Shows and sets the encoder. */
  readonly control: H264Controller;
}

/** A stream with what it can be set to. */
export type VideoStream = JpegVideo | H264Video;

/**
 * Keeps the streams of the camera, in the order in which clients see them and their profiles: most clients take the first. Servers
 * and services ask the catalogue what there is, so that a further stream is an entry here and nothing else.
 */
export class StreamCatalogue<S extends JpegFeed | H264Feed = VideoStream> {
  /** @param all the streams that there can be, the best first */
  constructor(readonly all: readonly S[]) {}

  /** The streams that clients are told of: they are there, or nearly always turn out to be. */
  get offered(): readonly S[] {
    return this.all.filter((stream) => stream.encoding === 'JPEG' || stream.source() !== undefined);
  }

  /** The streams that are known to be there. */
  get certain(): readonly S[] {
    return this.offered.filter((stream) => stream.encoding === 'JPEG' || stream.source() !== 'trying');
  }

  /** Resolves when it is known which streams there are, at the latest after two seconds. */
  async known(): Promise<void> {
    await Promise.all(this.all.map((stream) => (stream.encoding === 'H264' ? stream.known() : undefined)));
  }

  /** Returns the stream that has this path on the streaming server or of its tunnel on the web server; undefined: none has. */
  byPath(path: string): S | undefined {
    return this.all.find((stream) => stream.path === path || stream.webPath === path);
  }

  /** Returns the stream of this name; undefined: there is none. */
  byId(id: string): S | undefined {
    return this.all.find((stream) => stream.id === id);
  }
}
