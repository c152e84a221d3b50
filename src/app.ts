import { randomBytes } from 'node:crypto';
import { FailureLimiter } from './auth/failure-limiter.ts';
import { generatePassword, type User, UserStore } from './auth/users.ts';
import { logSource, type ResolvedSource, SourceResolver } from './camera/resolver.ts';
import type { Source } from './camera/source.ts';
import type { SourceSpec } from './camera/source-spec.ts';
import { CameraSupervisor } from './camera/supervisor.ts';
import { findRunningServer, removeRunFile, writeRunFile } from './config/run-file.ts';
import type { Config } from './config/schema.ts';
import { StateStore } from './config/state.ts';
import type { Clock } from './core/clock.ts';
import { AppError } from './core/errors.ts';
import type { Logger } from './core/log.ts';
import { Hub } from './hub/hub.ts';
import { HttpServer } from './servers/http/server.ts';

export interface AppOptions {
  readonly config: Config;
  /** What `config.camera.source` says. */
  readonly spec: SourceSpec;
  readonly dataDir: string;
  readonly webDir: string;
  readonly version: string;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** Root of sysfs, "/sys". */
  readonly sysfs: string;
  /** Password of `admin` from the environment; it beats the stored one and is not stored. */
  readonly password: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const ADMIN = 'admin';

/** The program: everything is built here, started in order and stopped in reverse. */
export class App {
  /** The password made at the first start; to be shown once. */
  readonly newPassword: string | undefined;
  readonly #state: StateStore;
  readonly #supervisor: CameraSupervisor;
  readonly #resolver: SourceResolver;
  readonly #hub: Hub;
  readonly #http: HttpServer;
  readonly #localToken = randomBytes(32).toString('base64url');
  #resolved: ResolvedSource | undefined;

  /** Reads the state; throws an AppError if the data directory cannot be used. Nothing runs before {@link start}. */
  constructor(private readonly options: AppOptions) {
    const { config, clock, log } = options;
    this.#state = new StateStore(options.dataDir);
    if (this.#state.putAside) log.error(`The state file was damaged; it is kept as ${this.#state.putAside} and a new one begins.`);
    const { users, newPassword } = config.auth.enabled ? this.#makeUsers() : { users: undefined, newPassword: undefined };
    this.newPassword = newPassword;

    this.#resolver = new SourceResolver(
      {
        spec: options.spec,
        settings: config.camera,
        rpicamPath: config.camera.rpicamPath,
        searchPath: options.searchPath,
        workDir: options.dataDir,
        sysfs: options.sysfs,
      },
      { clock, log },
    );
    this.#supervisor = new CameraSupervisor({
      fps: config.camera.fps,
      resolve: () => this.#resolveSource(),
      clock,
      log,
      onFrame: (frame) => this.#hub.publish(frame),
      onReport: (report) => this.#hub.setStatus({ ...report, notices: [...(this.#resolved?.notices ?? []), ...report.notices] }),
    });
    this.#hub = new Hub({
      demand: { start: () => this.#supervisor.start(), stop: () => void this.#stopCamera() },
      idleTimeout: config.camera.idleTimeout,
      clock,
    });
    const startedAt = clock.monotonic();
    this.#http = new HttpServer({
      bind: config.bind,
      port: config.http.port,
      webDir: options.webDir,
      authentication: users && {
        users,
        limiter: new FailureLimiter(clock),
        clock,
        log,
        cookieName: `onvif-camera-${this.#state.state.uuid.slice(0, 8)}`,
        localToken: this.#localToken,
      },
      hub: this.#hub,
      clock,
      log,
      vitals: () => ({
        name: config.name,
        version: options.version,
        status: this.#hub.status,
        size: this.#hub.latest ?? askedSize(config.camera),
        fps: this.#hub.fps,
        uptime: (clock.monotonic() - startedAt) / 1000,
        capture: this.#supervisor.counters,
      }),
    });
  }

  get port(): number {
    return this.#http.port;
  }

  /**
   * Listens, finds the camera and is ready. Throws an AppError, with nothing left running, if the port is taken or the
   * explicitly chosen camera is not there.
   */
  async start(): Promise<ResolvedSource> {
    const { config, dataDir, log } = this.options;
    if (!config.auth.enabled) log.warn('No password is asked: everybody in the network can watch (--auth off).');
    await this.#http.start();
    try {
      const other = await findRunningServer(dataDir);
      if (other)
        throw new AppError(
          'ALREADY_RUNNING',
          `Another onvif-camera (process ${other.pid}) runs with the data directory ${dataDir}, at ${other.url}.`,
        );
      writeRunFile(dataDir, { pid: process.pid, url: `http://${localAddress(config.bind)}:${this.port}`, token: this.#localToken });
      const { description } = await this.#resolveSource();
      const resolved = this.#resolved as ResolvedSource;
      this.#hub.setStatus({ ...this.#hub.status, source: description, notices: resolved.notices });
      this.#hub.start();
      return resolved;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Stops everything; resolves when nothing is left running. */
  async stop(): Promise<void> {
    await Promise.all([this.#http.stop(), this.#supervisor.stop()]);
    removeRunFile(this.options.dataDir, process.pid);
  }

  async #stopCamera(): Promise<void> {
    this.options.log.info('camera off: nobody is watching');
    await this.#supervisor.stop();
  }

  async #resolveSource(): Promise<Source> {
    const resolved = await this.#resolver.resolve();
    if (resolved !== this.#resolved) {
      this.#resolved = resolved;
      logSource(resolved, this.options.log);
    }
    return resolved.source;
  }

  #makeUsers(): { users: UserStore; newPassword: string | undefined } {
    const stored = this.#state.state.users;
    const { password } = this.options;
    let users: readonly User[] = stored;
    let newPassword: string | undefined;
    if (password !== undefined)
      users = [{ name: ADMIN, password, level: 'Administrator' }, ...stored.filter((user) => user.name !== ADMIN)];
    else if (stored.length === 0) {
      newPassword = generatePassword();
      users = [{ name: ADMIN, password: newPassword, level: 'Administrator' }];
      this.#state.update({ users: [...users] });
    }
    return { users: new UserStore(users), newPassword };
  }
}

/** Where this machine reaches a server that listens on `bind`. */
function localAddress(bind: string): string {
  if (bind === '0.0.0.0') return '127.0.0.1';
  if (bind === '::') return '[::1]';
  return bind.includes(':') ? `[${bind}]` : bind;
}

/** The size that pictures will have as far as one can tell, so that the page can keep room for them. */
function askedSize({ width, height, rotation }: Config['camera']): { width: number; height: number } {
  return rotation === 90 || rotation === 270 ? { width: height, height: width } : { width, height };
}
