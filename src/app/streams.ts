import type { Config } from '../config/schema.ts';
import { AppError } from '../core/errors.ts';
import { EncoderTrial } from '../device/encoder-trial.ts';
import { H264Encoding } from '../device/h264-encoding.ts';
import { NativeH264Control } from '../device/native-h264.ts';
import type { DeviceSettings } from '../device/settings.ts';
import { H264, MJPEG, type StreamNames, SUB } from '../device/stream-names.ts';
import { type H264Video, type JpegVideo, StreamCatalogue } from '../device/streams.ts';
import type { PictureFeed } from '../encode/h264-stream.ts';
import type { DecodingShare, EncodedStream, SharedRole } from '../encode/make-stream.ts';
import type { Rate } from '../streams/fan-out.ts';
import type { Hub } from '../streams/hub.ts';
import { NativeH264 } from '../streams/native-h264.ts';
import type { Capture } from './capture.ts';
import { EncodingAdvice } from './encoding-advice.ts';
import type { AppOptions } from './options.ts';

/** Called when streams come and go after the start. */
export interface StreamsEvents {
  /** Called when a stream turns out to be there. */
  found(stream: StreamNames): void;
  /** Called when a stream has ended. */
  gone(stream: StreamNames): void;
}

/** The streams of the camera, and their encoders. */
export class Streams {
  /** All streams, H.264 first. */
  readonly catalogue: StreamCatalogue;
  readonly #trial: EncoderTrial;
  readonly #advice: EncodingAdvice;
  readonly #encodings: readonly Encoded[];
  /** The camera's own H.264; undefined: the camera is not asked for any. */
  readonly #native: NativeH264 | undefined;
  /** Whether clients get the camera's own H.264. */
  #isNative: boolean;
  /** Resolves when every encoder takes what the camera gives since it changed over. */
  #remade: Promise<unknown> = Promise.resolve();

  constructor(
    options: AppOptions,
    settings: DeviceSettings,
    private readonly capture: Capture,
    private readonly events: StreamsEvents,
  ) {
    const { config, state, searchPath, clock, log } = options;
    const { hub, units, picture } = capture;
    const mjpeg: JpegVideo = { ...MJPEG, control: picture, fps: () => picture.settings().fps };
    this.#trial = new EncoderTrial({ config: config.h264, lack: () => this.#lack(), ...{ state, searchPath, clock, log } });
    this.#advice = new EncodingAdvice({ isTranscoding: () => this.#isTranscoding(), clock, log });
    const share: DecodingShare = {};
    this.#encodings = encodedStreams(config).map((names) => {
      const as = DECODED_TOGETHER[names.id];
      const encoding = new H264Encoding({
        ...{ name: names.name, trial: this.#trial, settings: settings[names.id], picture, searchPath },
        feed: paced(hub, () => settings[names.id].now.fps || undefined),
        role: as && { share, as },
        native: units && { units, isNative: () => this.#isNative },
        onFound: () => this.#transcoded(names, 'found'),
        onGone: () => this.#transcoded(names, 'gone'),
        ...{ clock, log },
      });
      return { names, encoding };
    });
    const { camera } = capture;
    this.#native =
      units &&
      new NativeH264({
        hub: units,
        starts: () => camera.counters.starts,
        encoder: () => encoderName(units.status.source, camera.encoder),
        instead: async () => (this.#isNative ? undefined : this.#transcoder()),
        clock,
      });
    this.#isNative = this.#native !== undefined;
    const control = new NativeH264Control({
      ...{ settings: settings.h264, picture },
      unsettable: () => (camera.encodesAsItLikes ? { sps: units?.parameterSets?.sps } : undefined),
    });
    capture.onEncoding = () => this.#changeMode();
    const video = ({ names, encoding }: Encoded): H264Video => {
      const isNative = () => this.#isNative && names.id === H264.id;
      return {
        ...names,
        get control() {
          return isNative() ? control : encoding.control;
        },
        fps: () => (isNative() ? control : encoding.control).settings().fps,
        source: () => (isNative() ? this.#native : encoding.stream),
        known: async () => (isNative() ? undefined : this.#trial.known()),
      };
    };
    // H.264 first: most clients take the first stream, and can record and forward H.264 alone.
    this.catalogue = new StreamCatalogue([...this.#encodings.map(video), mjpeg]);
  }

  /** Begins to try which encoders work; resolves before that is known. */
  async start(): Promise<void> {
    if (this.#native && this.#encodings.length > 0) this.events.found(H264);
    if (this.#encodings.length === 0) return;
    this.#advice.start();
    await this.#trial.start();
  }

  /** Stops all encoders; resolves when no process of theirs is left. */
  async stop(): Promise<void> {
    this.#trial.stop();
    this.#advice.stop();
    this.#native?.stop();
    await Promise.all(this.#encodings.map(({ encoding }) => encoding.stop()));
  }

  /** Resolves to the stream that makes H.264 of JPEGs; undefined: nothing does, or it is still not known after a while. */
  async #transcoder(): Promise<EncodedStream | undefined> {
    await Promise.all([this.#trial.known(), this.#remade]);
    const stream = this.#encodings.find(({ names }) => names.id === H264.id)?.encoding.stream;
    return typeof stream === 'object' ? stream : undefined;
  }

  /** What is missing without an encoder where the camera itself gives H.264: the small stream. */
  #lack(): AppError | undefined {
    if (!this.#isNative) return undefined;
    return this.capture.lack ?? new AppError('H264_UNAVAILABLE', NO_SUB, { hint: NO_SUB_HINT });
  }

  /** Whether ffmpeg is encoding the pictures of a Raspberry Pi's camera. */
  #isTranscoding(): boolean {
    const isPi = this.capture.use.status.source?.startsWith('rpicam-vid') === true;
    return isPi && !this.#isNative && this.#encodings.some(({ names, encoding }) => names.id === H264.id && encoding.isLive);
  }

  /** Tells that a stream of ffmpeg came or went, unless clients get the camera's own in its place. */
  #transcoded(names: StreamNames, what: keyof StreamsEvents): void {
    if (!(this.#isNative && names.id === H264.id)) this.events[what](names);
  }

  /** The camera has changed over to H.264 or JPEG: the stream ends, and clients come back for the other one under the same name. */
  #changeMode(): void {
    const { isNative } = this.capture;
    if (!this.#native || this.#encodings.length === 0 || isNative === this.#isNative) return;
    this.#isNative = isNative;
    this.#native.stop();
    this.events.gone(H264);
    if (isNative) this.events.found(H264);
    // Streams of ffmpeg are told of as they are made.
    this.#remade = Promise.all(this.#encodings.map(({ encoding }) => encoding.remake()));
  }
}

const NO_SUB = 'There is no small stream (/sub): ffmpeg has no encoder for H.264 that works.';
const NO_SUB_HINT =
  "Install the system's own ffmpeg, `sudo apt install --reinstall ffmpeg`, and start again. H.264 by the camera works without it.";

/** Name of the encoder for people: "rpicam-vid, libx264". @param source its description: "rpicam-vid, camera 0 (imx219)" */
const encoderName = (source: string | undefined, encoder: string | undefined): string | undefined =>
  encoder === undefined ? source : `${source?.split(',')[0]}, ${encoder}`;

interface Encoded {
  readonly names: typeof H264 | typeof SUB;
  readonly encoding: H264Encoding;
}

/** The H.264 streams that the settings ask for: none without RTSP, which alone carries them. */
function encodedStreams({ rtsp, h264, sub }: Config): readonly (typeof H264 | typeof SUB)[] {
  if (!rtsp.enabled || !h264.enabled) return [];
  return sub.enabled ? [H264, SUB] : [H264];
}

/** Which of the two streams that are decoded for once each one is; undefined: it is decoded for by itself. */
const DECODED_TOGETHER: Readonly<Record<(typeof H264 | typeof SUB)['id'], SharedRole['as'] | undefined>> = {
  [H264.id]: 'main',
  [SUB.id]: 'sub',
};

/** A feed of pictures whose lease wants no more than a rate, pictures per second. */
const paced = (hub: Hub, rate: Rate): PictureFeed => ({
  lease: () => hub.lease(rate),
  subscribe: (listener) => hub.subscribe(listener),
  get latest() {
    return hub.latest;
  },
  get fps() {
    return hub.fps;
  },
});
