import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import type { Frame } from '../../frames/frame.ts';
import type { EncoderFactory, EncoderTask, VideoEncoder, VideoEncoderEvents } from '../encoder.ts';
import { FfmpegEncoder, type FfmpegEncoderOptions } from './encoder.ts';
import { codecFor, type EncoderChoice } from './probe.ts';

/** Starts one ffmpeg. @param fps pictures per second at most, as far as that is its business; undefined: all */
export type StartEncoder<P> = (
  options: FfmpegEncoderOptions & { readonly fps: number | undefined },
  events: VideoEncoderEvents,
) => VideoEncoder<P>;

export interface FfmpegEncodersOptions<P> {
  /** Whether what encodes gets everything, see {@link EncoderFactory.takesAll}. */
  readonly takesAll?: boolean;
  readonly begin: StartEncoder<P>;
  /** What works on this machine; asked at each start. */
  readonly choice: () => EncoderChoice;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Starts what encodes JPEGs. */
export const fromFrames: StartEncoder<Frame> = (options, events) => new FfmpegEncoder(options, events);

/** Encodes by ffmpeg: in hardware where that works and the size allows it, else by libx264. */
export class FfmpegEncoders<P> implements EncoderFactory<P> {
  /** The hardware encoder failed although it had worked when it was tried. */
  #hardwareFailed = false;

  constructor(private readonly options: FfmpegEncodersOptions<P>) {}

  get takesAll(): boolean {
    return this.options.takesAll === true;
  }

  start({ settings, from, to, frameRate, counters }: EncoderTask, events: VideoEncoderEvents): VideoEncoder<P> {
    const { searchPath, clock, log } = this.options;
    const choice = this.options.choice();
    const codec = codecFor({ ...choice, hardware: choice.hardware && !(this.#hardwareFailed && choice.software) }, to);
    const { bitrate, keyframeInterval, profile, fps } = settings;
    const plan = { codec, from, to, frameRate, bitrate, keyframeInterval, profile, mostFps: fps || frameRate };
    let live = false;
    return this.options.begin(
      { ffmpeg: choice.ffmpeg, plan, fps: settings.asCaptured || fps === 0 ? undefined : fps, searchPath, clock, log, counters },
      {
        unit: (unit) => {
          live = true;
          events.unit(unit);
        },
        ended: (error) => {
          if (codec === 'h264_v4l2m2m' && !live) this.#hardwareFailed = true;
          events.ended(error);
        },
      },
    );
  }

  reset(): void {
    this.#hardwareFailed = false;
  }
}
