import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { H264Settings } from '../encode/encoder.ts';
import type { EncoderChoice } from '../encode/ffmpeg/probe.ts';
import type { PictureFeed } from '../encode/h264-stream.ts';
import type { EncodedStream, NativeFeed } from '../encode/make-stream.ts';
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
  /** The camera's own H.264, of which it is made where `isNative` says so when the encoder is found; undefined: there is never any. */
  readonly native?: (NativeFeed & { readonly isNative: () => boolean }) | undefined;
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
  #stream: EncodedStream | undefined;
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
  get stream(): EncodedStream | 'trying' | undefined {
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

  /** Makes it of something else, as the camera gives something else: viewers have to come back. */
  async remake(): Promise<void> {
    if (!this.#stream || !this.#choice) return;
    await this.lose();
    await this.use(this.#choice);
  }

  async use(choice: EncoderChoice): Promise<void> {
    const before = this.#choice;
    this.#choice = choice;
    if (this.#stream) {
      if (before?.hardware !== choice.hardware || before.software !== choice.software) this.#stream.changed();
      return;
    }
    const makers = await import('../encode/make-stream.ts');
    if (this.#stopped || this.#stream) return;
    const { native, feed } = this.options;
    const common = {
      ...this.options,
      settings: (captured: Size) => this.control.settingsFor(captured),
      choice: () => this.#choice ?? choice,
    };
    this.#stream = native?.isNative() ? makers.streamOfUnits({ ...common, native }) : makers.streamOfFrames({ ...common, feed });
    this.options.onFound();
  }
}
