import type { Cancel, Clock } from '../../core/clock.ts';
import { AppError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { type CodedPicture, MAX_UNIT_BYTES } from '../../frames/access-unit.ts';
import type { Frame } from '../../frames/frame.ts';
import { Program } from '../../platform/program.ts';
import { FLV_TIMESTAMP_MODULUS, FlvDemuxer, FlvError, type FlvVideo } from '../../protocols/flv/demuxer.ts';
import { FlvPictures } from '../../protocols/flv/pictures.ts';
import { clusterHeader, mjpegStreamHeader } from '../../protocols/matroska/video-stream.ts';
import type { EncoderCounters, VideoEncoder, VideoEncoderEvents } from '../encoder.ts';
import { type Codec, type EncodingPlan, ffmpegArguments, keyFrameTimestamp } from './arguments.ts';
import { endError, silenceError } from './errors.ts';
import { KeyFrameSchedule } from './key-frame-schedule.ts';

/** What an encoder is started with. */
export interface FfmpegEncoderOptions {
  /** Path of ffmpeg. */
  readonly ffmpeg: string;
  /** What it is to make. */
  readonly plan: EncodingPlan;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where it counts what becomes of the frames. */
  readonly counters: EncoderCounters;
}

/**
 * Most pictures that ffmpeg may have without having answered: more would only wait in the pipe and grow old. The hardware holds
 * on to some while it works.
 */
const WINDOW: Readonly<Record<Codec, number>> = { libx264: 2, h264_v4l2m2m: 4 };
/** How long a picture without an answer keeps others waiting, milliseconds: it may have been a broken one, which gives no unit. */
const PATIENCE_MS = 1000;
/** Most pictures without an answer, whatever their age. */
const MAX_IN_FLIGHT = 16;
/** Time to the first unit, milliseconds: a Pi Zero loads ffmpeg from its card in a few seconds. */
const START_TIMEOUT_MS = 10_000;
/** Time from a picture to the next unit, milliseconds: even a Pi Zero encodes faster than this. */
const STALL_MS = 3000;
const WATCHDOG_INTERVAL_MS = 500;
/** Least distance of two timestamps, microseconds, an even number: FLV's milliseconds must still tell them apart. */
const LEAST_STEP_US = 4000;
/** How far a timestamp may be off by rounding on its way through ffmpeg, milliseconds. */
export const TIMESTAMP_TOLERANCE = 1;

interface InFlight {
  /** Milliseconds as FLV writes them, but not wrapped at 32 bits. */
  readonly timestamp: number;
  readonly frame: Frame;
  /** When it was written to ffmpeg, monotonic, milliseconds. */
  readonly written: number;
}

/**
 * One ffmpeg, from its start to its end: JPEGs go in, and H.264 access units come out, each with the times of its frame.
 * Constructing starts it.
 */
export class FfmpegEncoder implements VideoEncoder {
  /** FFmpeg's name of the codec. */
  readonly name: Codec;
  readonly #program: Program;
  readonly #schedule: KeyFrameSchedule;
  readonly #demuxer = new FlvDemuxer((video) => this.#onVideo(video), MAX_UNIT_BYTES);
  readonly #pictures = new FlvPictures();
  readonly #stopWatchdog: Cancel;
  #over = false;
  #lastLine = '';

  /** The time of the first picture, milliseconds: timestamps count from there. */
  #origin: number | undefined;
  /** Microseconds, even. */
  #lastTimestamp = -LEAST_STEP_US;
  readonly #inFlight: InFlight[] = [];
  /** The newest frame that found the encoder busy. */
  #waiting: Frame | undefined;
  /** Since when pictures have been offered and no unit has come, monotonic, milliseconds; undefined while none is due. */
  #unanswered: number | undefined;
  #answered = false;

  constructor(
    private readonly options: FfmpegEncoderOptions,
    private readonly events: VideoEncoderEvents,
  ) {
    const { ffmpeg, plan, searchPath, clock, log } = options;
    this.name = plan.codec;
    this.#schedule = new KeyFrameSchedule(plan.keyframeInterval * 1000, 1000 / plan.frameRate);
    const args = ffmpegArguments(plan);
    log.debug('starting ffmpeg', { command: ffmpeg, args });
    this.#program = new Program(
      ffmpeg,
      args,
      searchPath,
      {
        stdout: (chunk) => this.#onOutput(chunk),
        stderrLine: (line) => {
          log.debug(line, { program: 'ffmpeg' });
          this.#lastLine = line;
        },
        ended: (end) => this.#fail(endError(this.name, end, this.#lastLine)),
      },
      { input: true },
    );
    this.#program.write([mjpegStreamHeader({ ...plan.from, frameRate: plan.frameRate })]);
    this.#stopWatchdog = clock.every(WATCHDOG_INTERVAL_MS, () => this.#watch());
  }

  /** Takes the next picture. While ffmpeg is busy only the newest is kept, and the one that it replaces counts as skipped. */
  encode(frame: Frame): void {
    if (this.#over) return;
    const now = this.options.clock.monotonic();
    this.#unanswered ??= now;
    if (this.#busy(now)) {
      if (this.#waiting) this.options.counters.skipped++;
      this.#waiting = frame;
    } else {
      if (this.#waiting) {
        this.options.counters.skipped++;
        this.#waiting = undefined;
      }
      this.#write(frame, now);
    }
  }

  /** Makes one of the next pictures a key frame. */
  requestKeyFrame(): void {
    this.#schedule.request();
  }

  /** Ends ffmpeg. Resolves when nothing of it is left. */
  stop(): Promise<void> {
    this.#rest();
    return this.#program.stop();
  }

  #rest(): void {
    this.#over = true;
    this.#stopWatchdog();
    this.#inFlight.length = 0;
    this.#waiting = undefined;
  }

  #busy(now: number): boolean {
    if (this.#inFlight.length >= MAX_IN_FLIGHT) return true;
    let young = 0;
    for (const { written } of this.#inFlight) if (now - written < PATIENCE_MS) young++;
    return young >= WINDOW[this.options.plan.codec];
  }

  #write(frame: Frame, now: number): void {
    this.#origin ??= frame.monotonic;
    const microseconds = Math.round((frame.monotonic - this.#origin) * 500) * 2;
    const even = Math.max(microseconds, this.#lastTimestamp + LEAST_STEP_US);
    this.#lastTimestamp = even;
    // The first picture is a key frame anyway; and the times that FFmpeg counts from it stay even only if its own is.
    const timestamp = this.#schedule.next(frame.monotonic) && even > 0 ? keyFrameTimestamp(even) : even;
    this.#inFlight.push({ timestamp: Math.round(timestamp / 1000), frame, written: now });
    this.options.counters.frames++;
    this.#program.write([clusterHeader(timestamp, frame.size), frame.jpeg]);
  }

  #onOutput(chunk: Buffer): void {
    if (this.#over) return;
    try {
      this.#demuxer.push(chunk);
    } catch (error) {
      if (!(error instanceof FlvError)) throw error;
      this.#fail(new AppError('ENCODER_ENDED', `What ffmpeg sends cannot be read: ${messageOf(error)}.`));
    }
  }

  #onVideo(video: FlvVideo): void {
    if (this.#over) return;
    const picture = this.#pictures.read(video);
    if (picture) this.#onPicture(picture, video.timestamp);
  }

  /** Finds the frame of a coded picture by its time, and passes both on. @throws FlvError where there is none of that time */
  #onPicture(picture: CodedPicture, timestamp: number): void {
    const index = this.#inFlight.findIndex((each) => flvDistance(each.timestamp, timestamp) <= TIMESTAMP_TOLERANCE);
    if (index === -1) throw new FlvError(`no picture was taken at ${timestamp} ms`);
    const { frame } = this.#inFlight[index]!;
    // Those before it came to nothing.
    this.#inFlight.splice(0, index + 1);

    const { counters, clock } = this.options;
    counters.units++;
    if (picture.keyframe) counters.keyframes++;
    counters.bytes += picture.size;
    this.#unanswered = undefined;
    // A decoder can begin with nothing else.
    if (this.#answered || picture.keyframe) {
      this.#answered = true;
      const { sequence, capturedAt, monotonic } = frame;
      this.events.unit({ ...picture, sequence, capturedAt, monotonic });
    }
    const waiting = this.#waiting;
    if (!waiting || this.#over) return;
    const now = clock.monotonic();
    if (this.#busy(now)) return;
    this.#waiting = undefined;
    this.#unanswered = now;
    this.#write(waiting, now);
  }

  #watch(): void {
    if (this.#unanswered === undefined) return;
    const limit = this.#answered ? STALL_MS : START_TIMEOUT_MS;
    if (this.options.clock.monotonic() - this.#unanswered <= limit) return;
    this.#fail(silenceError(this.name, limit, this.#lastLine));
  }

  #fail(error: AppError): void {
    if (this.#over) return;
    this.#rest();
    this.events.ended(error);
  }
}

/** Returns the milliseconds between two timestamps of FLV, either of which may have wrapped. */
export function flvDistance(a: number, b: number): number {
  const difference = Math.abs(a - b) % FLV_TIMESTAMP_MODULUS;
  return Math.min(difference, FLV_TIMESTAMP_MODULUS - difference);
}
