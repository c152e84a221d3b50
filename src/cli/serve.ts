import { App } from '../app/app.ts';
import type { ResolvedSource } from '../camera/resolver.ts';
import { checkNotRunning } from '../config/run-file.ts';
import { StateStore } from '../config/state.ts';
import { lockState } from '../config/state-lock.ts';
import { UsedTokensFile } from '../config/used-tokens-file.ts';
import { type BackoffPolicy, backoffDelay } from '../core/backoff.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { AppError, EXIT, messageOf } from '../core/errors.ts';
import { Faults, guardedClock } from '../core/faults.ts';
import { formatOrigin } from '../core/origin.ts';
import { pause } from '../core/pause.ts';
import { visible } from '../core/terminal.ts';
import { MJPEG, SNAPSHOT_PATH } from '../device/stream-names.ts';
import { inheritedSockets } from '../platform/service/inherited-sockets.ts';
import { ServiceManager } from '../platform/service/service-manager.ts';
import { addresses } from './addresses.ts';
import { AdminPassword } from './admin-password.ts';
import { atBoot, ownCommand } from './at-boot.ts';
import type { Arguments } from './command.ts';
import type { Context } from './context.ts';
import { chooseNamedPorts } from './named-ports.ts';
import { type Prepared, prepare } from './prepare.ts';

/** Longest wait for another process that has the state and is being stopped. */
const LOCK_WAIT_MS = 10_000;
/** Between tries of a restart that failed: soon, as a port may be free in a moment, and then once a minute. */
const RETRY: BackoffPolicy = { firstMs: 1000, maxMs: 60_000 };

/** `onvif-camera serve`: runs the camera until the program is asked to stop. */
export async function serve(args: Arguments, context: Context): Promise<number> {
  const prepared = await prepare(args, context);
  const unlock = await lock(prepared, context);
  try {
    return await serveUntilStopped(prepared, context);
  } finally {
    unlock();
  }
}

/** Locks the state for this process; waits for another one that is ending, or changing a user. @throws AppError ALREADY_RUNNING */
async function lock({ dataDir }: Prepared, { stopRequested }: Context): Promise<() => void> {
  const first = await lockState(dataDir, 0);
  if (typeof first === 'function') return first;
  await checkNotRunning(dataDir);
  const stop = new AbortController();
  void stopRequested.then(() => stop.abort());
  const second = await lockState(dataDir, LOCK_WAIT_MS, stop.signal);
  if (typeof second === 'function') return second;
  await checkNotRunning(dataDir);
  throw new AppError('ALREADY_RUNNING', `Another onvif-camera (process ${second.pid}) keeps the state in ${dataDir}.`);
}

async function serveUntilStopped(prepared: Prepared, context: Context): Promise<number> {
  const { log } = prepared;
  const faults = new Faults(log, systemClock);
  context.onFault(faults.take);
  const stopping = new AbortController();
  const clock = guardedClock(systemClock, faults.take);
  let running: App | undefined;
  const manager = new ServiceManager({
    ...{ env: context.env, pid: process.pid, searchPath: prepared.searchPath, clock, log },
    status: () => (running ? serviceState(running, prepared.config.bind) : 'Starting'),
    alive: () => running?.isAlive() ?? true,
  });
  const adminPassword = new AdminPassword(prepared, context);
  const lasting: Lasting = {
    onRunning: (app) => {
      running = app;
      manager.ready();
      app.onCondition(() => manager.changed());
    },
    waitsForCamera: manager.isThere,
    // Read once, so that a restart needs no disk.
    state: openState(prepared),
    usedTokens: new UsedTokensFile(prepared.dataDir),
    adminPassword,
    clock,
    faults,
    stopping: stopping.signal,
    stopRequested: context.stopRequested.then((signal) => {
      manager.stopping();
      stopping.abort(signal);
    }),
  };
  // A client may ask for a restart (SystemReboot): everything is built anew, in this process.
  let ports: Ports = { http: prepared.config.http.port, rtsp: prepared.config.rtsp.port };
  let restarts = 0;
  let failures = 0;
  while (!stopping.signal.aborted) {
    try {
      ports = await serveOnce(prepared, context, ports, lasting);
      failures = 0;
      restarts++;
      // The sockets were closed with the servers: systemd, which has them too, starts the program anew.
      if (hasInheritedSockets(context)) break;
    } catch (error) {
      adminPassword.showWithoutBanner();
      // The first start may fail, as somebody reads why; later on, a program that ends is a camera that is gone.
      if (restarts === 0) throw error;
      failures++;
      const delay = backoffDelay(RETRY, failures);
      const hint = error instanceof AppError ? ` ${error.hint}` : '';
      log.error(`the restart failed: ${messageOf(error)}${hint}`, { retryInSeconds: Math.round(delay / 1000) });
      // Nothing else would keep the process alive.
      const alive = setInterval(() => {}, RETRY.maxMs);
      await pause(systemClock, delay, stopping.signal);
      clearInterval(alive);
    }
  }
  return EXIT.ok;
}

const hasInheritedSockets = ({ env }: Context) => Object.keys(inheritedSockets(env, process.pid)).length > 0;

/** What the apps share that this process builds one after the other. */
interface Lasting {
  /** Called when an app has started. */
  readonly onRunning: (app: App) => void;
  /** See {@link AppOptions.waitsForCamera}. */
  readonly waitsForCamera: boolean;
  readonly state: StateStore;
  readonly usedTokens: UsedTokensFile;
  readonly adminPassword: AdminPassword;
  readonly clock: Clock;
  readonly faults: Faults;
  /** Fires with the name of the signal that stops the program. */
  readonly stopping: AbortSignal;
  /** Resolves when {@link stopping} fires. */
  readonly stopRequested: Promise<void>;
}

function openState({ dataDir, ofService, instance, config, explicit, log }: Prepared): StateStore {
  const state = ofService ? stateOfService(dataDir) : new StateStore(dataDir);
  if (state.putAside) log.error(`The state file was damaged; it is kept as ${state.putAside} and a new one begins.`);
  for (const warning of state.warnings) log.warn(warning);
  if (instance !== undefined) chooseNamedPorts({ instance, config, explicit, state, log });
  return state;
}

/** Opens the state of the service; where this user may not, says that it is the service's, and what to do instead. */
function stateOfService(dataDir: string): StateStore {
  try {
    return new StateStore(dataDir);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'DATA_DIR') throw error;
    throw new AppError(error.code, error.message, {
      hint:
        'It is that of the service of this machine: `onvif-camera service status` shows how it is. To try options, stop it and start the ' +
        'camera as its user (`sudo -u onvif-camera onvif-camera …`). To run one by hand beside it, give a settings file of your own ' +
        '(--config FILE), with other ports.',
      cause: error,
    });
  }
}

interface Ports {
  readonly http: number;
  readonly rtsp: number;
}

/** Runs an app until the next restart, or the end. Resolves to the ports that it used. */
async function serveOnce(prepared: Prepared, context: Context, asked: Ports, lasting: Lasting): Promise<Ports> {
  const { stopping, stopRequested, adminPassword } = lasting;
  const app = build(prepared, context, asked, lasting);
  let ports = asked;
  const started = app.start();
  // A camera that is slow to be found must not hold up stopping.
  await Promise.race([started, stopRequested]);
  if (!stopping.aborted) {
    const { config } = prepared;
    const source = await started;
    lasting.onRunning(app);
    const password = adminPassword.forBanner();
    context.stdout.write(banner({ app, bind: config.bind, name: config.name, auth: config.auth.enabled, source, password, context }));
    // A port that was picked stays: recorders have noted it down.
    ports = { http: asked.http || app.port, rtsp: asked.rtsp || (app.rtspPort ?? 0) };
    await Promise.race([stopRequested, app.restartRequested]);
  }
  adminPassword.showWithoutBanner();
  // What was still starting is stopped, and may fail by that.
  started.catch(() => {});
  const restarting = hasInheritedSockets(context)
    ? 'ending, for systemd to start it anew, as a client asked'
    : 'restarting, as a client asked';
  prepared.log.info(stopping.aborted ? `stopping (${stopping.reason})` : restarting);
  await app.stop();
  return ports;
}

function build(
  { config, explicit, spec, dataDir, instance, log, searchPath }: Prepared,
  context: Context,
  ports: Ports,
  { state, usedTokens, adminPassword, clock, faults, waitsForCamera }: Lasting,
): App {
  return new App({
    config: { ...config, http: { ...config.http, port: ports.http }, rtsp: { ...config.rtsp, port: ports.rtsp } },
    explicit,
    spec,
    state,
    dataDir,
    instance,
    sockets: inheritedSockets(context.env, process.pid),
    waitsForCamera,
    usedTokens,
    log,
    searchPath,
    sysfs: '/sys',
    dev: '/dev',
    webDir: context.webDir,
    wsdlDir: context.wsdlDir,
    version: context.version,
    password: context.env.ONVIF_CAMERA_PASSWORD || undefined,
    onNewPassword: adminPassword.made,
    clock,
    faults: () => faults.count,
  });
}

interface BannerOptions {
  readonly app: App;
  readonly bind: string;
  readonly name: string;
  readonly auth: boolean;
  readonly source: ResolvedSource | AppError;
  /** From {@link AdminPassword.forBanner}. */
  readonly password: string;
  readonly context: Context;
}

/** Returns what a new user wants to know: what is shown, where it can be watched, and how to log in. */
function banner({ app, bind, name, auth, source, password, context }: BannerOptions): string {
  const hosts = addresses(bind);
  const urls = hosts.map((host) => formatOrigin(app.originAt(host)));
  const [main = ''] = urls;
  const picture = source instanceof AppError ? source.message : `${source.source.description}${source.reason ? ` (${source.reason})` : ''}`;
  // Only on a terminal: with a log, it most likely starts at boot already.
  const boot = context.stdout.isTTY ? atBoot(context) : undefined;
  const lines = [
    `${name} (onvif-camera ${context.version}) is ready.`,
    // Made visible, as a webcam chooses its name itself.
    `  Picture     ${visible(picture)}`,
    ...urls.map((url, at) => `  ${at === 0 ? 'Page      ' : '          '}  ${url}/`),
    `  Stream      ${main}${MJPEG.webPath}`,
    `  Snapshot    ${main}${SNAPSHOT_PATH}`,
    ...(app.rtspPort === undefined ? [] : [`  RTSP        rtsp://${hosts[0]}:${app.rtspPort}${rtspPaths(app.streams)}`]),
    ...(auth ? [] : ['  Login       none to watch: everybody in the network can; to change settings:']),
    '  User        admin',
    `  Password    ${password}`,
    `  Home Assistant: \`${ownCommand(context)} homeassistant\` shows what to type there, or adds the camera itself.`,
    ...(boot === undefined ? [] : [`  At boot     \`${boot}\` has it start with the machine.`]),
  ];
  return `\n${lines.join('\n')}\n\n`;
}

/** Returns the paths of the streams, those last whose encoder is still being tried: "/mjpeg, and /h264, /sub if …". */
function rtspPaths({ certain, offered }: App['streams']): string {
  const paths = (streams: App['streams']['certain']) => streams.map(({ path }) => path).join(', ');
  const hoped = offered.filter((stream) => !certain.includes(stream));
  return `${paths(certain)}${hoped.length > 0 ? `, and ${paths(hoped)} if ffmpeg can encode here` : ''}`;
}

/** The states of the camera, for the service manager. */
const STATE_WORDS = {
  idle: 'Idle, nobody is watching',
  starting: 'Camera starting',
  live: 'Live',
  stalled: 'Camera stalled',
  failed: 'Camera failed',
};

/** Returns a line with the camera's state and address, for `systemctl status`. */
function serviceState(app: Pick<App, 'condition' | 'originAt'>, bind: string): string {
  const { state, error, source, fps } = app.condition;
  const url = `${formatOrigin(app.originAt(addresses(bind)[0] ?? ''))}/`;
  const rate = state === 'live' && fps > 0 ? ` at ${fps.toFixed(1)} pictures/s` : '';
  const about = error ? `: ${error.message}` : source === undefined ? '' : ` (${source})`;
  return visible(`${STATE_WORDS[state]}${rate}, ${url}${about}`);
}
