import type { Access } from '../auth/access.ts';
import type { Camera } from '../camera/camera.ts';
import type { Config } from '../config/schema.ts';
import type { StateStore } from '../config/state.ts';
import type { Clock } from '../core/clock.ts';
import type { DescriptorReserve } from '../core/descriptors.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { H264Stream } from '../encode/h264-stream.ts';
import { recodeForRtp } from '../encode/jpeg-recoder.ts';
import type { Hub } from '../hub/hub.ts';
import type { MediaCamera, Size } from '../onvif/media/deps.ts';
import { H264_STREAM, MJPEG_STREAM, type StreamNames } from '../onvif/media/encoders.ts';
import type { ConnectionBudget } from '../servers/connection-budget.ts';
import type { RtspVitals } from '../servers/http/status.ts';
import { RtspServer, type RtspServerOptions } from '../servers/rtsp/server.ts';
import { H264Control } from './h264.ts';
import { MulticastControl } from './multicast.ts';

export interface StreamingParts {
  readonly config: Config;
  /** Keys of the settings that the owner set. */
  readonly explicit: ReadonlySet<string>;
  readonly port: number;
  readonly budget: ConnectionBudget;
  readonly state: StateStore;
  readonly hub: Hub;
  readonly camera: Camera;
  readonly mediaCamera: MediaCamera;
  /** Undefined: auth is off. */
  readonly access: Access | undefined;
  readonly name: () => string;
  readonly hostname: string;
  readonly descriptors: DescriptorReserve;
  /** See {@link RtspServerOptions.acceptsHost}. */
  readonly acceptsHost: RtspServerOptions['acceptsHost'];
  readonly searchPath: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Name of a stream in the RTSP server: its path without the slash. */
const trackOf = ({ rtspPath }: StreamNames): string => rtspPath.slice(1);
const TRACKS = new Map([MJPEG_STREAM, H264_STREAM].map((stream) => [stream.token, trackOf(stream)]));
const ENCODERS = new Map([...TRACKS].map(([encoder, track]) => [track, encoder]));

/** The RTSP server with its H.264 encoder and its multicast, made of what the program has. */
export class Streaming {
  readonly server: RtspServer;
  readonly multicast: MulticastControl | undefined;
  #encoder: { readonly stream: H264Stream; readonly control: H264Control } | undefined;
  #stopped = false;

  constructor(private readonly parts: StreamingParts) {
    const { config, explicit, state, hub, camera, access, clock, log } = parts;
    this.server = new RtspServer({
      bind: config.bind,
      port: parts.port,
      maxConnections: parts.budget.rtsp,
      maxSessions: parts.budget.sessions,
      access: access && { ...access, basic: config.rtsp.basic },
      hub,
      h264: () => this.#encoder?.stream,
      recode: (jpeg) => recodeForRtp(jpeg, camera.settings.quality),
      fps: (track) => (track === trackOf(H264_STREAM) && this.#encoder?.control.settings().fps) || camera.settings.fps,
      multicast: (track) => this.multicast?.target(ENCODERS.get(track)!),
      name: parts.name,
      hostname: parts.hostname,
      descriptors: parts.descriptors,
      acceptsHost: parts.acceptsHost,
      clock,
      log,
    });
    const sender = {
      startMulticast: async (encoder: string, target: Parameters<RtspServer['startMulticast']>[1]) =>
        this.server.startMulticast(TRACKS.get(encoder)!, target),
      stopMulticast: (encoder: string) => this.server.stopMulticast(TRACKS.get(encoder)!),
    };
    this.multicast = config.rtsp.multicast.enabled
      ? new MulticastControl({ config: config.rtsp.multicast, explicit, state, sender, log })
      : undefined;
  }

  /** What sets the H.264 encoder; undefined where nothing can encode, and until that is known. */
  get h264(): H264Control | undefined {
    return this.#encoder?.control;
  }

  get vitals(): RtspVitals {
    const { port, sessions, counters } = this.server;
    const stream = this.#encoder?.stream;
    return { port, sessions, counters, h264: stream && { state: stream.status.state, counters: stream.counters } };
  }

  /** Listens. Whether there is H.264 is found out afterwards: trying the encoders takes a second, on a small Pi several. */
  async start(): Promise<void> {
    await this.server.start();
    void this.multicast?.resume([MJPEG_STREAM.token]);
    if (this.parts.config.h264.enabled) {
      this.#findEncoder().catch((error: unknown) => this.parts.log.error(`H.264 cannot be had: ${messageOf(error)}`));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.server.stop(), this.#encoder?.stream.stop()]);
  }

  async #findEncoder(): Promise<void> {
    const { config, explicit, state, hub, mediaCamera, searchPath, clock, log } = this.parts;
    const { probeEncoder } = await import('../encode/probe.ts');
    const { encoder, ffmpegPath } = config.h264;
    const found = await probeEncoder({ ffmpeg: ffmpegPath || undefined, wanted: encoder, searchPath, log });
    if (this.#stopped) return;
    if ('error' in found) {
      log.info(`${found.error.message} ${found.error.hint}`, { code: found.error.code });
      return;
    }
    const { H264Stream } = await import('../encode/h264-stream.ts');
    const control = new H264Control({
      config: config.h264,
      explicit,
      state,
      camera: mediaCamera,
      stream: { profile: 'Baseline', changed: () => stream.changed(), requestKeyFrame: () => stream.requestKeyFrame() },
    });
    const settings = (captured: Size) => control.settingsFor(captured);
    const stream = new H264Stream({ feed: hub, settings, encoder: () => found.ok, searchPath, clock, log });
    this.#encoder = { stream, control };
    await this.multicast?.resume([H264_STREAM.token]);
  }
}
