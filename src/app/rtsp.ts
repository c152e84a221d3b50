import { MulticastControl } from '../device/multicast.ts';
import { MJPEG, STREAMS, type StreamNames } from '../device/stream-names.ts';
import { recodeForRtp } from '../encode/jpeg-recoder.ts';
import type { RtspVitals } from '../servers/http/status.ts';
import { RtspServer } from '../servers/rtsp/server.ts';
import type { AppOptions } from './options.ts';
import type { Subsystems } from './subsystems.ts';

/** The RTSP server and its multicast. */
export class Rtsp {
  readonly server: RtspServer;
  /** Undefined: nothing is sent by multicast. */
  readonly multicast: MulticastControl | undefined;

  constructor(options: AppOptions, { settings, identity, login, network, capture, streams }: Subsystems) {
    const { config, clock, log } = options;
    const { arrivals, budget, descriptors, hostname, queues } = network;
    this.server = new RtspServer({
      bind: config.bind,
      port: settings.ports.now.rtsp,
      inherited: options.sockets.rtsp,
      maxConnections: budget.rtsp,
      maxSessions: budget.sessions,
      access: login.toWatch && { ...login.toWatch, basic: config.rtsp.basic },
      hub: capture.hub,
      queues,
      streams: streams.catalogue,
      recode: (jpeg) => recodeForRtp(jpeg, capture.picture.settings().quality),
      multicast: (stream) => this.#groupOf(stream),
      name: () => identity.name,
      hostname,
      descriptors,
      // Without a password, a page elsewhere must not come in under a name of its own.
      acceptsHost: login.toWatch ? undefined : (name) => arrivals.isOwnHost(name),
      clock,
      log,
    });
    if (!config.rtsp.multicast.enabled) return;
    this.multicast = new MulticastControl({
      ...{ settings, maxTtl: config.rtsp.multicast.ttl, streams: STREAMS, log },
      sender: {
        startMulticast: async (encoder, group) => this.server.startMulticast(idOf(encoder), group),
        stopMulticast: (encoder) => this.server.stopMulticast(idOf(encoder)),
      },
    });
  }

  get vitals(): RtspVitals {
    const { port, sessions, counters } = this.server;
    return { port, sessions, listViewers: () => this.server.listViewers(), counters };
  }

  /** Listens. */
  async start(): Promise<void> {
    await this.server.start();
    this.found(MJPEG);
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  /** Sends again by multicast what was sent before the program ended. */
  found({ encoder }: StreamNames): void {
    void this.multicast?.resume([encoder]);
  }

  /** Ends a stream that there is no more. */
  gone({ id }: StreamNames): void {
    this.server.endStream(id);
  }

  #groupOf(id: string) {
    const stream = STREAMS.find((each) => each.id === id);
    return stream && this.multicast?.target(stream.encoder);
  }
}

/** @param encoder token of what encodes a stream of ours */
const idOf = (encoder: string): string => STREAMS.find((stream) => stream.encoder === encoder)!.id;
