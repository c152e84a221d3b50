import type { Cancel, Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { AccessUnit } from '../../frames/access-unit.ts';
import { Frame, type Picture } from '../../frames/frame.ts';
import { readSps } from '../../frames/h264-sps.ts';
import { JpegSplitter, MAX_PICTURE_BYTES } from '../../frames/jpeg-splitter.ts';
import { Program } from '../../platform/program.ts';
import { lengthPrefixed, prefixedSize } from '../../protocols/h264/avc.ts';
import { clusterHeader, h264StreamHeader } from '../../protocols/matroska/video-stream.ts';
import { decoderArguments, type FrameModeOption, markPicture } from './decoder-arguments.ts';
import { endError, silenceError } from './errors.ts';

export interface FfmpegDecoderOptions {
  /** Path of ffmpeg. */
  readonly ffmpeg: string;
  /** JPEG quality, 1 to 100. */
  readonly quality: number;
  readonly frameMode: FrameModeOption;
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface FfmpegDecoderEvents {
  /** One picture, with the times of its unit. */
  frame(frame: Frame): void;
  /** ffmpeg is gone, or gives nothing, and is to be stopped. Called once, the last of all, and never after a stop. */
  ended(error: AppError): void;
}

/** JPEGs that ffmpeg may be at without having given them; more would only grow old on their way. */
const WINDOW = 2;
/** A decoder that is this late is given nothing more up to the next key frame, milliseconds. */
const LATE_MS = 1000;
/** Most bytes that may wait for a decoder, which may only have begun to start: the largest group of pictures, and as much again. */
const MAX_WAITING_BYTES = 16 << 20;
/** Time to the first picture: a Pi Zero loads ffmpeg from its card in a few seconds. Milliseconds. */
const START_TIMEOUT_MS = 10_000;
const STALL_MS = 3000;
const WATCHDOG_INTERVAL_MS = 500;
/** Least distance of two timestamps, microseconds, even. */
const LEAST_STEP_US = 1000;
/** Assumed where the parameter sets cannot be read: ffmpeg reads them by itself. */
const ANY_SIZE = { width: 640, height: 480 };
/** The timestamps count, whatever the header says. */
const ANY_RATE = 15;
/** A line of the list of pictures that ffmpeg writes: stream, DTS, PTS, duration, size, checksum. */
const LISTED = /^0,\s*-?\d+,\s*(-?\d+),\s*-?\d+,\s*(\d+),/;

/** One ffmpeg, from its start to its end: H.264 in, JPEGs out of those pictures that are wanted, each with the times of its own unit. */
export class FfmpegDecoder {
  readonly #program: Program;
  readonly #splitter = new JpegSplitter((picture) => this.#onPicture(picture), MAX_PICTURE_BYTES);
  readonly #stopWatchdog: Cancel;
  #opened = false;
  #over = false;
  #lastLine = '';
  /** Of the first unit, milliseconds: timestamps count from there. */
  #origin: number | undefined;
  #lastTimestamp = 0;
  /** Units whose pictures are wanted, by their timestamps in microseconds, the oldest first. */
  readonly #inFlight = new Map<number, { readonly unit: AccessUnit; readonly written: number }>();
  /** Since when it has been too slow, monotonic milliseconds; undefined: it is not. */
  #lateSince: number | undefined;
  /** What was left out since: nothing can be decoded before the next key frame. */
  #skipping = true;
  #answered = false;
  /** Pictures of which the list says nothing yet, and what it says of those that have not come yet. */
  readonly #pictures: Picture[] = [];
  readonly #listed: { readonly timestamp: number; readonly size: number }[] = [];

  constructor(
    private readonly options: FfmpegDecoderOptions,
    private readonly events: FfmpegDecoderEvents,
  ) {
    const { ffmpeg, quality, frameMode, searchPath, clock, log } = options;
    const args = decoderArguments(quality, frameMode);
    log.debug('starting ffmpeg', { command: ffmpeg, args });
    this.#program = new Program(
      ffmpeg,
      args,
      searchPath,
      {
        stdout: (chunk) => {
          if (!this.#over) this.#splitter.push(chunk);
        },
        stderrLine: (line) => this.#onLine(line),
        ended: (end) => this.#fail(endError('decoder', end, this.#lastLine)),
      },
      { input: true },
    );
    this.#stopWatchdog = clock.every(WATCHDOG_INTERVAL_MS, () => this.#watch());
  }

  /** What ffmpeg said last that was not asked of it; empty: nothing. */
  get lastLine(): string {
    return this.#lastLine;
  }

  /**
   * Takes the next unit. Returns at once.
   * @param isWanted asked where it is taken: whether a JPEG is to be made of it
   * @returns false: it is left out, because ffmpeg is too slow, or for want of a key frame
   */
  decode(unit: AccessUnit, isWanted: () => boolean): boolean {
    if (this.#over) return false;
    const now = this.options.clock.monotonic();
    const isLate = this.#isLate(now);
    this.#lateSince = isLate ? (this.#lateSince ?? now) : undefined;
    this.#skipping = isLate || (this.#skipping && !unit.keyframe);
    if (this.#skipping) return false;
    if (!this.#opened) {
      this.#opened = true;
      const { parameterSets } = unit;
      this.#program.write([h264StreamHeader({ ...(readSps(parameterSets.sps) ?? ANY_SIZE), frameRate: ANY_RATE }, parameterSets)]);
    }
    this.#origin ??= unit.monotonic;
    const even = Math.max(Math.round((unit.monotonic - this.#origin) * 500) * 2, this.#lastTimestamp + LEAST_STEP_US);
    this.#lastTimestamp = even;
    const wanted = this.#inFlight.size < WINDOW && isWanted();
    const timestamp = wanted ? markPicture(even) : even;
    if (wanted) this.#inFlight.set(timestamp, { unit, written: now });
    const size = prefixedSize(unit.nals);
    this.#program.write([clusterHeader(timestamp, size, unit.keyframe), ...lengthPrefixed(unit.nals)]);
    return true;
  }

  stop(): Promise<void> {
    this.#rest();
    // It has nothing to finish.
    return this.#program.stop(true);
  }

  #rest(): void {
    this.#over = true;
    this.#stopWatchdog();
    this.#inFlight.clear();
    this.#pictures.length = 0;
  }

  #isLate(now: number): boolean {
    if (this.#program.waiting > MAX_WAITING_BYTES) return true;
    const [oldest] = this.#inFlight.values();
    return this.#answered && oldest !== undefined && now - oldest.written > LATE_MS;
  }

  #onLine(line: string): void {
    const [, timestamp, size] = LISTED.exec(line) ?? [];
    if (timestamp !== undefined) {
      this.#listed.push({ timestamp: Number(timestamp), size: Number(size) });
      this.#pair();
    } else if (!line.startsWith('#')) {
      this.options.log.debug(line, { program: 'ffmpeg' });
      this.#lastLine = line;
    }
  }

  #onPicture(picture: Picture): void {
    this.#pictures.push(picture);
    this.#pair();
  }

  /** Puts pictures and what is said of them together; a picture that was dropped as damaged is on the list alone. */
  #pair(): void {
    while (this.#pictures[0] && this.#listed[0] && !this.#over) {
      const { timestamp, size } = this.#listed.shift()!;
      if (size !== this.#pictures[0].size) continue;
      const flight = this.#inFlight.get(timestamp);
      const picture = this.#pictures.shift()!;
      // Those before it came to nothing.
      for (const each of this.#inFlight.keys()) if (each <= timestamp) this.#inFlight.delete(each);
      this.#answered = true;
      if (!flight) continue;
      const { sequence, capturedAt, monotonic } = flight.unit;
      this.events.frame(new Frame(picture, sequence, capturedAt, monotonic));
    }
    if (this.#pictures.length > WINDOW) this.#fail(new AppError('ENCODER_ENDED', 'ffmpeg gives pictures that nobody asked for.'));
  }

  #watch(): void {
    const [oldest] = this.#inFlight.values();
    const since = oldest?.written ?? this.#lateSince;
    const limit = this.#answered ? STALL_MS : START_TIMEOUT_MS;
    if (since !== undefined && this.options.clock.monotonic() - since > limit) this.#fail(silenceError('decoder', limit, this.#lastLine));
  }

  #fail(error: AppError): void {
    if (this.#over) return;
    this.#rest();
    this.events.ended(error);
  }
}
