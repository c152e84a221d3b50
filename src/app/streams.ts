import type { Config } from '../config/schema.ts';
import { EncoderTrial } from '../device/encoder-trial.ts';
import { H264Encoding } from '../device/h264-encoding.ts';
import type { DeviceSettings } from '../device/settings.ts';
import { H264, MJPEG, type StreamNames, SUB } from '../device/stream-names.ts';
import { type H264Video, type JpegVideo, StreamCatalogue } from '../device/streams.ts';
import type { Capture } from './capture.ts';
import type { AppOptions } from './options.ts';

export interface StreamsEvents {
  /** Called once, when a stream turns out to be there. */
  found(stream: StreamNames): void;
  /** Called once, when a stream is there no more. */
  gone(stream: StreamNames): void;
}

/** The streams of the camera, with what encodes them. */
export class Streams {
  readonly catalogue: StreamCatalogue;
  readonly #trial: EncoderTrial;
  readonly #encodings: readonly H264Encoding[];

  constructor(options: AppOptions, settings: DeviceSettings, capture: Capture, events: StreamsEvents) {
    const { config, state, searchPath, clock, log } = options;
    const { hub, picture } = capture;
    const mjpeg: JpegVideo = { ...MJPEG, control: picture, fps: () => picture.settings().fps };
    this.#trial = new EncoderTrial({ config: config.h264, ...{ state, searchPath, clock, log } });
    const encoded = encodedStreams(config).map((names) => {
      const encoding = new H264Encoding({
        ...{ name: names.name, trial: this.#trial, settings: settings[names.id], feed: hub, picture, searchPath },
        onFound: () => events.found(names),
        onGone: () => events.gone(names),
        ...{ clock, log },
      });
      return { names, encoding };
    });
    this.#encodings = encoded.map(({ encoding }) => encoding);
    // Most clients take the first one, and can record and forward H.264 alone.
    this.catalogue = new StreamCatalogue([...encoded.map(({ names, encoding }) => h264Video(names, encoding, this.#trial)), mjpeg]);
  }

  /** Begins to find out which encoders work. */
  async start(): Promise<void> {
    if (this.#encodings.length > 0) await this.#trial.start();
  }

  async stop(): Promise<void> {
    this.#trial.stop();
    await Promise.all(this.#encodings.map((encoding) => encoding.stop()));
  }
}

/** None where the owner wants no H.264, or nothing that carries it. */
function encodedStreams({ rtsp, h264, sub }: Config): readonly (typeof H264 | typeof SUB)[] {
  if (!rtsp.enabled || !h264.enabled) return [];
  return sub.enabled ? [H264, SUB] : [H264];
}

const h264Video = (names: typeof H264 | typeof SUB, encoding: H264Encoding, trial: EncoderTrial): H264Video => ({
  ...names,
  control: encoding.control,
  fps: () => encoding.control.settings().fps,
  source: () => encoding.stream,
  known: () => trial.known(),
});
