import type { ResolvedSource } from '../camera/resolver.ts';
import { checkNotRunning, localAddress, removeRunFile, writeRunFile } from '../config/run-file.ts';
import { AppError, EXIT } from '../core/errors.ts';
import { removeDrafts } from '../core/files.ts';
import { formatOrigin, type Origin } from '../core/origin.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import type { HttpServer } from '../servers/http/server.ts';
import { Liveness } from '../streams/liveness.ts';
import { Discovery } from './discovery.ts';
import { makeHttp } from './http.ts';
import { LazyEndpoint } from './lazy-endpoint.ts';
import { isLoopback, tightnessOf } from './network.ts';
import type { AppOptions } from './options.ts';
import { Rtsp } from './rtsp.ts';
import { makeSubsystems, type Subsystems } from './subsystems.ts';

/** Time for an answer to reach its client. */
const RESTART_DELAY_MS = 500;

/** The program: everything is built here, started in order and stopped in reverse. */
export class App {
  readonly #own: Subsystems;
  readonly #liveness: Liveness;
  /** Undefined: the owner wants no RTSP. */
  readonly #rtsp: Rtsp | undefined;
  readonly #onvif: LazyEndpoint;
  readonly #http: HttpServer;
  #discovery: Discovery | undefined;
  #askRestart = (): void => {};
  /** Resolves when a client asked to start anew; the one who started the app does it. */
  readonly restartRequested = new Promise<void>((resolve) => {
    this.#askRestart = resolve;
  });

  /** Throws an AppError if the first password cannot be kept. Nothing runs before {@link start}. */
  constructor(private readonly options: AppOptions) {
    this.#own = makeSubsystems(options, {
      found: (stream) => this.#rtsp?.found(stream),
      gone: (stream) => this.#rtsp?.gone(stream),
    });
    this.#liveness = new Liveness(this.#own.capture.hub, options.clock);
    this.#rtsp = options.config.rtsp.enabled ? new Rtsp(options, this.#own) : undefined;
    this.#onvif = this.#makeOnvif();
    this.#http = makeHttp(options, {
      ...this.#own,
      rtsp: this.#rtsp,
      onvif: this.#onvif,
      discovery: () => ({ enabled: this.#discovery !== undefined, discoverable: this.#own.identity.discoverable }),
    });
  }

  /** The password made at the first start; to be shown once. */
  get newPassword(): string | undefined {
    return this.#own.login.newPassword;
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
    return this.#rtsp?.server.port;
  }

  /** How the camera is, and how many pictures come per second. */
  get condition(): Pick<CameraStatus, 'state' | 'error' | 'source'> & { readonly fps: number } {
    const { hub } = this.#own.capture;
    const { state, error, source } = hub.status;
    return { state, error, source, fps: hub.fps };
  }

  /** Hears of every change of {@link condition}, the rate left aside. */
  onCondition(listener: () => void): void {
    this.#own.capture.hub.watch(listener);
  }

  /** Whether the program gets on, however its camera is; see {@link Liveness.check}. */
  isAlive(): boolean {
    return this.#liveness.check();
  }

  /**
   * Listens, finds the camera and is ready. Throws an AppError, with nothing left running, if the port is taken or the
   * explicitly chosen camera is not there; where it is waited for, resolves with the reason.
   */
  async start(): Promise<ResolvedSource | AppError> {
    this.#warn();
    await this.#claimDataDir();
    try {
      await this.#own.login.usedTokens.open();
      await this.#rtsp?.start();
      await this.#own.streams.start();
      await this.#http.start();
      this.#writeRunFile();
      const resolved = await this.#findCamera();
      this.#own.capture.hub.start();
      await this.#startDiscovery();
      return resolved;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops everything; resolves when nothing is left running. */
  async stop(): Promise<void> {
    // Goodbye first: who is told that we go does not ask any more.
    await this.#discovery?.stop();
    await Promise.all([this.#http.stop(), this.#rtsp?.stop(), this.#own.streams.stop()]);
    await this.#own.login.usedTokens.close();
    await this.#own.capture.camera.stop();
    removeRunFile(this.options.dataDir, process.pid);
  }

  #makeOnvif(): LazyEndpoint {
    const { options } = this;
    const own = {
      ...this.#own,
      multicast: this.#rtsp?.multicast,
      ports: () => ({ http: this.port, rtsp: this.rtspPort }),
      restart: async () => this.#restartSoon(),
      factoryDefault: async (hard: boolean) => {
        options.state.reset(hard);
        this.#restartSoon();
      },
    };
    return new LazyEndpoint(async () => (await import('./onvif.ts')).makeOnvif(options, own));
  }

  /** What the owner should know of his settings and his system. */
  #warn(): void {
    const { config, log } = this.options;
    if (!config.auth.enabled)
      log.warn('No password is asked to watch: everybody in the network can watch (--auth off). To change something takes a login.');
    const tightness = tightnessOf(this.#own.network.budget);
    if (tightness !== undefined) log.warn(tightness);
  }

  /** Throws AppError ALREADY_RUNNING where another process has the data directory. */
  async #claimDataDir(): Promise<void> {
    const { dataDir } = this.options;
    await checkNotRunning(dataDir);
    removeDrafts(dataDir);
  }

  /** A camera whose disk is full or read-only serves all the same. */
  #writeRunFile(): void {
    const { config, dataDir, log } = this.options;
    try {
      const url = formatOrigin(this.originAt(localAddress(config.bind)));
      writeRunFile(dataDir, { pid: process.pid, url, rtspPort: this.rtspPort, token: this.#own.login.localToken });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const what = 'The camera serves, but changes by clients are refused, and other commands (snapshot, homeassistant) do not find it.';
      log.warn(`${error.message}. ${what} ${error.hint}`, { code: error.code });
    }
  }

  /** A camera that is not there may come: to a service whose page says what is wrong, rather than to one that has ended. */
  async #findCamera(): Promise<ResolvedSource | AppError> {
    const { waitsForCamera, log } = this.options;
    const { camera, hub } = this.#own.capture;
    try {
      const resolved = await camera.resolve();
      hub.setStatus({ ...hub.status, source: resolved.source.description, notices: resolved.notices });
      return resolved;
    } catch (error) {
      if (!waitsForCamera || !(error instanceof AppError) || error.exitCode === EXIT.usage) throw error;
      log.error(`${error.message} ${error.hint}`, { code: error.code });
      hub.setStatus({ ...hub.status, state: 'failed', error });
      return error;
    }
  }

  async #startDiscovery(): Promise<void> {
    const { config, state, clock, log } = this.options;
    if (!config.discovery.enabled || isLoopback(config.bind)) return;
    this.#discovery = new Discovery({
      machine: this.#own.machine,
      state,
      identity: this.#own.identity,
      port: this.port,
      origin: (host) => this.originAt(host),
      rtspPort: this.rtspPort,
      onFound: () => this.#onvif.warmUp(),
      clock,
      log,
    });
    await this.#discovery.start();
  }

  /** The answer to the one who asked goes out first. */
  #restartSoon(): void {
    this.options.clock.after(RESTART_DELAY_MS, this.#askRestart);
  }
}
