import { AppError } from '../../core/errors.ts';
import type { AccessUnit } from '../../frames/access-unit.ts';
import { Frame, type Picture } from '../../frames/frame.ts';
import { JpegSplitter, MAX_PICTURE_BYTES } from '../../frames/jpeg-splitter.ts';
import { decoderArguments, type FrameModeOption } from './decoder-arguments.ts';
import { MARK, UnitFeeder, type UnitFeederEvents, type UnitFeederOptions } from './unit-feeder.ts';

/** What a decoder is started with. */
export interface FfmpegDecoderOptions extends Omit<UnitFeederOptions, 'args' | 'work'> {
  /** JPEG quality, 1 to 100. */
  readonly quality: number;
  /** The option that this ffmpeg knows. */
  readonly frameMode: FrameModeOption;
}

/** What a decoder reports. */
export interface FfmpegDecoderEvents extends Pick<UnitFeederEvents, 'ended'> {
  /** One picture, with the times of its unit. */
  frame(frame: Frame): void;
}

/** Most JPEGs that may come before the lines that name them. */
const MOST_UNLISTED = 2;
/** A line of the list of pictures that ffmpeg writes: stream, DTS, PTS, duration, size, checksum. */
const LISTED = /^0,\s*-?\d+,\s*(-?\d+),\s*-?\d+,\s*(\d+),/;

/**
 * One ffmpeg, from its start to its end: H.264 goes in, and JPEGs come out for the units of which they are wanted, each with the
 * times of its unit. Constructing starts it.
 */
export class FfmpegDecoder {
  readonly #feeder: UnitFeeder;
  readonly #splitter = new JpegSplitter((picture) => this.#onPicture(picture), MAX_PICTURE_BYTES);
  /** Pictures that no line has named yet. */
  readonly #pictures: Picture[] = [];
  /** What the lines say of pictures that have not come yet: timestamp in microseconds, size in bytes. */
  readonly #listed: { readonly timestamp: number; readonly size: number }[] = [];
  #isOptionUnknown = false;

  constructor(
    private readonly options: FfmpegDecoderOptions,
    private readonly events: FfmpegDecoderEvents,
  ) {
    const { quality, frameMode } = options;
    this.#feeder = new UnitFeeder(
      { ...options, args: decoderArguments(quality, frameMode), work: 'decoder' },
      {
        stdout: (chunk) => this.#splitter.push(chunk),
        stderrLine: (line) => this.#onLine(line),
        ended: (error) => events.ended(error),
      },
    );
  }

  /** Whether this ffmpeg has said that it does not know {@link FfmpegDecoderOptions.frameMode}. */
  get isOptionUnknown(): boolean {
    return this.#isOptionUnknown;
  }

  /**
   * Takes the next unit; returns false where it is left out, as {@link UnitFeeder.feed} does.
   * @param isWanted asked where the decoder is free: whether a JPEG is to be made of the unit
   */
  decode(unit: AccessUnit, isWanted: () => boolean): boolean {
    return this.#feeder.feed(unit, () => (isWanted() ? MARK.picture : undefined));
  }

  /** Ends ffmpeg. Resolves when nothing of it is left. */
  stop(): Promise<void> {
    return this.#feeder.stop();
  }

  #onLine(line: string): boolean {
    const [, timestamp, size] = LISTED.exec(line) ?? [];
    if (timestamp === undefined) {
      // Another line follows, which does not name it.
      this.#isOptionUnknown ||= line.includes(`'${this.options.frameMode}'`);
      return line.startsWith('#');
    }
    this.#listed.push({ timestamp: Number(timestamp), size: Number(size) });
    this.#pair();
    return true;
  }

  #onPicture(picture: Picture): void {
    this.#pictures.push(picture);
    this.#pair();
  }

  /** Puts pictures and the lines that name them together; a picture that was dropped as damaged has a line alone. */
  #pair(): void {
    while (this.#pictures[0] && this.#listed[0]) {
      const { timestamp, size } = this.#listed.shift()!;
      if (size !== this.#pictures[0].size) continue;
      const picture = this.#pictures.shift()!;
      const unit = this.#feeder.answered((each) => each === timestamp);
      if (unit) this.events.frame(new Frame(picture, unit.sequence, unit.capturedAt, unit.monotonic));
    }
    if (this.#pictures.length > MOST_UNLISTED)
      this.#feeder.fail(new AppError('ENCODER_ENDED', 'ffmpeg gives pictures that nobody asked for.'));
  }
}
