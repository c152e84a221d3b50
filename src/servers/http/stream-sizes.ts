import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { AppError, messageOf } from '../../core/errors.ts';
import type { Frame } from '../../frames/frame.ts';
import type { Hub } from '../../streams/hub.ts';
import { type ScaleJpeg, SmallerPictures } from '../../streams/smaller-pictures.ts';
import type { ViewerInfo } from '../viewer-info.ts';
import { MjpegStreams, newStreamCounters, type Pacing, type StreamCounters, type StreamOptions } from './stream.ts';

/** Widths that viewers may ask for, pixels: few, since each that is watched is made anew. */
export const SMALLER_WIDTHS = [320, 640, 960, 1280] as const;
/** One of {@link SMALLER_WIDTHS}. */
export type SmallerWidth = (typeof SMALLER_WIDTHS)[number];

/** What makes smaller pictures. */
export interface Scaler {
  readonly scale: ScaleJpeg;
  /** Returns why there are none on this machine; undefined: there are. */
  whyNot(): Promise<AppError | undefined>;
}

/** The MJPEG streams of every width: that of the camera, and the smaller ones that somebody wants. */
export class StreamSizes {
  /** What was sent to the viewers of all widths. */
  readonly counters: StreamCounters = newStreamCounters();
  readonly #whole: MjpegStreams;
  readonly #smaller: ReadonlyMap<SmallerWidth, { readonly pictures: SmallerPictures; readonly streams: MjpegStreams }>;
  readonly #all: readonly MjpegStreams[];

  constructor(hub: Hub, scale: ScaleJpeg, clock: Clock, pacing?: Pacing) {
    this.#whole = new MjpegStreams(hub, clock, this.counters, pacing);
    this.#smaller = new Map(
      SMALLER_WIDTHS.map((width) => {
        const pictures = new SmallerPictures(hub, width, scale);
        return [width, { pictures, streams: new MjpegStreams(pictures, clock, this.counters, pacing) }];
      }),
    );
    this.#all = [this.#whole, ...[...this.#smaller.values()].map(({ streams }) => streams)];
  }

  /** How many watch. */
  get viewers(): number {
    return this.#all.reduce((sum, { viewers }) => sum + viewers, 0);
  }

  /** Returns the viewers of all widths. */
  listViewers(): ViewerInfo[] {
    return this.#all.flatMap((streams) => streams.listViewers());
  }

  /** Whether this connection carries a stream: nothing else may be written to it. */
  owns(socket: Socket): boolean {
    return this.#all.some((streams) => streams.owns(socket));
  }

  /** See {@link MjpegStreams.add}. @param width undefined: as the camera has it */
  add(socket: Socket, width: SmallerWidth | undefined, options: StreamOptions, onClose: () => void): void {
    const streams = width === undefined ? this.#whole : this.#smaller.get(width)!.streams;
    streams.add(socket, options, onClose);
  }

  /** Returns a picture in a width, or why it cannot be made. Never rejects. @param width undefined: as the camera has it */
  async picture(frame: Frame, width: SmallerWidth | undefined): Promise<Frame | AppError> {
    if (width === undefined) return frame;
    try {
      return await this.#smaller.get(width)!.pictures.of(frame);
    } catch (error) {
      if (error instanceof AppError) return error;
      return new AppError('NO_FRAMES', `The picture cannot be made smaller: ${messageOf(error)}.`, { cause: error });
    }
  }

  /** Ends the streams of viewers whose login holds no longer. */
  endOutdated(): void {
    for (const streams of this.#all) streams.endOutdated();
  }

  /** Ends all streams. */
  close(): void {
    for (const streams of this.#all) streams.close();
  }
}
