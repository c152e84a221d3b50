import { AppError, messageOf } from '../../core/errors.ts';
import { RateLimiter } from '../../core/rate-limiter.ts';
import { type AccessUnit, MAX_UNIT_BYTES } from '../../frames/access-unit.ts';
import { FlvDemuxer, FlvError, type FlvVideo } from '../../protocols/flv/demuxer.ts';
import { FlvPictures } from '../../protocols/flv/pictures.ts';
import type { VideoEncoder, VideoEncoderEvents } from '../encoder.ts';
import { transcoderArguments } from './decoder-arguments.ts';
import type { FfmpegEncoderOptions } from './encoder.ts';
import { flvDistance, TIMESTAMP_TOLERANCE } from './in-flight.ts';
import { KeyFrameSchedule } from './key-frame-schedule.ts';
import { MARK, type Mark, UnitFeeder } from './unit-feeder.ts';

/** What a transcoder is started with. */
export interface FfmpegTranscoderOptions extends FfmpegEncoderOptions {
  /** Pictures per second at most; undefined: all. */
  readonly fps: number | undefined;
  /** The camera's units from the last key frame on, the newest included. */
  readonly group: () => readonly AccessUnit[];
}

/**
 * One ffmpeg, from its start to its end: a camera's H.264 goes in, and other H.264 comes out, each unit with the times of its
 * picture. Constructing starts it.
 */
export class FfmpegTranscoder implements VideoEncoder<AccessUnit> {
  /** FFmpeg's name of the codec. */
  readonly name: string;
  readonly #feeder: UnitFeeder;
  readonly #schedule: KeyFrameSchedule;
  readonly #limiter: RateLimiter | undefined;
  readonly #demuxer = new FlvDemuxer((video) => this.#onVideo(video), MAX_UNIT_BYTES);
  readonly #pictures = new FlvPictures();
  #begun = false;
  /** Whether something has been asked of ffmpeg. */
  #marked = false;
  /** Whether a key frame has come: a decoder can begin with nothing else. */
  #answered = false;

  constructor(
    private readonly options: FfmpegTranscoderOptions,
    private readonly events: VideoEncoderEvents,
  ) {
    const { plan, fps } = options;
    this.name = plan.codec;
    this.#schedule = new KeyFrameSchedule(plan.keyframeInterval * 1000, 1000 / plan.frameRate);
    this.#limiter = fps === undefined ? undefined : new RateLimiter(fps);
    this.#feeder = new UnitFeeder(
      { ...options, args: transcoderArguments(plan), work: plan.codec },
      { stdout: (chunk) => this.#onOutput(chunk), ended: (error) => events.ended(error) },
    );
  }

  /** Takes the next unit. The group before the first one goes in too, since it has to be decoded, but is not encoded. */
  encode(unit: AccessUnit): void {
    const group = this.#begun ? [] : this.options.group();
    this.#begun = true;
    for (const before of group) if (before.sequence < unit.sequence) this.#feeder.feed(before, () => undefined);
    this.#feeder.feed(unit, () => this.#mark(unit));
  }

  /** Makes one of the next pictures a key frame. */
  requestKeyFrame(): void {
    this.#schedule.request();
  }

  /** Ends ffmpeg. Resolves when nothing of it is left. */
  stop(): Promise<void> {
    return this.#feeder.stop();
  }

  #mark({ monotonic }: AccessUnit): Mark | undefined {
    if (this.#limiter?.pass(monotonic) === false) return undefined;
    const isFirst = !this.#marked;
    this.#marked = true;
    this.options.counters.frames++;
    // The first one is a key frame anyway, and FFmpeg may count the others' times from its own.
    return this.#schedule.next(monotonic) && !isFirst ? MARK.keyframe : MARK.picture;
  }

  #onOutput(chunk: Buffer): void {
    try {
      this.#demuxer.push(chunk);
    } catch (error) {
      if (!(error instanceof FlvError)) throw error;
      this.#feeder.fail(new AppError('ENCODER_ENDED', `What ffmpeg sends cannot be read: ${messageOf(error)}.`));
    }
  }

  #onVideo(video: FlvVideo): void {
    const picture = this.#pictures.read(video);
    if (!picture) return;
    const isIt = (timestamp: number) => flvDistance(Math.round(timestamp / 1000), video.timestamp) <= TIMESTAMP_TOLERANCE;
    const unit = this.#feeder.answered(isIt);
    // One that was waited for too long, or the last words of one that was stopped.
    if (!unit) return;
    const { counters } = this.options;
    counters.units++;
    if (picture.keyframe) counters.keyframes++;
    counters.bytes += picture.size;
    if (!this.#answered && !picture.keyframe) return;
    this.#answered = true;
    const { sequence, capturedAt, monotonic } = unit;
    this.events.unit({ ...picture, sequence, capturedAt, monotonic });
  }
}
