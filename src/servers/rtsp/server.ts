import { createServer, type Server, type Socket } from 'node:net';
import { addressKey } from '../../auth/address-key.ts';
import type { User } from '../../auth/users.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import { type Logger, LogThrottle } from '../../core/log.ts';
import { MJPEG } from '../../device/stream-names.ts';
import type { H264Feed, H264Source, JpegFeed, StreamCatalogue } from '../../device/streams.ts';
import type { DescriptorReserve } from '../../platform/descriptors.ts';
import type { MulticastGroup } from '../../platform/multicast.ts';
import { JPEG_PAYLOAD_TYPE } from '../../protocols/rtp/jpeg.ts';
import type { TunnelRequest } from '../../protocols/rtsp/tunnel.ts';
import type { Hub } from '../../streams/hub.ts';
import { ConnectionLimit, isHere } from '../connection-limit.ts';
import { listen } from '../listen.ts';
import { SendQueues } from '../send-queues.ts';
import { TunnelHandler } from '../tunnel-handler.ts';
import type { ViewerInfo } from '../viewer-info.ts';
import { type RtspAccess, RtspAuthenticator } from './authenticator.ts';
import { Carriers } from './carriers.ts';
import type { RtspClient } from './client.ts';
import { type ConnectionOptions, RtspConnection } from './connection.ts';
import { newRtspCounters, type RtspCounters } from './counters.ts';
import { H264_PAYLOAD_TYPE, H264Track } from './h264-track.ts';
import { JpegTrack, type Recode } from './jpeg-track.ts';
import { MulticastStream } from './multicast.ts';
import { RtspRequests } from './requests.ts';
import { cnameOf, newRtpStream, type Stream, type Track } from './track.ts';
import { Tunnels } from './tunnels.ts';
import { Pacer } from './udp-sender.ts';
import type { CameraFeed } from './video-track.ts';

/** Share of all sessions that one address may have. */
const SESSIONS_SHARE = 1 / 2;
const SWEEP_MS = 1000;
/** Time for the first request of a connection to come, milliseconds. */
const FIRST_REQUEST_MS = 10_000;
/** Time for the last packets to go out when the server stops, milliseconds. */
const GOODBYE_MS = 300;
/** Silence after which TCP asks for the client, milliseconds: one whose machine lost power is noticed although nothing is being sent. */
const KEEP_ALIVE_DELAY_MS = 30_000;
/** Between two tries to begin multicast, milliseconds: the network may not be there yet at boot. */
const MULTICAST_RETRY_MS = 10_000;

/** Where the RTSP server listens, and what it serves. */
export interface RtspServerOptions {
  /** See {@link Endpoint.bind}. */
  readonly bind: string;
  /** See {@link Endpoint.port}. */
  readonly port: number;
  /** See {@link Endpoint.inherited}. */
  readonly inherited?: number | undefined;
  /** Most connections at a time, those of strangers included. */
  readonly maxConnections: number;
  /** Most sessions at a time. */
  readonly maxSessions: number;
  /** The users, and how they may log in; undefined: everybody may play. */
  readonly access: RtspAccess | undefined;
  /** The camera's JPEGs. */
  readonly hub: Hub;
  /** Returns the camera itself, where it gives something else than JPEGs; the hub by default. */
  readonly camera?: (() => CameraFeed) | undefined;
  /** Reads what waits in the kernel for clients; undefined: the server reads it for its own alone. */
  readonly queues?: SendQueues;
  /** What there is to be played; asked at each request. */
  readonly streams: Pick<StreamCatalogue<JpegFeed | H264Feed>, 'byPath' | 'byId' | 'known' | 'all'>;
  readonly recode: Recode;
  /**
   * Returns the tracks beside the picture of a stream, by the id of that. Called once for each stream, when somebody wants it;
   * several streams may have the same track.
   */
  readonly beside?: ((stream: string) => readonly Track[]) | undefined;
  /** Returns the group to which a track goes for clients that ask for multicast, by its name; undefined: there is no multicast of it. */
  readonly multicast: (track: string) => MulticastGroup | undefined;
  /** Name of the camera. */
  readonly name: () => string;
  /** Whether a tunnel whose Host header is this may be ours; see {@link TunnelHandlerOptions.accepts}. */
  readonly acceptsHost?: ((host: string) => boolean) | undefined;
  /** Name of this machine, for RTCP; see {@link cnameOf}. */
  readonly hostname: string;
  /** Descriptors kept for the program itself; undefined: connections are taken as long as there is a descriptor. */
  readonly descriptors?: DescriptorReserve | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The RTSP server (RFC 2326): the camera's streams by RTP, over UDP, the RTSP connection, HTTP or multicast. Constructing is inert. */
export class RtspServer {
  /** What it has counted since it was made. */
  readonly counters: RtspCounters = newRtspCounters();
  readonly #server: Server;
  readonly #connections = new Set<RtspConnection>();
  readonly #requests: RtspRequests;
  readonly #tunnels: Tunnels;
  readonly #tunnelHandler: TunnelHandler;
  readonly #limit: ConnectionLimit;
  readonly #acceptThrottle: LogThrottle;
  readonly #pacer: Pacer;
  readonly #queues: SendQueues;
  /** By the id of the stream, with the source for which each was made: another one's times are not the same. */
  readonly #streams = new Map<string, { readonly source: Hub | H264Source; readonly stream: Stream }>();
  readonly #multicast = new Map<Track, MulticastStream>();
  /** What ends the multicast that the owner asked for, by track. */
  readonly #standing = new Map<string, Cancel>();
  #cancelSweep: Cancel | undefined;
  #cancelUsers: Cancel | undefined;
  #port = 0;

  constructor(private readonly options: RtspServerOptions) {
    const { clock, log, streams } = options;
    const { counters } = this;
    this.#acceptThrottle = new LogThrottle(clock);
    this.#queues = options.queues ?? new SendQueues({ clock });
    this.#pacer = new Pacer(clock, () => this.#camera.fps || (streams.byId(MJPEG.id)?.fps() ?? 0));
    const carriers = new Carriers({
      multicast: (track) => {
        const group = options.multicast(track.name);
        return group && { stream: this.#multicastOf(track), group };
      },
      pacer: this.#pacer,
      clock,
      counters,
    });
    this.#requests = new RtspRequests({
      authenticator: new RtspAuthenticator(options.access, clock, log),
      stream: (path) => {
        const feed = streams.byPath(path);
        return feed && this.#streamOf(feed);
      },
      known: () => streams.known(),
      carriers,
      multicast: (track) => this.#multicast.get(track)?.group,
      mayOpen: (client, session) => (session !== undefined || this.#mayOpen(client)) && options.descriptors?.hasFree() !== false,
      name: options.name,
      counters,
      clock,
      log,
    });
    this.#tunnels = new Tunnels((socket, clientAddress) => this.#open(socket, { clientAddress, tunnelled: true }));
    // Clients that tunnel RTSP through HTTP do so to whatever port they were given.
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS }, (socket) => {
      this.#open(socket).read(socket);
    });
    this.#tunnelHandler = new TunnelHandler(this.#server, {
      event: 'connection',
      take: (request, socket, rest) => this.acceptTunnel(request, socket, rest),
      accepts: ({ headers }) => options.acceptsHost?.(headers.get('host') ?? '') !== false,
      timeoutMs: FIRST_REQUEST_MS,
      clock,
    });
    this.#limit = new ConnectionLimit({
      name: 'RTSP server',
      max: options.maxConnections,
      descriptors: options.descriptors,
      known: options.access?.known,
      isTrusted: (socket) => this.#isTrusted(socket),
      onClosed: () => counters.connectionsRefused++,
      clock,
      log,
    });
    this.#limit.guard(this.#server);
  }

  /**
   * Listens.
   *
   * @throws AppError PORT_TAKEN or BIND_FAILED
   */
  async start(): Promise<void> {
    const { bind, port, inherited, access, log, clock } = this.options;
    this.#port = await listen(this.#server, { bind, port, section: 'rtsp', inherited });
    this.#server.on('error', (error) => this.#acceptThrottle.log((fields) => log.error(`RTSP server: ${error.message}`, fields)));
    this.#cancelSweep = clock.every(SWEEP_MS, () => this.#sweep());
    const users = access?.users;
    this.#cancelUsers = users?.onChange(() => this.#endUnless((user) => users.current(user) !== undefined));
  }

  /** The port it listens on, 0 before; it stays known for requests that are answered while the server stops. */
  get port(): number {
    return this.#port;
  }

  /** Sessions that are set up or playing. */
  get sessions(): number {
    let sum = 0;
    for (const { sessions } of this.#connections) sum += sessions.size;
    return sum;
  }

  /** Returns the clients that play a stream. */
  listViewers(): ViewerInfo[] {
    return [...this.#connections].flatMap(({ sessions, clientAddress: address, user, tunnelled, pace }) =>
      [...sessions.values()].flatMap(({ stream, tracks, since }): ViewerInfo[] => {
        const kind = tracks.find(({ playing }) => playing)?.carrier.kind;
        if (kind === undefined) return [];
        const transport = kind === 'interleaved' ? (tunnelled ? 'http' : 'tcp') : kind;
        return [
          {
            protocol: 'rtsp',
            transport,
            stream: stream.name,
            address,
            user: user?.name,
            since,
            slow: kind === 'interleaved' ? pace.slow : undefined,
          },
        ];
      }),
    );
  }

  /**
   * Takes over a connection of the web server that turned out to be one half of a tunnel.
   *
   * @param rest what came behind the head of its first request
   * @param clientAddress address of the client, where the socket is a proxy's
   */
  acceptTunnel(request: TunnelRequest, socket: Socket, rest: Buffer, clientAddress?: string): void {
    if (this.#limit.admit(socket)) this.#tunnels.accept(request, socket, rest, clientAddress);
    else socket.destroy();
  }

  /** Sends a track, by its name, to a group until {@link stopMulticast}, and tries again for as long as the network does not let us. */
  startMulticast(name: string, group: MulticastGroup): void {
    this.stopMulticast(name);
    const { clock, log } = this.options;
    let ended = false;
    let cancelRetry: Cancel = () => {};
    let release: (() => void) | undefined;
    let told = false;
    const attempt = () => {
      const track = this.#trackNamed(name);
      const begun = track ? this.#multicastOf(track).acquire(group) : Promise.reject(new Error(`there is no stream ${name}`));
      begun.then(
        (leave) => {
          release = leave;
          if (ended) leave();
        },
        (error: Error) => {
          if (ended) return;
          if (!told)
            log.warn(`multicast of ${name} cannot begin: ${error.message}. It is tried again every ${MULTICAST_RETRY_MS / 1000} s.`);
          told = true;
          cancelRetry = clock.after(MULTICAST_RETRY_MS, attempt);
        },
      );
    };
    this.#standing.set(name, () => {
      ended = true;
      cancelRetry();
      release?.();
    });
    attempt();
  }

  /** Ends what {@link startMulticast} began, as far as no client plays it; does nothing where that is nothing. */
  stopMulticast(name: string): void {
    this.#standing.get(name)?.();
    this.#standing.delete(name);
  }

  /** Ends a stream that has ceased to be there, with the connections of the clients that play it. */
  endStream(name: string): void {
    this.stopMulticast(name);
    for (const connection of this.#connections)
      if ([...connection.sessions.values()].some(({ stream }) => stream.name === name)) connection.end('stream gone');
  }

  /** Ends all sessions and connections. */
  stop(): Promise<void> {
    this.#cancelSweep?.();
    this.#cancelUsers?.();
    for (const name of [...this.#standing.keys()]) this.stopMulticast(name);
    this.#tunnelHandler.close();
    this.#tunnels.close();
    for (const connection of this.#connections) {
      connection.end('server stopped');
      connection.socket.destroySoon();
    }
    return new Promise((resolve) => {
      const cancel = this.options.clock.after(GOODBYE_MS, () => {
        for (const connection of this.#connections) connection.socket.destroy();
      });
      this.#server.close(() => {
        cancel();
        resolve();
      });
    });
  }

  #open(socket: Socket, way: Pick<ConnectionOptions, 'clientAddress' | 'tunnelled'> = {}): RtspConnection {
    const { clock, log } = this.options;
    const connection = new RtspConnection({
      socket,
      ...way,
      requests: this.#requests,
      queues: this.#queues,
      clock,
      log,
      onClose: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
    return connection;
  }

  /** Whether the client behind a socket has logged in, or need not. */
  #isTrusted(socket: Socket): boolean {
    for (const connection of this.#connections) if (connection.answersTo(socket)) return connection.authenticated;
    return false;
  }

  /** Whether this client may have another session. */
  #mayOpen({ remoteAddress }: Pick<RtspClient, 'remoteAddress'>): boolean {
    const { maxSessions } = this.options;
    const address = addressKey(remoteAddress);
    let sum = 0;
    let own = 0;
    for (const { sessions, remoteAddress: other } of this.#connections) {
      sum += sessions.size;
      if (sessions.size > 0 && addressKey(other) === address) own += sessions.size;
    }
    return sum < maxSessions && (isHere(address) || own < Math.max(1, maxSessions * SESSIONS_SHARE));
  }

  /** Ends the connections of users who may look no longer. */
  #endUnless(mayLook: (user: User) => boolean): void {
    for (const connection of this.#connections) if (connection.user && !mayLook(connection.user)) connection.end('no longer allowed');
  }

  #sweep(): void {
    for (const connection of this.#connections) {
      for (const ending of connection.sweep()) {
        if (ending === 'stalled') this.counters.sessionsDropped++;
        else this.counters.sessionsTimedOut++;
      }
    }
  }

  get #camera(): CameraFeed {
    return this.options.camera?.() ?? this.options.hub;
  }

  #streamOf(feed: JpegFeed | H264Feed): Stream | 'trying' | undefined {
    const { hub, clock, recode, log, hostname } = this.options;
    const { id, fps } = feed;
    const common = { name: id, cname: cnameOf(hostname), fps, clock };
    if (feed.encoding === 'JPEG')
      return this.#streamFrom(
        hub,
        () => new JpegTrack({ ...common, hub, camera: () => hub, stream: newRtpStream(JPEG_PAYLOAD_TYPE), recode, log }),
        id,
      );
    const encoder = feed.source();
    if (!encoder || encoder === 'trying') return encoder;
    return this.#streamFrom(
      encoder,
      () => new H264Track({ ...common, camera: () => this.#camera, stream: newRtpStream(H264_PAYLOAD_TYPE), encoder }),
      id,
    );
  }

  /** Returns the stream with a picture, made once for each source of it. */
  #streamFrom(source: Hub | H264Source, makePicture: () => Track, id: string): Stream {
    const known = this.#streams.get(id);
    if (known?.source === source) return known.stream;
    const stream = { name: id, tracks: [makePicture(), ...(this.options.beside?.(id) ?? [])] };
    this.#streams.set(id, { source, stream });
    return stream;
  }

  #trackNamed(name: string): Track | undefined {
    for (const feed of this.options.streams.all) {
      const stream = this.#streamOf(feed);
      const track = stream && stream !== 'trying' ? stream.tracks.find((each) => each.name === name) : undefined;
      if (track) return track;
    }
    return undefined;
  }

  #multicastOf(track: Track): MulticastStream {
    const known = this.#multicast.get(track);
    if (known) return known;
    const { bind, log } = this.options;
    const local = bind === '0.0.0.0' || bind === '::' ? undefined : bind;
    const made = new MulticastStream({ track, local, pacer: this.#pacer, counters: this.counters, log });
    this.#multicast.set(track, made);
    return made;
  }
}
