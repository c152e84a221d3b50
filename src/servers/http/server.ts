import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';
import { type AccessClass, isFree, mayAccess } from '../../auth/access.ts';
import type { Clock } from '../../core/clock.ts';
import { type Logger, LogThrottle } from '../../core/log.ts';
import type { Origin } from '../../core/origin.ts';
import { SNAPSHOT_PATH } from '../../device/stream-names.ts';
import type { DescriptorReserve } from '../../platform/descriptors.ts';
import type { TunnelRequest } from '../../protocols/rtsp/tunnel.ts';
import type { Hub } from '../../streams/hub.ts';
import { ConnectionLimit } from '../connection-limit.ts';
import { listen } from '../listen.ts';
import type { SendQueues } from '../send-queues.ts';
import { TunnelHandler } from '../tunnel-handler.ts';
import { securityHeaders, sendProblem } from './answers.ts';
import type { EventsApiOptions } from './api/events.ts';
import { addApi } from './api/routes.ts';
import type { Arrivals } from './arrivals.ts';
import { Authentication, type AuthenticationOptions, levelOf } from './authentication.ts';
import { BodyReader, hasBody } from './body-reader.ts';
import { HostGuard } from './host-guard.ts';
import { inTurn } from './in-turn.ts';
import { OnvifHandler, type SoapEndpoint } from './onvif.ts';
import { PageFiles } from './page-files.ts';
import { addPublicPages, sendPage } from './pages.ts';
import { isPicture, PictureHandlers, STREAM_PATHS } from './picture-handlers.ts';
import { Routes } from './routes.ts';
import { sendHealth, sendStatus, type Vitals } from './status.ts';
import { type Scaler, StreamSizes } from './stream-sizes.ts';

/** A request's headers, and all of it, must arrive within this: real ones take milliseconds. Bodies that are read have less time. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 20_000;
const TIMEOUT_CHECK_MS = 5000;
/** A connection on which nothing moves for this long, neither way, is dropped; streams have a rule of their own. */
const SILENCE_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_DELAY_MS = 30_000;

/** Where the web server listens, and what it serves. */
export interface HttpServerOptions {
  /** See {@link Endpoint.bind}. */
  readonly bind: string;
  /** See {@link Endpoint.port}. */
  readonly port: number;
  /** See {@link Endpoint.inherited}. */
  readonly inherited?: number | undefined;
  /** Folder of the page's files. */
  readonly webDir: string;
  /** Most connections at a time. */
  readonly maxConnections: number;
  /** Whether many clients share an address, as behind a proxy; given as the socket has it. Undefined: none is. */
  readonly isShared?: (address: string) => boolean;
  readonly authentication: AuthenticationOptions;
  /** Whether everybody may look without a login; changes need one all the same. */
  readonly open: boolean;
  /** Answers SOAP at /onvif/; undefined where there is none. */
  readonly onvif?: SoapEndpoint;
  /**
   * Takes over a connection whose first request is one half of an RTSP tunnel; undefined where there is no RTSP.
   *
   * @param rest what came behind its head
   * @param clientAddress address of the client, also where the socket is a trusted proxy's
   */
  readonly tunnel?: ((request: TunnelRequest, socket: Socket, rest: Buffer, clientAddress: string) => void) | undefined;
  /** What tells where requests come from, and under which names of ours. */
  readonly arrivals: Arrivals;
  /** What strangers may know the camera by, on the login form; undefined: nothing. */
  readonly publicName: () => string | undefined;
  readonly hub: Hub;
  readonly events: EventsApiOptions;
  /** Reads what waits in the kernel for viewers; undefined: the server reads it for its own alone. */
  readonly queues?: SendQueues;
  /** What makes smaller pictures for viewers that ask for them. */
  readonly scaler: Scaler;
  /** Descriptors kept for the program itself; undefined: connections are taken as long as there is a descriptor. */
  readonly descriptors?: DescriptorReserve;
  readonly clock: Clock;
  readonly log: Logger;
  /** Everything about the program except what the server itself knows. */
  readonly vitals: () => Omit<Vitals, 'viewers' | 'streams' | 'connectionsClosed'>;
}

/** The web server: page, stream, snapshot, status. Constructing is inert. */
export class HttpServer {
  readonly #streams: StreamSizes;
  readonly #server: Server;
  readonly #tunnelHandler: TunnelHandler | undefined;
  readonly #limit: ConnectionLimit;
  readonly #bodies: BodyReader;
  /** Connections on which somebody has logged in. */
  readonly #trusted = new WeakSet<Socket>();
  readonly #throttle: LogThrottle;
  readonly #login: Authentication;
  /** What asks those who only look for a login; undefined: nothing does. */
  readonly #authentication: Authentication | undefined;
  readonly #acceptThrottle: LogThrottle;
  readonly #hosts: HostGuard;
  #connectionsClosed = 0;
  #port = 0;

  constructor(private readonly options: HttpServerOptions) {
    const { arrivals, tunnel, clock, log } = options;
    const isShared = (address: string) => arrivals.isTrustedProxy(address);
    this.#streams = new StreamSizes(options.hub, options.scaler.scale, clock, options.queues && { queues: options.queues, log });
    this.#throttle = new LogThrottle(clock);
    this.#acceptThrottle = new LogThrottle(clock);
    this.#login = new Authentication(options.authentication, arrivals);
    this.#authentication = options.open ? undefined : this.#login;
    this.#hosts = new HostGuard({ arrivals, clock, log });
    this.#bodies = new BodyReader(clock, isShared);
    this.#limit = new ConnectionLimit({
      name: 'web server',
      max: options.maxConnections,
      descriptors: options.descriptors,
      known: options.open ? undefined : options.authentication.known,
      isShared,
      isTrusted: (socket) => this.#trusted.has(socket) || this.#streams.owns(socket),
      onClosed: () => this.#connectionsClosed++,
      clock,
      log,
    });
    const timeouts = {
      // A viewer whose machine lost power is noticed although nothing is being sent.
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    };
    this.#server = createServer(timeouts);
    this.#server.timeout = SILENCE_TIMEOUT_MS;
    // What an answer left in the kernel's queue goes with a reset alone.
    this.#server.on('timeout', (socket) => (socket.writableLength > 0 ? socket.resetAndDestroy() : socket.destroy()));
    this.#tunnelHandler =
      tunnel &&
      new TunnelHandler(this.#server, {
        event: 'connection',
        take: (request, socket, rest) => {
          this.#limit.release(socket);
          tunnel(request, socket, rest, arrivals.clientAddress({ socket, headers: headersOf(request) }));
        },
        accepts: (request, socket) => !options.open || arrivals.hostOf({ socket, headers: headersOf(request) }).verdict === 'ours',
        timeoutMs: HEADERS_TIMEOUT_MS,
        clock,
      });
    this.#limit.guard(this.#server);
  }

  /**
   * Listens.
   *
   * @throws AppError PORT_TAKEN, BIND_FAILED or PAGE_MISSING
   */
  async start(): Promise<void> {
    const { bind, port, inherited, webDir, log } = this.options;
    this.#server.on('request', this.#makeListener(PageFiles.read(webDir)));
    this.#port = await listen(this.#server, { bind, port, section: 'http', inherited });
    this.#server.on('error', (error) => this.#acceptThrottle.log((fields) => log.error(`web server: ${error.message}`, fields)));
  }

  /** The port it listens on, 0 before; it stays known for requests that are answered while the server stops. */
  get port(): number {
    return this.#port;
  }

  /** What the addresses of this server begin with. @param host of this machine, as in a URL */
  originAt(host: string): Origin {
    return { scheme: 'http', host, port: this.port };
  }

  /** Ends all connections. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#streams.close();
      this.#login.close();
      this.#tunnelHandler?.close();
      this.#bodies.close();
      this.#server.closeAllConnections();
    });
  }

  #vitals(): Vitals {
    return {
      ...this.options.vitals(),
      viewers: this.#streams.viewers,
      streams: this.#streams.counters,
      connectionsClosed: this.#connectionsClosed,
    };
  }

  #makeListener(files: PageFiles): (req: IncomingMessage, res: ServerResponse) => void {
    const { onvif: endpoint, arrivals, open } = this.options;
    const app = this.#makeApp(files);
    const onvif =
      endpoint &&
      new OnvifHandler(endpoint, this.#bodies, {
        arrivals,
        hosts: open ? this.#hosts : undefined,
        onError: (error) => this.#logFault(error, '/onvif/'),
      });
    const answer = inTurn((req, res) => {
      if (!onvif?.takes(req, res)) app(req, res);
    });
    return (req, res) => {
      // A stream never ends; a second request on its connection cannot be answered.
      if (this.#streams.owns(req.socket)) req.socket.destroy();
      else answer(req, res);
    };
  }

  #makeApp(files: PageFiles): Express {
    const { hub, arrivals, publicName, clock, log } = this.options;
    const authentication = this.#authentication;
    authentication?.onEnd(() => this.#streams.endOutdated());
    const app = express().disable('x-powered-by').set('etag', false).set('query parser', 'simple');
    app.use(securityHeaders(), (req, res, next) => {
      // Some recorders put a base URL and a path together with a slash too many.
      req.url = req.url.replace(/^\/{2,}/, '/');
      // What nobody reads of a body would be taken in to its end, however long that is.
      if (hasBody(req)) res.set('Connection', 'close');
      next();
    });
    const routes = new Routes(app, this.#guard);
    // In front of the login.
    new Routes(app, () => undefined).add('/healthz', {
      get: { access: 'PRE_AUTH', handle: (_req, res) => sendHealth(res, this.#vitals()) },
    });
    // With a password to show, programs may ask for pictures under any name: behind one that leads here, nobody else's
    // page has it. Without one, whoever is led here sees them.
    const free = (req: Request) => authentication !== undefined && isPicture(req);
    app.use((req, res, next) => {
      if (free(req) || this.#hosts.lets(req, res)) next();
    });
    app.use((req, res, next) => {
      if (!arrivals.isFromOtherSite(req)) next();
      else sendProblem(req, res, 403, { code: 'CROSS_ORIGIN', message: 'This request comes from another site.' });
    });
    addPublicPages(app, { files, bodies: this.#bodies, authentication, publicName });
    app.use(...(authentication ? [authentication.require, this.#trust] : [this.#login.noticeLocal]));

    const { stream, snapshot } = new PictureHandlers(this.#streams, this.options);
    const page = sendPage(files);
    const root: RequestHandler = (req, res, next) => {
      // The addresses of mjpg-streamer, which many programs know.
      if (req.query.action === 'stream') return stream(req, res, next);
      if (req.query.action === 'snapshot') return snapshot(req, res, next);
      page(req, res);
    };
    routes.add(['/', '/index.html'], { get: { access: 'READ_MEDIA', handle: root } });
    routes.add(STREAM_PATHS, { get: { access: 'READ_MEDIA', handle: stream } });
    routes.add(SNAPSHOT_PATH, { get: { access: 'READ_MEDIA', handle: snapshot } });
    routes.add('/api/status', {
      get: { access: 'READ_MEDIA', handle: (req, res) => sendStatus(res, this.#vitals(), arrivals.baseOf(req)) },
    });
    addApi(routes, {
      ...{ hub, arrivals, clock, log, users: this.options.authentication.users, bodies: this.#bodies },
      vitals: () => this.#vitals(),
      viewers: () => this.#streams.listViewers(),
      events: this.options.events,
    });
    routes.add('/metrics', { get: { access: 'READ_SYSTEM', handle: this.#metrics() } });
    app.use((req, res) => sendProblem(req, res, 404, { code: 'NOT_FOUND', message: 'There is nothing at this address.' }));
    app.use(this.#onError);
    return app;
  }

  /**
   * Returns what checks the access to something of a class, behind the login where one is needed to look; undefined where
   * everybody who comes so far has it.
   */
  readonly #guard = (access: AccessClass): RequestHandler | undefined => {
    const { open } = this.options;
    if (open ? isFree(access, { open }) : mayAccess('User', access)) return undefined;
    const check: RequestHandler = (req, res, next) => {
      if (mayAccess(levelOf(res), access)) next();
      else sendProblem(req, res, 403, { code: 'FORBIDDEN', message: 'This user may not do that.', hint: 'Log in as an Administrator.' });
    };
    return open ? (req, res, next) => this.#login.require(req, res, () => check(req, res, next)) : check;
  };

  readonly #trust: RequestHandler = (req, _res, next) => {
    this.#trusted.add(req.socket);
    next();
  };

  #metrics(): RequestHandler {
    let collect: Promise<() => Promise<{ type: string; text: string }>> | undefined;
    return async (_req, res) => {
      // Loaded at the first scrape: most installations never have one.
      collect ??= import('./metrics.ts').then(({ makeMetrics }) => makeMetrics(() => this.#vitals(), this.options.events));
      const { type, text } = await (await collect)();
      res.set('Content-Type', type).send(text);
    };
  }

  #logFault(error: unknown, path: string): void {
    const { log } = this.options;
    this.#throttle.log((fields) => log.error(`web server: ${error instanceof Error ? error.stack : String(error)}`, { path, ...fields }));
  }

  readonly #onError: ErrorRequestHandler = (error: unknown, req, res, next) => {
    const status = statusOf(error);
    if (status === 500) this.#logFault(error, req.path);
    if (res.headersSent) next(error);
    else if (status === 500)
      sendProblem(req, res, 500, { code: 'INTERNAL', message: 'Something went wrong here; the log has the details.' });
    else sendProblem(req, res, status, { code: 'BAD_REQUEST', message: 'The request cannot be understood.' });
  };
}

/** The headers of a tunnel's first request as Node has those of others, as far as they tell where it comes from. */
const headersOf = ({ headers }: TunnelRequest): IncomingHttpHeaders => ({
  host: headers.get('host'),
  'x-forwarded-for': headers.get('x-forwarded-for'),
  'x-forwarded-host': headers.get('x-forwarded-host'),
});

/** HTTP status of an error: the client's fault (express and its parsers say so in `status`, Node's parser in `code`), or ours. */
function statusOf(error: unknown): number {
  const { status, code } = (error ?? {}) as { status?: unknown; code?: unknown };
  // What cannot be read of a connection also ends the answer that is on its way there, which then has this error.
  if (typeof code === 'string' && code.startsWith('HPE_')) return 400;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
