import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/log.ts';
import type { EncoderFactory, EncoderTask, VideoEncoder, VideoEncoderEvents } from '../encoder.ts';
import { FfmpegEncoder } from './encoder.ts';
import { codecFor, type EncoderChoice } from './probe.ts';

export interface FfmpegEncodersOptions {
  /** What works on this machine; asked at each start. */
  readonly choice: () => EncoderChoice;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Encodes by ffmpeg: in hardware where that works and the size allows it, else by libx264. */
export class FfmpegEncoders implements EncoderFactory {
  /** The hardware encoder failed although it had worked when it was tried. */
  #hardwareFailed = false;

  constructor(private readonly options: FfmpegEncodersOptions) {}

  start({ settings, from, to, frameRate, counters }: EncoderTask, events: VideoEncoderEvents): VideoEncoder {
    const { searchPath, clock, log } = this.options;
    const choice = this.options.choice();
    const codec = codecFor({ ...choice, hardware: choice.hardware && !(this.#hardwareFailed && choice.software) }, to);
    const { bitrate, keyframeInterval, profile, fps } = settings;
    const plan = { codec, from, to, frameRate, bitrate, keyframeInterval, profile, mostFps: fps || frameRate };
    let live = false;
    return new FfmpegEncoder(
      { ffmpeg: choice.ffmpeg, plan, searchPath, clock, log, counters },
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
