import type { Cancel, Clock } from '../../core/clock.ts';
import { AppError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { type CodedPicture, MAX_UNIT_BYTES } from '../../frames/access-unit.ts';
import type { Frame } from '../../frames/frame.ts';
import { Program } from '../../platform/program.ts';
import { FlvDemuxer, FlvError, type FlvVideo } from '../../protocols/flv/demuxer.ts';
import { FlvPictures } from '../../protocols/flv/pictures.ts';
import { clusterHeader, mjpegStreamHeader } from '../../protocols/matroska/video-stream.ts';
import type { EncoderCounters, VideoEncoder, VideoEncoderEvents } from '../encoder.ts';
import { type Codec, type EncodingPlan, ffmpegArguments, TIME_MARKS } from './arguments.ts';
import { endError, silenceError } from './errors.ts';
import { InFlight } from './in-flight.ts';
import { KeyFrameSchedule } from './key-frame-schedule.ts';
import { SubOutput } from './sub-output.ts';

/** What an encoder is started with. */
export interface FfmpegEncoderOptions {
  /** Path of ffmpeg. */
  readonly ffmpeg: string;
  /** What it is to make. */
  readonly plan: EncodingPlan;
  /** What it can make of the same pictures beside it; see {@link FfmpegEncoder.sub}. */
  readonly sub?: EncodingPlan | undefined;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where it counts what becomes of the frames. */
  readonly counters: EncoderCounters;
}

/** Time to the first unit, milliseconds: a Pi Zero loads ffmpeg from its card in a few seconds. */
const START_TIMEOUT_MS = 10_000;
/** Time from a picture to the next unit, milliseconds: even a Pi Zero encodes faster than this. */
const STALL_MS = 3000;
const WATCHDOG_INTERVAL_MS = 500;
/** Least distance of two timestamps, microseconds, a multiple of the marks' step: FLV's milliseconds must still tell them apart. */
const LEAST_STEP_US = 4000;
/**
 * One ffmpeg, from its start to its end: JPEGs go in, and H.264 access units come out, each with the times of its frame.
 * Constructing starts it.
 */
export class FfmpegEncoder implements VideoEncoder {
  /** FFmpeg's name of the codec. */
  readonly name: Codec;
  /** The sub stream that it can make as well; undefined: it was not asked to. */
  readonly sub: SubOutput | undefined;
  readonly #program: Program;
  readonly #schedule: KeyFrameSchedule;
  readonly #demuxer = new FlvDemuxer((video) => this.#onVideo(video), MAX_UNIT_BYTES);
  readonly #pictures = new FlvPictures();
  readonly #stopWatchdog: Cancel;
  #over = false;
  #lastLine = '';

  /** The time of the first picture, milliseconds: timestamps count from there. */
  #origin: number | undefined;
  /** Microseconds, without marks. */
  #lastTimestamp = -LEAST_STEP_US;
  readonly #inFlight: InFlight;
  /** The newest frame that found the encoder busy. */
  #waiting: Frame | undefined;
  /** Since when pictures have been offered and no unit has come, monotonic, milliseconds; undefined while none is due. */
  #unanswered: number | undefined;
  #answered = false;

  constructor(
    private readonly options: FfmpegEncoderOptions,
    private readonly events: VideoEncoderEvents,
  ) {
    const { ffmpeg, plan, sub, searchPath, clock, log } = options;
    this.name = plan.codec;
    this.#inFlight = new InFlight(plan.codec);
    this.sub = sub && new SubOutput(sub, clock);
    this.#schedule = new KeyFrameSchedule(plan.keyframeInterval * 1000, 1000 / plan.frameRate);
    const args = ffmpegArguments(plan, sub);
    log.debug('starting ffmpeg', { command: ffmpeg, args });
    this.#program = new Program(
      ffmpeg,
      args,
      searchPath,
      {
        stdout: (chunk) => this.#onOutput(chunk),
        second: (chunk) => {
          if (!this.#over) this.sub?.push(chunk);
        },
        stderrLine: (line) => {
          log.debug(line, { program: 'ffmpeg' });
          this.#lastLine = line;
        },
        ended: (end) => this.#fail(endError(this.name, end, this.#lastLine)),
      },
      { input: true, second: sub !== undefined },
    );
    this.#program.write([mjpegStreamHeader({ ...plan.from, frameRate: plan.frameRate })]);
    this.#stopWatchdog = clock.every(WATCHDOG_INTERVAL_MS, () => this.#watch());
  }

  /** Takes the next picture. While ffmpeg is busy only the newest is kept, and the one that it replaces counts as skipped. */
  encode(frame: Frame): void {
    if (this.#over) return;
    const now = this.options.clock.monotonic();
    this.#unanswered ??= now;
    if (this.#inFlight.isFull(now)) {
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

  /** Forgets the picture that waits, and makes the next one a key frame. */
  beginAnew(): void {
    this.#waiting = undefined;
    this.#schedule.begin();
  }

  /** Ends ffmpeg. Resolves when nothing of it is left. */
  stop(): Promise<void> {
    this.#rest();
    return this.#program.stop();
  }

  #rest(): void {
    this.#over = true;
    this.#stopWatchdog();
    this.#inFlight.clear();
    this.#waiting = undefined;
  }

  #write(frame: Frame, now: number): void {
    this.#origin ??= frame.monotonic;
    const { step, keyframe } = TIME_MARKS;
    const elapsed = Math.round(((frame.monotonic - this.#origin) * 1000) / step) * step;
    const time = Math.max(elapsed, this.#lastTimestamp + LEAST_STEP_US);
    this.#lastTimestamp = time;
    const sub = this.sub?.takes(frame) ? this.sub : undefined;
    // The first picture is a key frame anyway; see TIME_MARKS.
    const isDue = this.#schedule.next(frame.monotonic) && time > 0;
    // Nor must the first of the sub stream be marked, which would never begin where all are to be key frames: the next one is.
    const isKey = isDue && sub?.hasBegun !== false;
    if (isDue && !isKey) this.#schedule.begin();
    const marked = time + (isKey ? keyframe : 0);
    const timestamp = marked + (sub?.mark(frame, marked) ?? 0);
    this.#inFlight.add(timestamp, frame, now);
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
    const frame = this.#inFlight.take(timestamp);
    if (!frame) throw new FlvError(`no picture was taken at ${timestamp} ms`);
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
    if (this.#inFlight.isFull(now)) return;
    this.#waiting = undefined;
    this.#unanswered = now;
    this.#write(waiting, now);
  }

  #watch(): void {
    this.sub?.watch();
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
