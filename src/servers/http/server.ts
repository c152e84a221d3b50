import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { addressKey } from '../../auth/address-key.ts';
import { Recent } from '../../auth/recent.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { type Logger, LogThrottle } from '../../core/log.ts';
import type { Hub } from '../../hub/hub.ts';
import { TunnelDoor, type TunnelTaker } from '../tunnel-door.ts';
import { cameraProblem, sendProblem } from './answers.ts';
import { Authentication, type AuthenticationOptions, holdsOf, userOf } from './authentication.ts';
import { OnvifDoor, type SoapEndpoint } from './onvif.ts';
import { addPublicPages, sameOriginOnly, sendPage } from './pages.ts';
import { sendHealth, sendStatus, type Vitals } from './status.ts';
import { MjpegStreams, STREAM_HEADERS } from './stream.ts';

/** How long a snapshot waits for a picture: a Pi's camera needs 2 s to start, a slow webcam 5 s. */
const SNAPSHOT_TIMEOUT_MS = 10_000;
/** A request's headers, and all of it, must arrive within this: real ones take milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const TIMEOUT_CHECK_MS = 5000;
/** A connection on which nothing moves for this long, neither way, is dropped; streams have a rule of their own. */
const SILENCE_TIMEOUT_MS = 120_000;
const KEEP_ALIVE_DELAY_MS = 30_000;
/** Connections at a time; 800 viewers are more than a Pi's network carries. */
const MAX_CONNECTIONS = 1000;
/** Those who ask for snapshots are remembered up to this number; who is forgotten gets a picture at once. */
const MAX_SNAPSHOT_CLIENTS = 1024;
/** Seconds after which a client may try again when the camera gave no picture. */
const RETRY_AFTER_S = 5;
/** Rates a viewer may ask for. */
const MAX_FPS = 120;
const MIN_FPS = 0.01;

export interface HttpServerOptions {
  readonly bind: string;
  readonly port: number;
  /** Where the page's files are. */
  readonly webDir: string;
  /** Undefined: everybody may look. */
  readonly authentication: AuthenticationOptions | undefined;
  /** Answers SOAP at /onvif/; undefined where there is none. */
  readonly onvif?: SoapEndpoint;
  /** Takes RTSP tunnels; undefined where there is no RTSP. */
  readonly tunnel?: TunnelTaker | undefined;
  /** The machine's name. */
  readonly hostname: string;
  /** What strangers may know the camera by, on the login form; undefined: nothing. */
  readonly publicName: () => string | undefined;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly log: Logger;
  /** Everything about the program except the streams, which are known here. */
  readonly vitals: () => Omit<Vitals, 'viewers' | 'streams'>;
}

/** The web server: page, stream, snapshot, status. Constructing is inert. */
export class HttpServer {
  readonly #streams: MjpegStreams;
  readonly #server: Server;
  readonly #tunnelDoor: TunnelDoor | undefined;
  readonly #throttle: LogThrottle;
  readonly #authentication: Authentication | undefined;
  /** The picture that each who asks for snapshots has, by address and user: asking again at once, he waits for the next one. */
  readonly #seen = new Recent(MAX_SNAPSHOT_CLIENTS, () => ({ sequence: 0 }));

  constructor(private readonly options: HttpServerOptions) {
    this.#streams = new MjpegStreams(options.hub, options.clock);
    this.#throttle = new LogThrottle(options.clock);
    this.#authentication = options.authentication && new Authentication(options.authentication);
    const app = this.#makeApp();
    const onvif = options.onvif && new OnvifDoor(options.onvif, options.hostname, (error) => this.#logFault(error, '/onvif/'));
    const limits = {
      // A viewer whose machine lost power is noticed although nothing is being sent.
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    };
    this.#server = createServer(limits, (req, res) => {
      // A stream never ends; a second request on its connection cannot be answered.
      if (this.#streams.owns(req.socket)) req.socket.destroy();
      else if (!onvif?.takes(req, res)) app(req, res);
    });
    this.#tunnelDoor =
      options.tunnel &&
      new TunnelDoor(this.#server, {
        take: options.tunnel,
        timeoutMs: HEADERS_TIMEOUT_MS,
        maxUndecided: MAX_CONNECTIONS,
        clock: options.clock,
      });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.timeout = SILENCE_TIMEOUT_MS;
  }

  /** Listens. Throws an AppError if the port or the address cannot be used. */
  start(): Promise<void> {
    const { bind, port } = this.options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE';
        const message = taken
          ? `Port ${port} on ${bind} is taken by another program.`
          : `Cannot listen on ${bind} port ${port}: ${error.message}`;
        reject(new AppError(taken ? 'PORT_TAKEN' : 'BIND_FAILED', message, { cause: error }));
      });
      this.#server.listen({ port, host: bind }, () => {
        this.#server.removeAllListeners('error');
        this.#server.on('error', (error) => this.options.log.error(`web server: ${error.message}`));
        resolve();
      });
    });
  }

  /** The port it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends all connections. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#streams.close();
      this.#authentication?.close();
      this.#tunnelDoor?.close();
      this.#server.closeAllConnections();
    });
  }

  #vitals(): Vitals {
    return { ...this.options.vitals(), viewers: this.#streams.viewers, streams: this.#streams.counters };
  }

  #makeApp(): Express {
    const { webDir, publicName } = this.options;
    const authentication = this.#authentication;
    authentication?.onEnd(() => this.#streams.endOutdated());
    const app = express().disable('x-powered-by').set('etag', false).set('query parser', 'simple');
    app.use(securityHeaders(), (req, _res, next) => {
      // Some recorders put a base URL and a path together with a slash too many.
      req.url = req.url.replace(/^\/{2,}/, '/');
      next();
    });
    app.use(sameOriginOnly);
    route(app, '/healthz', { get: (_req, res) => sendHealth(res, this.#vitals()) });
    addPublicPages(app, { webDir, authentication, publicName });
    if (authentication) app.use(authentication.require);

    const page = sendPage(webDir);
    const root: RequestHandler = (req, res, next) => {
      // The addresses of mjpg-streamer, which many programs know.
      if (req.query.action === 'stream') return this.#stream(req, res, next);
      if (req.query.action === 'snapshot') return this.#snapshot(req, res, next);
      page(req, res);
    };
    route(app, ['/', '/index.html'], { get: root });
    route(app, ['/stream.mjpg', '/cam.mjpg'], { get: this.#stream });
    route(app, '/snapshot.jpg', { get: this.#snapshot });
    route(app, '/api/status', { get: (req, res) => sendStatus(req, res, this.#vitals()) });
    route(app, '/metrics', { get: this.#metrics() });
    app.use((req, res) => sendProblem(req, res, 404, { code: 'NOT_FOUND', message: 'There is nothing at this address.' }));
    app.use(this.#onError);
    return app;
  }

  readonly #stream: RequestHandler = (req, res) => {
    const { hub, log } = this.options;
    const fps = req.query.fps === undefined ? undefined : Number(req.query.fps);
    if (fps !== undefined && !(fps >= MIN_FPS && fps <= MAX_FPS)) {
      sendProblem(req, res, 400, { code: 'BAD_FPS', message: `fps must be a number from ${MIN_FPS} to ${MAX_FPS}.` });
      return;
    }
    if (req.method === 'HEAD') {
      res.set(STREAM_HEADERS).end();
      return;
    }
    if (hub.status.state === 'failed') {
      // Asking keeps the camera wanted, so that it is tried again.
      hub.lease()();
      res.set('Retry-After', String(RETRY_AFTER_S));
      sendProblem(req, res, 503, cameraProblem(hub.status.error));
      return;
    }
    // Its connection is gone, carries a stream already, or has earlier requests to answer first.
    if (req.socket.destroyed || this.#streams.owns(req.socket) || res.socket !== req.socket) {
      req.socket.destroy();
      return;
    }
    const viewer = req.socket.remoteAddress;
    const began = this.options.clock.monotonic();
    log.debug('viewer came', { viewer, viewers: this.#streams.viewers + 1 });
    this.#streams.add(req.socket, { fps, advance: req.query.advance === '1', holds: holdsOf(res) }, () =>
      log.debug('viewer left', {
        viewer,
        viewers: this.#streams.viewers,
        seconds: Math.round((this.options.clock.monotonic() - began) / 1000),
      }),
    );
  };

  readonly #snapshot: RequestHandler = async (req, res) => {
    res.set({ 'Cache-Control': 'no-store', 'Cross-Origin-Resource-Policy': 'cross-origin' });
    if (req.method === 'HEAD') {
      res.type('image/jpeg').end();
      return;
    }
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    const seen = this.#seen.of(`${addressKey(req.socket.remoteAddress ?? '')} ${userOf(res)?.name ?? ''}`);
    const { hub } = this.options;
    const frame = (await hub.following(seen.sequence, gone.signal)) ?? (await hub.current(SNAPSHOT_TIMEOUT_MS, gone.signal));
    if (gone.signal.aborted) return;
    if (!frame) {
      res.set('Retry-After', String(RETRY_AFTER_S));
      sendProblem(req, res, 503, cameraProblem(hub.status.error));
      return;
    }
    seen.sequence = frame.sequence;
    res.set({ 'Content-Type': 'image/jpeg', 'Content-Length': String(frame.size), 'X-Timestamp': (frame.capturedAt / 1000).toFixed(3) });
    res.end(frame.jpeg);
  };

  #metrics(): RequestHandler {
    let collect: Promise<() => Promise<{ type: string; text: string }>> | undefined;
    return async (_req, res) => {
      // Loaded at the first scrape: most installations never have one.
      collect ??= import('./metrics.ts').then(({ makeMetrics }) => makeMetrics(() => this.#vitals()));
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

/** The client's fault (express and its parsers say so in `status`, Node's parser in `code`), or ours. */
function statusOf(error: unknown): number {
  const { status, code } = (error ?? {}) as { status?: unknown; code?: unknown };
  // What cannot be read of a connection also ends the answer that is on its way there, which then has this error.
  if (typeof code === 'string' && code.startsWith('HPE_')) return 400;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

/** Registers a path with its methods: HEAD follows GET, OPTIONS lists them, all others get 405. */
function route(app: Express, path: string | string[], handlers: { get: RequestHandler }): void {
  app.get(path, handlers.get);
  app.all(path, (req, res) => {
    res.set('Allow', 'GET, HEAD, OPTIONS');
    if (req.method === 'OPTIONS') res.status(204).end();
    else sendProblem(req, res, 405, { code: 'METHOD_NOT_ALLOWED', message: `${req.method} is not possible here.` });
  });
}

/** helmet's headers, without those that only make sense behind TLS: a camera in a home network speaks plain HTTP. */
const securityHeaders = () =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'blob:', 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'self'"],
      },
    },
    // Not "no-referrer": with that, browsers send `Origin: null` with the login form.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: false,
    originAgentCluster: false,
    crossOriginOpenerPolicy: false,
  });
