import type { ResolvedSource } from '../camera/resolver.ts';
import { checkNotRunning, localAddress, removeRunFile, writeRunFile } from '../config/run-file.ts';
import { AppError, EXIT } from '../core/errors.ts';
import { formatOrigin, type Origin } from '../core/origin.ts';
import type { EventBus } from '../device/events.ts';
import type { StreamCatalogue } from '../device/streams.ts';
import type { CameraStatus } from '../frames/stream-state.ts';
import { removeDrafts } from '../platform/files.ts';
import type { HttpServer } from '../servers/http/server.ts';
import { Liveness } from '../streams/liveness.ts';
import { Analysis } from './analysis.ts';
import type { Discovery } from './discovery.ts';
import { makeHttp } from './http.ts';
import { LazyEndpoint } from './lazy-endpoint.ts';
import { isLoopback, tightnessOf } from './network.ts';
import type { AppOptions } from './options.ts';
import { Rtsp } from './rtsp.ts';
import { makeSubsystems, type Subsystems } from './subsystems.ts';

/** Time for the answer to reach its client before a restart. */
const RESTART_DELAY_MS = 500;

/** The program: builds everything, starts it in order and stops it in reverse. */
export class App {
  readonly #own: Subsystems;
  readonly #liveness: Liveness;
  /** Undefined with `rtsp.enabled: false`. */
  readonly #rtsp: Rtsp | undefined;
  readonly #onvif: LazyEndpoint;
  readonly #analysis: Analysis;
  readonly #http: HttpServer;
  #discovery: Discovery | undefined;
  #askRestart = (): void => {};
  /** Resolves when a client has asked for a restart, which is up to the caller: stop this app and start another. */
  readonly restartRequested = new Promise<void>((resolve) => {
    this.#askRestart = resolve;
  });

  /** Builds everything; nothing runs before {@link start}. @throws AppError if the first password cannot be kept */
  constructor(private readonly options: AppOptions) {
    this.#own = makeSubsystems(options, {
      found: (stream) => {
        this.#rtsp?.found(stream);
        this.#own.events.profileChanged(stream);
      },
      gone: (stream) => {
        this.#rtsp?.gone(stream);
        this.#own.events.profileChanged(stream);
      },
    });
    this.#liveness = new Liveness(() => this.#own.capture.progress, options.clock);
    this.#rtsp = options.config.rtsp.enabled ? new Rtsp(options, this.#own) : undefined;
    this.#onvif = this.#makeOnvif();
    this.#analysis = new Analysis(options, this.#own);
    this.#http = makeHttp(options, {
      ...this.#own,
      rtsp: this.#rtsp,
      onvif: this.#onvif,
      analysis: this.#analysis,
      discovery: () => ({ enabled: this.#discovery !== undefined, discoverable: this.#own.identity.discoverable }),
    });
  }

  /** Tells what happens in the camera. */
  get events(): EventBus {
    return this.#own.events.bus;
  }

  /** Port of the web server; the real one where the setting is 0. */
  get port(): number {
    return this.#http.port;
  }

  /** Returns the origin under which the web server is reached. @param host of this machine, as in a URL */
  originAt(host: string): Origin {
    return this.#http.originAt(host);
  }

  /** Port of the RTSP server; undefined where there is none. */
  get rtspPort(): number | undefined {
    return this.#rtsp?.server.port;
  }

  /** The streams that can be watched, in the order in which clients are told of them. */
  get streams(): Pick<StreamCatalogue, 'certain' | 'offered'> {
    return this.#own.streams.catalogue;
  }

  /** State of the camera, and the measured rate in pictures per second. */
  get condition(): Pick<CameraStatus, 'state' | 'error' | 'source'> & { readonly fps: number } {
    const { use, source: pictures } = this.#own.capture;
    const { state, error, source } = use.status;
    return { state, error, source, fps: pictures.fps };
  }

  /** Calls `listener` after every change of {@link condition}, except of the rate. */
  onCondition(listener: () => void): void {
    this.#own.capture.use.watch(listener);
  }

  /** Returns whether the program makes progress, whatever its camera does; see {@link Liveness.check}. */
  isAlive(): boolean {
    return this.#liveness.check();
  }

  /**
   * Listens, finds the camera and announces it. Resolves to the source, or to the reason why there is none yet where the camera is
   * waited for. Rejects with an AppError, with nothing left running, if a port is taken, or the explicitly chosen camera is not
   * there.
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
      // The machine is asked by a program, which nobody has to wait for. What needs none is told before the first request.
      const [resolved] = await Promise.all([this.#findCamera(), this.#own.events.start()]);
      this.#own.capture.use.start();
      this.#analysis.start();
      await this.#startDiscovery();
      return resolved;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops everything; resolves when nothing is left running. */
  async stop(): Promise<void> {
    // Goodbye first: clients that hear it ask no more.
    await this.#discovery?.stop();
    this.#onvif.stop();
    this.#analysis.stop();
    await Promise.all([this.#http.stop(), this.#rtsp?.stop(), this.#own.streams.stop()]);
    this.#own.events.stop();
    await this.#own.login.usedTokens.close();
    await this.#own.capture.stop();
    removeRunFile(this.options.dataDir, process.pid);
  }

  #makeOnvif(): LazyEndpoint {
    const { options } = this;
    const own = {
      ...this.#own,
      multicast: this.#rtsp?.multicast,
      metadata: this.#rtsp?.metadata,
      ports: () => ({ http: this.port, rtsp: this.rtspPort }),
      restart: async () => this.#restartSoon(),
      factoryDefault: async (hard: boolean) => {
        options.state.reset(hard);
        this.#restartSoon();
      },
    };
    return new LazyEndpoint(async () => (await import('./onvif.ts')).makeOnvif(options, own));
  }

  /** Warns of what the owner should know about the settings and the system. */
  #warn(): void {
    const { config, log } = this.options;
    if (!config.auth.enabled)
      log.warn('No password is asked to watch: everybody in the network can watch (--auth off). To change something takes a login.');
    if (config.camera.encoding === 'h264' && !(config.rtsp.enabled && config.h264.enabled)) log.warn(NOBODY_GETS_H264);
    const tightness = tightnessOf(this.#own.network.budget);
    if (tightness !== undefined) log.warn(tightness);
  }

  /** Checks that no other process uses the data directory, and removes what crashes left in it. Throws AppError ALREADY_RUNNING. */
  async #claimDataDir(): Promise<void> {
    const { dataDir } = this.options;
    await checkNotRunning(dataDir);
    removeDrafts(dataDir);
  }

  /** Writes the run file; only warns where it cannot, as a camera whose disk is full or read-only serves all the same. */
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

  /** Finds the camera. Returns the reason where it is missing and waited for: a service runs without, and its page says what is wrong. */
  async #findCamera(): Promise<ResolvedSource | AppError> {
    const { waitsForCamera, log } = this.options;
    const { capture } = this.#own;
    try {
      const resolved = await capture.camera.resolve();
      capture.tell({ source: resolved.source.description, notices: resolved.notices });
      return resolved;
    } catch (error) {
      if (!waitsForCamera || !(error instanceof AppError) || error.exitCode === EXIT.usage) throw error;
      log.error(`${error.message} ${error.hint}`, { code: error.code });
      capture.tell({ state: 'failed', error });
      return error;
    }
  }

  async #startDiscovery(): Promise<void> {
    const { config, state, clock, log } = this.options;
    if (!config.discovery.enabled || isLoopback(config.bind)) return;
    // Read only now: the servers listen already.
    const { Discovery } = await import('./discovery.ts');
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

  /** Asks for a restart after the answer to the present request has gone out. */
  #restartSoon(): void {
    this.options.clock.after(RESTART_DELAY_MS, this.#askRestart);
  }
}

const NOBODY_GETS_H264 =
  'The camera is to give H.264 (camera.encoding: h264), which nobody can have without RTSP and H.264 (rtsp.enabled, h264.enabled): all of it is decoded for MJPEG. Turn those on, or set camera.encoding: mjpeg.';
