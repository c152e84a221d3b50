import type { Access } from '../auth/access.ts';
import type { Camera } from '../camera/camera.ts';
import type { Config } from '../config/schema.ts';
import type { StateStore } from '../config/state.ts';
import type { Clock } from '../core/clock.ts';
import type { DescriptorReserve } from '../core/descriptors.ts';
import type { Logger } from '../core/log.ts';
import { recodeForRtp } from '../encode/jpeg-recoder.ts';
import type { Hub } from '../hub/hub.ts';
import type { MediaCamera } from '../onvif/media/deps.ts';
import { H264_STREAM, MJPEG_STREAM, type StreamNames } from '../onvif/media/encoders.ts';
import type { ConnectionBudget } from '../servers/connection-budget.ts';
import type { RtspVitals } from '../servers/http/status.ts';
import { RtspServer, type RtspServerOptions } from '../servers/rtsp/server.ts';
import type { H264Control } from './h264.ts';
import { H264Encoding } from './h264-encoding.ts';
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
  /** Undefined: the owner wants no H.264. */
  readonly #encoding: H264Encoding | undefined;

  constructor(parts: StreamingParts) {
    const { config, explicit, state, hub, camera, access, searchPath, clock, log } = parts;
    this.#encoding = config.h264.enabled
      ? new H264Encoding({
          ...{ config: config.h264, explicit, state, feed: hub, camera: parts.mediaCamera, searchPath },
          onFound: () => void this.multicast?.resume([H264_STREAM.token]),
          onGone: () => this.server.endStream(trackOf(H264_STREAM)),
          ...{ clock, log },
        })
      : undefined;
    this.server = new RtspServer({
      bind: config.bind,
      port: parts.port,
      maxConnections: parts.budget.rtsp,
      maxSessions: parts.budget.sessions,
      access: access && { ...access, basic: config.rtsp.basic },
      hub,
      h264: () => this.#encoding?.stream,
      h264Known: () => this.h264Known(),
      recode: (jpeg) => recodeForRtp(jpeg, camera.settings.quality),
      fps: (track) => (track === trackOf(H264_STREAM) && this.h264?.settings().fps) || camera.settings.fps,
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

  /** What sets the H.264 encoder; undefined where nothing can encode. */
  get h264(): H264Control | undefined {
    return this.#encoding?.control;
  }

  /** Resolves when it is known whether there is H.264, or after a while. */
  async h264Known(): Promise<void> {
    await this.#encoding?.known();
  }

  get vitals(): RtspVitals {
    const { port, sessions, counters } = this.server;
    const stream = this.#encoding?.stream;
    const h264 = stream === 'trying' ? undefined : stream;
    return {
      port,
      sessions,
      listViewers: () => this.server.listViewers(),
      counters,
      h264: h264 && { state: h264.status.state, counters: h264.counters },
    };
  }

  /** Listens. */
  async start(): Promise<void> {
    await this.server.start();
    void this.multicast?.resume([MJPEG_STREAM.token]);
    await this.#encoding?.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.server.stop(), this.#encoding?.stop()]);
  }
}
