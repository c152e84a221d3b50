import { isDeepStrictEqual } from 'node:util';
import type { Frame } from '../../frames/frame.ts';
import type { VideoEncoder, VideoEncoderEvents } from '../encoder.ts';
import { RATE_TOLERANCE } from '../rate-watch.ts';
import { type EncodingPlan, withoutRates } from './arguments.ts';
import type { FfmpegEncoder } from './encoder.ts';

export interface JointEvents {
  /** It has given its first unit. */
  live(): void;
  /** It ended by itself. @param mayBeSub whether that may have been for the sub stream */
  ended(mayBeSub: boolean): void;
  /** The stream is done with it. Returns whether the sub stream still needs it, and stops it. */
  released(): boolean;
}

/** The encoder of a stream, which can make the sub stream as well. */
export class JointEncoder implements VideoEncoder {
  readonly name: string;
  readonly ffmpeg: FfmpegEncoder;
  #isLive = false;
  #isReleased = false;

  constructor(
    start: (events: VideoEncoderEvents) => FfmpegEncoder,
    events: VideoEncoderEvents,
    private readonly joint: JointEvents,
  ) {
    this.ffmpeg = start({
      unit: (unit) => {
        if (this.#isReleased) return;
        events.unit(unit);
        if (this.#isLive || this.#isReleased) return;
        this.#isLive = true;
        joint.live();
      },
      ended: (error) => {
        joint.ended(!this.#isLive || this.ffmpeg.sub?.hasBegun === true);
        if (!this.#isReleased) events.ended(error);
      },
    });
    this.name = this.ffmpeg.name;
  }

  /** Whether what it makes beside its own stream is as planned. */
  gives(plan: EncodingPlan): boolean {
    const { sub } = this.ffmpeg;
    if (!sub || sub.isBroken) return false;
    const own = sub.plan;
    // Where none is set the highest rate is the measured one.
    const isMost = own.mostFps === plan.mostFps || (own.mostFps === own.frameRate && plan.mostFps === plan.frameRate);
    const isRate = Math.max(own.frameRate, plan.frameRate) <= RATE_TOLERANCE * Math.min(own.frameRate, plan.frameRate);
    return isMost && isRate && isDeepStrictEqual(withoutRates(own), withoutRates(plan));
  }

  encode(frame: Frame): void {
    this.ffmpeg.encode(frame);
  }

  requestKeyFrame(): void {
    this.ffmpeg.requestKeyFrame();
  }

  /** Resolves at once where the sub stream goes on with it, which then stops it. */
  async stop(): Promise<void> {
    this.#isReleased = true;
    if (!this.joint.released()) await this.ffmpeg.stop();
  }
}
