import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { Discovery } from './adapters/discovery.ts';
import { Identity } from './adapters/identity.ts';
import { LazyEndpoint } from './adapters/lazy-endpoint.ts';
import { adaptCamera } from './adapters/media-camera.ts';
import type { OnvifParts } from './adapters/onvif.ts';
import { sessionStore } from './adapters/sessions.ts';
import { Streaming } from './adapters/streaming.ts';
import { loadUsers } from './adapters/users.ts';
import type { Access } from './auth/access.ts';
import { FailureLimiter } from './auth/failure-limiter.ts';
import { HttpAuthenticator } from './auth/http-authenticator.ts';
import { KnownAddresses } from './auth/known-addresses.ts';
import { UsedTokens, type UsedTokensStore } from './auth/used-tokens.ts';
import { Camera } from './camera/camera.ts';
import type { ResolvedSource } from './camera/resolver.ts';
import type { SourceSpec } from './camera/source-spec.ts';
import { findRunningServer, removeRunFile, writeRunFile } from './config/run-file.ts';
import type { Config } from './config/schema.ts';
import type { StateStore } from './config/state.ts';
import type { Clock } from './core/clock.ts';
import { DescriptorReserve } from './core/descriptors.ts';
import { AppError } from './core/errors.ts';
import { removeDrafts } from './core/files.ts';
import type { Logger } from './core/log.ts';
import type { Machine } from './core/machine.ts';
import { formatOrigin, hostOf, type Origin } from './core/origin.ts';
import { Hub } from './hub/hub.ts';
import { type ConnectionBudget, connectionBudget } from './servers/connection-budget.ts';
import { Arrivals } from './servers/http/arrivals.ts';
import { HttpServer } from './servers/http/server.ts';
import { thisBoot } from './system/boot.ts';
import { LinuxMachine } from './system/linux-machine.ts';
import { LocalNames, lanAddress } from './system/local-names.ts';

export interface AppOptions {
  readonly config: Config;
  /** Keys of the settings that the owner set: what persists does not change these. */
  readonly explicit: ReadonlySet<string>;
  /** What `config.camera.source` says. */
  readonly spec: SourceSpec;
  /** What persists in `dataDir`. */
  readonly state: StateStore;
  readonly dataDir: string;
  readonly webDir: string;
  /** Where it is kept which ONVIF logins were used; the same for all that follow each other in one process. */
  readonly usedTokens: UsedTokensStore;
  /** Where the WSDL files are. */
  readonly wsdlDir: string;
  readonly version: string;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** Root of sysfs, "/sys". */
  readonly sysfs: string;
  /** Root of the devices, "/dev". */
  readonly dev: string;
  /** Password of `admin` from the environment; it beats the stored one and is not stored. */
  readonly password: string | undefined;
  /** Called when the camera begins to be used: when somebody watches, or is about to ask by ONVIF. */
  readonly onUse: () => void;
  /** Errors nobody expected, since the start. */
  readonly faults: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The same for every way in: clients keep credentials by realm. */
const REALM = 'onvif-camera';
/** Time for an answer to reach its client. */
const RESTART_DELAY_MS = 500;

/** The program: everything is built here, started in order and stopped in reverse. */
export class App {
  /** The password made at the first start; to be shown once. */
  readonly newPassword: string | undefined;
  readonly #state: StateStore;
  readonly #camera: Camera;
  readonly #hub: Hub;
  readonly #http: HttpServer;
  readonly #streaming: Streaming | undefined;
  readonly #identity: Identity;
  readonly #machine: Machine;
  readonly #onvif: LazyEndpoint;
  readonly #usedTokens: UsedTokens;
  #discovery: Discovery | undefined;
  #askRestart = (): void => {};
  /** Resolves when a client asked to start anew; the one who started the app does it. */
  readonly restartRequested = new Promise<void>((resolve) => {
    this.#askRestart = resolve;
  });
  readonly #budget: ConnectionBudget;
  readonly #localToken = randomBytes(32).toString('base64url');

  /** Throws an AppError if the first password cannot be kept. Nothing runs before {@link start}. */
  constructor(private readonly options: AppOptions) {
    const { config, clock, log } = options;
    this.#state = options.state;
    const { users, newPassword } = loadUsers(this.#state, options.password);
    this.newPassword = newPassword;
    const access: Access = {
      users,
      authenticator: new HttpAuthenticator({ users, clock, realm: REALM }),
      limiter: new FailureLimiter({ clock, users }),
      known: new KnownAddresses(clock),
    };
    /** Whoever watches has to show it; whoever changes something has to in any case. */
    const toWatch = config.auth.enabled ? access : undefined;
    this.#usedTokens = new UsedTokens({
      window: config.auth.clockWindow * 1000,
      store: options.usedTokens,
      boot: thisBoot,
      clock,
      log,
    });
    this.#identity = new Identity(this.#state, config.name, options.explicit.has('name'));
    this.#machine = new LinuxMachine({
      ...{ managed: config.system.manage, root: '/', searchPath: options.searchPath, clock, log },
      mac: { mac: this.#state.state.mac, keep: (mac) => this.#state.update({ mac }) },
    });

    this.#camera = new Camera({
      spec: options.spec,
      settings: this.#cameraSettings(),
      rpicamPath: config.camera.rpicamPath,
      searchPath: options.searchPath,
      workDir: options.dataDir,
      sysfs: options.sysfs,
      dev: options.dev,
      watched: () => this.#hub.watched,
      clock,
      log,
      onFrame: (frame) => this.#hub.publish(frame),
      onReport: (report) => this.#hub.setStatus(report),
    });
    this.#hub = new Hub({
      demand: { start: () => this.#startCamera(), stop: () => void this.#stopCamera(), retry: () => this.#camera.retry() },
      idleTimeout: config.camera.idleTimeout,
      clock,
    });
    const mediaCamera = adaptCamera(this.#camera, this.#hub, (change) =>
      this.#state.update({ camera: { ...this.#state.state.camera, ...change } }),
    );
    const host = hostname().split('.')[0] ?? '';
    const descriptors = new DescriptorReserve();
    this.#budget = connectionBudget(descriptors.forOthers);
    const localNames = new LocalNames({ root: '/', clock });
    const arrivals = new Arrivals({
      trustedProxies: config.http.trustedProxies,
      names: () => ({ ...localNames.read(), allowed: config.http.hosts }),
      ownAddress: () => (isLoopback(config.bind) ? undefined : lanAddress()),
    });
    const streaming = config.rtsp.enabled
      ? new Streaming({
          ...{ config, explicit: options.explicit, state: this.#state, hub: this.#hub, camera: this.#camera, mediaCamera, access: toWatch },
          ...{ port: this.#configuredPort('rtsp'), budget: this.#budget, name: () => this.#identity.name, hostname: host },
          // Without a password, a page elsewhere must not come in under a name of its own.
          acceptsHost: toWatch ? undefined : (name) => arrivals.isOwnHost(name),
          ...{ descriptors, searchPath: options.searchPath, clock, log },
        })
      : undefined;
    this.#streaming = streaming;
    const onvif: OnvifParts = {
      machine: this.#machine,
      state: this.#state,
      identity: this.#identity,
      camera: mediaCamera,
      access,
      open: !config.auth.enabled,
      clockWindow: config.auth.clockWindow,
      usedTokens: this.#usedTokens,
      version: options.version,
      wsdlDir: options.wsdlDir,
      ports: () => ({ http: this.port, rtsp: this.rtspPort }),
      portsFixed: { http: options.explicit.has('http.port'), rtsp: options.explicit.has('rtsp.port') },
      h264: () => streaming?.h264,
      h264Known: async () => streaming?.h264Known(),
      multicast: streaming?.multicast,
      restart: async () => this.#restartSoon(),
      factoryDefault: async (hard) => {
        this.#state.reset(hard);
        this.#restartSoon();
      },
      clock,
      log,
    };
    this.#onvif = new LazyEndpoint(async () => (await import('./adapters/onvif.ts')).composeOnvif(onvif), options.onUse);
    const startedAt = clock.monotonic();
    this.#http = new HttpServer({
      bind: config.bind,
      port: this.#configuredPort('http'),
      webDir: options.webDir,
      maxConnections: this.#budget.http,
      authentication: toWatch && {
        ...toWatch,
        clock,
        log,
        cookieName: `onvif-camera-${this.#state.state.uuid.slice(0, 8)}`,
        localToken: this.#localToken,
        sessions: sessionStore(this.#state),
      },
      onvif: this.#onvif,
      tunnel: streaming && ((...tunnel) => streaming.server.acceptTunnel(...tunnel)),
      arrivals,
      publicName: () => (config.discovery.enabled && this.#identity.discoverable ? this.#identity.name : undefined),
      hub: this.#hub,
      descriptors,
      clock,
      log,
      vitals: () => ({
        name: this.#identity.name,
        version: options.version,
        status: this.#hub.status,
        size: this.#hub.latest ?? askedSize(this.#camera.settings),
        fps: this.#hub.fps,
        uptime: (clock.monotonic() - startedAt) / 1000,
        capture: this.#camera.counters,
        faults: options.faults(),
        rtsp: streaming?.vitals,
      }),
    });
  }

  get port(): number {
    return this.#http.port;
  }

  /** What the addresses of the web server begin with. @param host of this machine, as in a URL */
  originAt(host: string): Origin {
    return this.#http.originAt(host);
  }

  /** Undefined: there is no RTSP. */
  get rtspPort(): number | undefined {
    return this.#streaming?.server.port;
  }

  /**
   * Listens, finds the camera and is ready. Throws an AppError, with nothing left running, if the port is taken or the
   * explicitly chosen camera is not there.
   */
  async start(): Promise<ResolvedSource> {
    const { config, dataDir, log } = this.options;
    if (!config.auth.enabled)
      log.warn('No password is asked to watch: everybody in the network can watch (--auth off). To change something takes a login.');
    if (this.#budget.isTight) log.warn(tightness(this.#budget));
    const other = await findRunningServer(dataDir);
    if (other) {
      const where = `runs with the data directory ${dataDir}, at ${other.url}`;
      throw new AppError('ALREADY_RUNNING', `Another onvif-camera (process ${other.pid}) ${where}.`);
    }
    removeDrafts(dataDir);
    try {
      await this.#usedTokens.open();
      await this.#streaming?.start();
      await this.#http.start();
      this.#writeRunFile();
      const resolved = await this.#camera.resolve();
      this.#hub.setStatus({ ...this.#hub.status, source: resolved.source.description, notices: resolved.notices });
      this.#hub.start();
      await this.#startDiscovery();
      return resolved;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** A camera whose disk is full or read-only serves all the same. */
  #writeRunFile(): void {
    const { config, dataDir, log } = this.options;
    try {
      const url = formatOrigin(this.originAt(localAddress(config.bind)));
      writeRunFile(dataDir, { pid: process.pid, url, rtspPort: this.rtspPort, token: this.#localToken });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const what = 'The camera serves, but changes by clients are refused, and other commands (snapshot, homeassistant) do not find it.';
      log.warn(`${error.message}. ${what} ${error.hint}`, { code: error.code });
    }
  }

  async #startDiscovery(): Promise<void> {
    const { config, clock, log } = this.options;
    if (!config.discovery.enabled || isLoopback(config.bind)) return;
    this.#discovery = new Discovery({
      machine: this.#machine,
      state: this.#state,
      identity: this.#identity,
      port: this.port,
      origin: (host) => this.originAt(host),
      rtspPort: this.rtspPort,
      onFound: () => this.#onvif.warmUp(),
      clock,
      log,
    });
    await this.#discovery.start();
  }

  /** Stops everything; resolves when nothing is left running. */
  async stop(): Promise<void> {
    // Goodbye first: who is told that we go does not ask any more.
    await this.#discovery?.stop();
    await Promise.all([this.#http.stop(), this.#streaming?.stop()]);
    await this.#usedTokens.close();
    await this.#camera.stop();
    removeRunFile(this.options.dataDir, process.pid);
  }

  #startCamera(): void {
    this.options.onUse();
    this.#camera.start();
  }

  async #stopCamera(): Promise<void> {
    this.options.log.info('camera off: nobody is watching');
    await this.#camera.stop();
  }

  /** What clients set beats the defaults, and what the owner set beats both. */
  #cameraSettings(): Config['camera'] {
    const kept = Object.entries(this.#state.state.camera).filter(([key]) => !this.options.explicit.has(`camera.${key}`));
    return { ...this.options.config.camera, ...Object.fromEntries(kept) };
  }

  #configuredPort(server: 'http' | 'rtsp'): number {
    const { config, explicit } = this.options;
    const { httpPort, rtspPort } = this.#state.state.device;
    const kept = server === 'http' ? httpPort : rtspPort;
    return explicit.has(`${server}.port`) ? config[server].port : (kept ?? config[server].port);
  }

  /** The answer to the one who asked goes out first. */
  #restartSoon(): void {
    this.options.clock.after(RESTART_DELAY_MS, this.#askRestart);
  }
}

const tightness = ({ descriptors, http, rtsp }: ConnectionBudget) =>
  `The system leaves this program ${descriptors} open files for its clients, enough for ${http} connections to the page and ${rtsp} by RTSP. ` +
  'For more, raise the limit (LimitNOFILE= of the systemd service, ulimit -Hn of the shell).';

/** A server for this machine alone is not to be announced to others. */
const isLoopback = (bind: string) => /^(127\.|::1$|localhost$)/.test(bind);

/** Where this machine reaches a server that listens on `bind`. */
function localAddress(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1';
  if (bind === '::') return '[::1]';
  return hostOf(bind);
}

/** The size that pictures will have as far as one can tell, so that the page can keep room for them. */
function askedSize({ width, height, rotation }: Pick<Config['camera'], 'width' | 'height' | 'rotation'>): {
  width: number;
  height: number;
} {
  return rotation === 90 || rotation === 270 ? { width: height, height: width } : { width, height };
}
