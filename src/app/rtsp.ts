import { MulticastControl } from '../device/multicast.ts';
import { METADATA, MJPEG, STREAMS, type StreamNames } from '../device/stream-names.ts';
import { recodeForRtp } from '../encode/jpeg-recoder.ts';
import type { RtspVitals } from '../servers/http/status.ts';
import { METADATA_PAYLOAD_TYPE, MetadataTrack } from '../servers/rtsp/metadata-track.ts';
import { RtspServer } from '../servers/rtsp/server.ts';
import { cnameOf, newRtpStream } from '../servers/rtsp/track.ts';
import type { AppOptions } from './options.ts';
import type { Subsystems } from './subsystems.ts';

/** Everything that can be sent by multicast. */
const SENT = [...STREAMS, METADATA];

/** The RTSP server, its metadata track and its multicast. */
export class Rtsp {
  /** Serves all streams. */
  readonly server: RtspServer;
  /** Undefined: multicast is off. */
  readonly multicast: MulticastControl | undefined;
  /** Events beside the picture; undefined with `rtsp.metadata: false`. */
  readonly metadata: MetadataTrack | undefined;

  constructor(options: AppOptions, { settings, identity, login, network, capture, streams, events }: Subsystems) {
    const { config, clock, log } = options;
    const { arrivals, budget, descriptors, hostname, queues } = network;
    const stream = newRtpStream(METADATA_PAYLOAD_TYPE);
    const track = { name: METADATA.id, stream, cname: cnameOf(hostname), feed: events.bus, clock };
    this.metadata = config.rtsp.metadata ? new MetadataTrack(track) : undefined;
    this.server = new RtspServer({
      bind: config.bind,
      port: settings.ports.now.rtsp,
      inherited: options.sockets.rtsp,
      maxConnections: budget.rtsp,
      maxSessions: budget.sessions,
      access: login.toWatch && { ...login.toWatch, basic: config.rtsp.basic },
      hub: capture.hub,
      camera: () => capture.source,
      queues,
      streams: streams.catalogue,
      recode: (jpeg) => recodeForRtp(jpeg, capture.picture.settings().quality),
      beside: () => (this.metadata ? [this.metadata] : []),
      multicast: (track) => this.#groupOf(track),
      name: () => identity.name,
      hostname,
      descriptors,
      // Without a password, a foreign page must not come in under a name of its own (DNS rebinding).
      acceptsHost: login.toWatch ? undefined : (name) => arrivals.isOwnHost(name),
      clock,
      log,
    });
    if (!config.rtsp.multicast.enabled) return;
    this.multicast = new MulticastControl({
      ...{ settings, maxTtl: config.rtsp.multicast.ttl, streams: SENT, log },
      sender: {
        startMulticast: async (encoder, group) => this.server.startMulticast(idOf(encoder), group),
        stopMulticast: (encoder) => this.server.stopMulticast(idOf(encoder)),
      },
      onChange: (Token) => {
        const Type = Token === METADATA.encoder ? 'Metadata' : 'VideoEncoder';
        events.bus.tell('Media/ConfigurationChanged', { Token, Type }, {});
      },
    });
  }

  /** The figures of the server, for the page and the metrics. */
  get vitals(): RtspVitals {
    const { port, sessions, counters } = this.server;
    return { port, sessions, listViewers: () => this.server.listViewers(), counters };
  }

  /** Listens. Rejects with an AppError where the port is taken. */
  async start(): Promise<void> {
    await this.server.start();
    this.found(MJPEG);
    if (this.metadata) this.found(METADATA);
  }

  /** Ends all sessions and stops listening. */
  stop(): Promise<void> {
    return this.server.stop();
  }

  /** Resumes the multicast of a stream, or of the events, that was being sent when the program ended. */
  found({ encoder }: Pick<StreamNames, 'encoder'>): void {
    void this.multicast?.resume([encoder]);
  }

  /** Ends the sessions of a stream that is no longer there. */
  gone({ id }: StreamNames): void {
    this.server.endStream(id);
  }

  #groupOf(id: string) {
    const sent = SENT.find((each) => each.id === id);
    return sent && this.multicast?.target(sent.encoder);
  }
}

/** Returns the ID of a stream. @param encoder token of its encoder configuration */
const idOf = (encoder: string): string => SENT.find((stream) => stream.encoder === encoder)!.id;
