import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { H264Settings } from '../encode/encoder.ts';
import type { EncoderChoice } from '../encode/ffmpeg/probe.ts';
import type { H264Stream, PictureFeed } from '../encode/h264-stream.ts';
import type { Size } from '../frames/size.ts';
import type { EncoderTrial, EncoderUser } from './encoder-trial.ts';
import { H264Control } from './h264.ts';
import type { PictureController } from './picture.ts';
import type { SettingsGroup } from './settings.ts';

export interface H264EncodingOptions {
  /** For people: "H.264". */
  readonly name: string;
  readonly trial: EncoderTrial;
  readonly settings: SettingsGroup<H264Settings>;
  readonly feed: PictureFeed;
  readonly picture: PictureController;
  readonly searchPath: string;
  /** Called once when there is a stream; it may turn out later that there is none. */
  readonly onFound: () => void;
  /** Called once when there was a stream and is none any more. */
  readonly onGone: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One stream that is encoded as H.264, where this machine can. */
export class H264Encoding implements EncoderUser {
  /** Sets the encoder, also before there is one. */
  readonly control: H264Control;
  #choice: EncoderChoice | undefined;
  #stream: H264Stream | undefined;
  #stopped = false;

  constructor(private readonly options: H264EncodingOptions) {
    const { trial, settings, picture } = options;
    this.control = new H264Control({
      ...{ settings, picture },
      stream: {
        changed: () => this.#stream?.changed(),
        requestKeyFrame: () => this.#stream?.requestKeyFrame(),
      },
    });
    trial.add(this);
  }

  /** `trying`: it is not known yet whether there is one; where ffmpeg is, there nearly always is. */
  get stream(): H264Stream | 'trying' | undefined {
    return this.#stream ?? (this.options.trial.trying ? 'trying' : undefined);
  }

  get isLive(): boolean {
    return this.#stream?.status.state === 'live';
  }

  /** Resolves when nothing of the encoder is left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#stream?.stop();
  }

  async lose(): Promise<void> {
    const stream = this.#stream;
    if (!stream) return;
    this.#stream = undefined;
    this.options.onGone();
    await stream.stop();
  }

  async use(choice: EncoderChoice): Promise<void> {
    const before = this.#choice;
    this.#choice = choice;
    if (this.#stream) {
      if (before?.hardware !== choice.hardware || before.software !== choice.software) this.#stream.changed();
      return;
    }
    const [{ H264Stream }, { FfmpegEncoders }] = await Promise.all([
      import('../encode/h264-stream.ts'),
      import('../encode/ffmpeg/factory.ts'),
    ]);
    if (this.#stopped) return;
    const { name, feed, searchPath, clock, log } = this.options;
    const settings = (captured: Size) => this.control.settingsFor(captured);
    const encoders = new FfmpegEncoders({ choice: () => this.#choice ?? choice, searchPath, clock, log });
    this.#stream = new H264Stream({ name, feed, settings, encoders, clock, log });
    this.options.onFound();
  }
}
