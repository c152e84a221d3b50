import { statSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import type { State, StateStore } from '../config/state.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { findProgram } from '../core/programs.ts';
import type { H264Settings } from '../encode/encoder.ts';
import type { H264Stream, PictureFeed } from '../encode/h264-stream.ts';
import type { EncoderChoice } from '../encode/probe.ts';
import type { Size } from '../frames/size.ts';
import { H264Control } from './h264.ts';
import type { PictureController } from './picture.ts';
import type { SettingsGroup } from './settings.ts';

export interface H264EncodingOptions {
  readonly config: Pick<Config['h264'], 'encoder' | 'ffmpegPath'>;
  readonly settings: SettingsGroup<H264Settings>;
  /** Keeps which encoder works. */
  readonly state: StateStore;
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

/** Clients give up after 3 s, and our own answer takes a while on a small Pi. */
const PATIENCE_MS = 2000;

/**
 * Whether this machine can encode H.264, and the stream where it can. Trying the encoders takes a second, on a small Pi
 * several, and recorders that come back after a power failure do not wait: until the trial of this start is over, that of an
 * earlier one is believed, if ffmpeg is still the same.
 */
export class H264Encoding {
  readonly #control: H264Control;
  #choice: EncoderChoice | undefined;
  #stream: H264Stream | undefined;
  #stopped = false;
  #trial: Promise<void> | undefined;
  #trying = true;

  constructor(private readonly options: H264EncodingOptions) {
    const { settings, picture } = options;
    this.#control = new H264Control({
      ...{ settings, picture },
      stream: {
        profile: 'Baseline',
        changed: () => this.#stream?.changed(),
        requestKeyFrame: () => this.#stream?.requestKeyFrame(),
      },
    });
  }

  /** `trying`: it is not known yet whether there is one; where ffmpeg is, there nearly always is. */
  get stream(): H264Stream | 'trying' | undefined {
    return this.#stream ?? (this.#trying ? 'trying' : undefined);
  }

  /** Sets the encoder, also before there is one. */
  get control(): H264Control {
    return this.#control;
  }

  /** Resolves when it is known whether there is H.264, or after {@link PATIENCE_MS}. */
  async known(): Promise<void> {
    if (this.stream !== 'trying') return;
    await new Promise<void>((resolve) => {
      const cancel = this.options.clock.after(PATIENCE_MS, resolve);
      void this.trialOver.then(() => {
        cancel();
        resolve();
      });
    });
  }

  /** Resolves when the trial of this start is over. */
  get trialOver(): Promise<void> {
    return this.#trial ?? Promise.resolve();
  }

  /** Begins with what is remembered, and tries the encoders in the background. */
  async start(): Promise<void> {
    const { config, state, searchPath } = this.options;
    const ffmpeg = config.ffmpegPath || findProgram('ffmpeg', searchPath);
    const file = ffmpeg === undefined ? undefined : fileAt(ffmpeg);
    const kept = state.state.encoder;
    if (file && kept && kept.wanted === config.encoder && sameFile(kept, file)) {
      const { hardware, software } = kept;
      await this.#use({ ffmpeg: file.ffmpeg, hardware, software });
    }
    this.#trial = this.#try(ffmpeg)
      .catch((error: unknown) => this.options.log.error(`H.264 cannot be had: ${messageOf(error)}`))
      .finally(() => {
        this.#trying = false;
      });
  }

  /** Resolves when nothing of the encoder is left. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#stream?.stop();
  }

  async #try(ffmpeg: string | undefined): Promise<void> {
    const { config, searchPath, log } = this.options;
    const { probeEncoder } = await import('../encode/probe.ts');
    const found = await probeEncoder({ ffmpeg, wanted: config.encoder, searchPath, log });
    if (this.#stopped) return;
    if ('ok' in found) {
      const file = fileAt(found.ok.ffmpeg);
      const { hardware, software } = found.ok;
      this.#keep(file && { ...file, wanted: config.encoder, hardware, software });
      await this.#use(found.ok);
      return;
    }
    // Beside an encoder at work a small machine may not have had the time for a trial; what is seen counts for more.
    if (this.#stream?.status.state === 'live') {
      log.debug(`H.264 is live although its trial failed: ${found.error.message}`);
      return;
    }
    log.info(`${found.error.message} ${found.error.hint}`, { code: found.error.code });
    this.#keep(undefined);
    const stream = this.#stream;
    if (!stream) return;
    this.#stream = undefined;
    this.#trying = false;
    this.options.onGone();
    await stream.stop();
  }

  async #use(choice: EncoderChoice): Promise<void> {
    const before = this.#choice;
    this.#choice = choice;
    if (this.#stream) {
      if (before?.hardware !== choice.hardware || before.software !== choice.software) this.#stream.changed();
      return;
    }
    const { H264Stream } = await import('../encode/h264-stream.ts');
    if (this.#stopped) return;
    const { feed, searchPath, clock, log } = this.options;
    const settings = (captured: Size) => this.#control.settingsFor(captured);
    this.#stream = new H264Stream({ feed, settings, encoder: () => this.#choice ?? choice, searchPath, clock, log });
    this.options.onFound();
  }

  /** Stores what was found only where it is new: it is called at each start, and memory cards wear out. */
  #keep(encoder: State['encoder']): void {
    const { state, log } = this.options;
    if (JSON.stringify(encoder) === JSON.stringify(state.state.encoder)) return;
    try {
      state.update({ encoder });
    } catch (error) {
      log.warn(`Which H.264 encoder works is not known at the next start before it was tried again: ${messageOf(error)}`);
    }
  }
}

type ProgramFile = Pick<NonNullable<State['encoder']>, 'ffmpeg' | 'modified' | 'size'>;

/** Returns what tells one ffmpeg from another; undefined where there is none. */
function fileAt(ffmpeg: string): ProgramFile | undefined {
  const stat = statSync(ffmpeg, { throwIfNoEntry: false });
  return stat && { ffmpeg, modified: stat.mtimeMs, size: stat.size };
}

const sameFile = (one: ProgramFile, other: ProgramFile): boolean =>
  one.ffmpeg === other.ffmpeg && one.modified === other.modified && one.size === other.size;
