import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { H264Settings } from '../encode/encoder.ts';
import type { EncoderChoice } from '../encode/ffmpeg/probe.ts';
import type { PictureFeed } from '../encode/h264-stream.ts';
import type { EncodedStream, NativeFeed, SharedRole } from '../encode/make-stream.ts';
import type { Size } from '../frames/size.ts';
import type { EncoderTrial, EncoderUser } from './encoder-trial.ts';
import { H264Control } from './h264.ts';
import type { PictureController } from './picture.ts';
import type { SettingsGroup } from './settings.ts';

/** What a stream is encoded from, with what settings, and who hears of it. */
export interface H264EncodingOptions {
  /** Name for people: "H.264". */
  readonly name: string;
  /** Tells which encoders work. */
  readonly trial: EncoderTrial;
  readonly settings: SettingsGroup<H264Settings>;
  /** The JPEGs that the stream is made of. */
  readonly feed: PictureFeed;
  /** The camera's own H.264, of which it is made where `isNative` says so when the encoder is found; undefined: there is never any. */
  readonly native?: (NativeFeed & { readonly isNative: () => boolean }) | undefined;
  /** With which other stream it is decoded for, where it is made of JPEGs. */
  readonly role?: SharedRole | undefined;
  readonly picture: PictureController;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** Called when there is a stream; it may turn out later that there is none. */
  readonly onFound: () => void;
  /** Called when there was a stream and it is gone; {@link H264EncodingOptions.onFound} may follow. */
  readonly onGone: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One stream that is encoded as H.264, where this machine can. */
export class H264Encoding implements EncoderUser {
  /** Shows and sets the encoder, even before there is one. */
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

  /** The stream; `trying` while it is not known whether there is one (where ffmpeg is, there nearly always is), undefined: there is none. */
  get stream(): EncodedStream | 'trying' | undefined {
    return this.#stream ?? (this.options.trial.trying ? 'trying' : undefined);
  }

  /** Whether units come at this moment. */
  get isLive(): boolean {
    return this.#stream?.status.state === 'live';
  }

  /** Ends the stream for good. Resolves when nothing of the encoder is left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#stream?.stop();
  }

  /** Gives the stream up: nothing can encode it. Resolves when nothing of the encoder is left. */
  async lose(): Promise<void> {
    const stream = this.#stream;
    if (!stream) return;
    this.#stream = undefined;
    this.options.onGone();
    await stream.stop();
  }

  /** Makes the stream anew, of what the camera gives since it changed: viewers have to come back. */
  async remake(): Promise<void> {
    if (!this.#stream || !this.#choice) return;
    await this.lose();
    await this.use(this.#choice);
  }

  /** Takes the encoders that work, and makes the stream where there is none yet. */
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
