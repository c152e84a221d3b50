import type { Clock } from '../../core/clock.ts';
import { type AccessUnit, MAX_UNIT_BYTES } from '../../frames/access-unit.ts';
import type { Frame } from '../../frames/frame.ts';
import { FlvDemuxer, FlvError, type FlvVideo } from '../../protocols/flv/demuxer.ts';
import { FlvPictures } from '../../protocols/flv/pictures.ts';
import type { EncoderCounters } from '../encoder.ts';
import { type EncodingPlan, TIME_MARKS } from './arguments.ts';
import { InFlight } from './in-flight.ts';
import { KeyFrameSchedule } from './key-frame-schedule.ts';

/** What takes the sub stream of an ffmpeg that makes it beside another one. */
export interface SubTaker {
  readonly counters: EncoderCounters;
  /** Asked for each picture that ffmpeg gets. @param time when it was taken, monotonic, milliseconds */
  wants(time: number): boolean;
  /** The first one is a key frame. */
  unit(unit: AccessUnit): void;
  /** There will be none any more. */
  lost(): void;
}

/** From a picture to its unit, of an ffmpeg that runs; milliseconds. */
const STALL_MS = 3000;

/** The sub stream that one ffmpeg makes of the pictures it decodes anyway, while somebody takes it. */
export class SubOutput {
  readonly #inFlight: InFlight;
  readonly #demuxer = new FlvDemuxer((video) => this.#onVideo(video), MAX_UNIT_BYTES);
  readonly #pictures = new FlvPictures();
  #schedule: KeyFrameSchedule;
  #taker: SubTaker | undefined;
  #hasBegun = false;
  #isBroken = false;
  /** The one who takes it now has had a key frame. */
  #answered = false;

  constructor(
    readonly plan: EncodingPlan,
    private readonly clock: Clock,
  ) {
    this.#inFlight = new InFlight(plan.codec);
    this.#schedule = this.#newSchedule();
  }

  /** Whether nothing more can be had of it. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Whether ffmpeg has had a picture for it. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Gives it to somebody from the next picture on, until the returned function is called. */
  take(taker: SubTaker): () => void {
    this.#taker = taker;
    this.#schedule = this.#newSchedule();
    this.#answered = false;
    this.#inFlight.clear();
    return () => {
      if (this.#taker === taker) this.#taker = undefined;
    };
  }

  requestKeyFrame(): void {
    this.#schedule.request();
  }

  /** Returns whether it gets a picture that ffmpeg is about to get. To be asked once for each; then {@link mark} has to be called. */
  takes(frame: Frame): boolean {
    const taker = this.#taker;
    if (!taker || this.#isBroken || !taker.wants(frame.monotonic)) return false;
    const isFull = this.#inFlight.isFull(this.clock.monotonic());
    taker.counters[isFull ? 'skipped' : 'frames']++;
    return !isFull;
  }

  /**
   * Notes a picture that it gets, and returns what the picture's timestamp has to have added.
   * @param timestamp its own, microseconds; that of the first one must not be marked, see {@link TIME_MARKS}
   */
  mark(frame: Frame, timestamp: number): number {
    const marks = TIME_MARKS.sub + (this.#schedule.next(frame.monotonic) && this.#hasBegun ? TIME_MARKS.subKeyframe : 0);
    this.#hasBegun = true;
    this.#inFlight.add(timestamp + marks, frame, this.clock.monotonic());
    return marks;
  }

  push(chunk: Buffer): void {
    if (this.#isBroken) return;
    try {
      this.#demuxer.push(chunk);
    } catch (error) {
      if (!(error instanceof FlvError)) throw error;
      this.end();
    }
  }

  /** To be called now and then: notices that nothing comes. */
  watch(): void {
    const { since } = this.#inFlight;
    if (this.#taker && since !== undefined && this.clock.monotonic() - since > STALL_MS) this.end();
  }

  /** Nothing more comes of it. */
  end(): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#taker?.lost();
  }

  #onVideo(video: FlvVideo): void {
    const picture = this.#pictures.read(video);
    const frame = picture && this.#inFlight.take(video.timestamp);
    const taker = this.#taker;
    // Nobody takes it any more, or somebody else.
    if (!frame || !taker) return;
    const { counters } = taker;
    counters.units++;
    if (picture.keyframe) counters.keyframes++;
    counters.bytes += picture.size;
    if (!this.#answered && !picture.keyframe) return;
    this.#answered = true;
    const { sequence, capturedAt, monotonic } = frame;
    taker.unit({ ...picture, sequence, capturedAt, monotonic });
  }

  #newSchedule(): KeyFrameSchedule {
    return new KeyFrameSchedule(this.plan.keyframeInterval * 1000, 1000 / this.plan.frameRate);
  }
}
