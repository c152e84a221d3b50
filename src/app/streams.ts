import { H264Encoding } from '../device/h264-encoding.ts';
import type { DeviceSettings } from '../device/settings.ts';
import { H264, MJPEG, type StreamNames } from '../device/stream-names.ts';
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
  /** Undefined where the owner wants no H.264, or no RTSP to carry it. */
  readonly #h264: H264Encoding | undefined;

  constructor(options: AppOptions, settings: DeviceSettings, capture: Capture, events: StreamsEvents) {
    const { config, state, searchPath, clock, log } = options;
    const { hub, picture } = capture;
    const mjpeg: JpegVideo = { ...MJPEG, control: picture, fps: () => picture.settings().fps };
    this.#h264 =
      config.rtsp.enabled && config.h264.enabled
        ? new H264Encoding({
            ...{ config: config.h264, settings: settings.h264, state, feed: hub, picture, searchPath },
            onFound: () => events.found(H264),
            onGone: () => events.gone(H264),
            ...{ clock, log },
          })
        : undefined;
    // Most clients take the first one, and can record and forward H.264 alone.
    this.catalogue = new StreamCatalogue([...(this.#h264 ? [h264Video(this.#h264)] : []), mjpeg]);
  }

  /** Begins to find out which encoders work. */
  async start(): Promise<void> {
    await this.#h264?.start();
  }

  async stop(): Promise<void> {
    await this.#h264?.stop();
  }
}

const h264Video = (encoding: H264Encoding): H264Video => ({
  ...H264,
  control: encoding.control,
  fps: () => encoding.control.settings().fps,
  source: () => encoding.stream,
  known: () => encoding.known(),
});
