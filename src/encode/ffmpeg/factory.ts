import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import type { Frame } from '../../frames/frame.ts';
import type { EncoderFactory, EncoderTask, VideoEncoder, VideoEncoderEvents } from '../encoder.ts';
import type { EncodingPlan } from './arguments.ts';
import { FfmpegEncoder, type FfmpegEncoderOptions } from './encoder.ts';
import { codecFor, type EncoderChoice } from './probe.ts';

/**
 * Starts one ffmpeg.
 * @typeParam P what goes in
 * @param options with `fps`: the most pictures per second that it may make of those that it gets; undefined: one of each
 */
export type StartEncoder<P> = (
  options: FfmpegEncoderOptions & { readonly fps: number | undefined },
  events: VideoEncoderEvents,
) => VideoEncoder<P>;

/** What {@link FfmpegEncoders} starts encoders with. */
export interface FfmpegEncodersOptions<P> {
  /** See {@link EncoderFactory.takesAll}; default false. */
  readonly takesAll?: boolean;
  /** What starts ffmpeg for this kind of pictures. */
  readonly begin: StartEncoder<P>;
  /** The encoders that work on this machine; asked at each start. */
  readonly choice: () => EncoderChoice;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Starts an ffmpeg that encodes JPEGs. */
export const fromFrames: StartEncoder<Frame> = (options, events) => new FfmpegEncoder(options, events);

/** Encodes with ffmpeg: in hardware where that works and the size allows it, else with libx264. */
export class FfmpegEncoders<P> implements EncoderFactory<P> {
  /** Whether the hardware encoder has failed although it worked when it was tried. */
  #hardwareFailed = false;

  constructor(private readonly options: FfmpegEncodersOptions<P>) {}

  /** Whether the encoders have to get every picture. */
  get takesAll(): boolean {
    return this.options.takesAll === true;
  }

  /** Returns how an encoder would be set that is started now. */
  plan({ settings, from, to, frameRate }: Omit<EncoderTask, 'counters'>): EncodingPlan {
    const choice = this.options.choice();
    const codec = codecFor({ ...choice, hardware: choice.hardware && !(this.#hardwareFailed && choice.software) }, to);
    const { bitrate, keyframeInterval, profile, fps } = settings;
    return { codec, from, to, frameRate, bitrate, keyframeInterval, profile, mostFps: fps || frameRate };
  }

  /** Starts an ffmpeg. Where the hardware encoder ends before its first unit, the next start takes libx264, if there is one. */
  start(task: EncoderTask, events: VideoEncoderEvents): VideoEncoder<P> {
    const { searchPath, clock, log } = this.options;
    const { settings, counters } = task;
    const { ffmpeg } = this.options.choice();
    const plan = this.plan(task);
    const fps = settings.asCaptured || settings.fps === 0 ? undefined : settings.fps;
    let live = false;
    return this.options.begin(
      { ffmpeg, plan, fps, searchPath, clock, log, counters },
      {
        unit: (unit) => {
          live = true;
          events.unit(unit);
        },
        ended: (error) => {
          if (plan.codec === 'h264_v4l2m2m' && !live) this.#hardwareFailed = true;
          events.ended(error);
        },
      },
    );
  }

  /** Gives the hardware encoder another chance. */
  reset(): void {
    this.#hardwareFailed = false;
  }
}
