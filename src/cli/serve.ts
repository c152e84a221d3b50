import { App } from '../app/app.ts';
import type { ResolvedSource } from '../camera/resolver.ts';
import { StateStore } from '../config/state.ts';
import { UsedTokensFile } from '../config/used-tokens-file.ts';
import { type BackoffPolicy, backoffDelay } from '../core/backoff.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { AppError, EXIT, messageOf } from '../core/errors.ts';
import { Faults, guardedClock } from '../core/faults.ts';
import { formatOrigin } from '../core/origin.ts';
import { pause } from '../core/pause.ts';
import { visible } from '../core/terminal.ts';
import { H264, MJPEG, SNAPSHOT_PATH } from '../device/stream-names.ts';
import { addresses } from './addresses.ts';
import type { Arguments } from './command.ts';
import type { Context } from './context.ts';
import { type Prepared, prepare } from './prepare.ts';

/** A restart that failed is tried again: soon, as a port may be free in a moment, and never seldom enough to be forgotten. */
const RETRY: BackoffPolicy = { firstMs: 1000, maxMs: 60_000 };

/** Runs the camera until the program is asked to stop. */
export async function serve(args: Arguments, context: Context): Promise<number> {
  const prepared = await prepare(args, context);
  const { log } = prepared;
  const faults = new Faults(log, systemClock);
  context.onFault(faults.take);
  const stopping = new AbortController();
  const lasting: Lasting = {
    // Read once: a restart needs no disk.
    state: openState(prepared),
    usedTokens: new UsedTokensFile(prepared.dataDir),
    clock: guardedClock(systemClock, faults.take),
    faults,
    stopping: stopping.signal,
    stopRequested: context.stopRequested.then((signal) => stopping.abort(signal)),
  };
  // Clients may ask for a restart (SystemReboot): everything is built anew, in this process.
  let ports: Ports = { http: prepared.config.http.port, rtsp: prepared.config.rtsp.port };
  let restarts = 0;
  let failures = 0;
  while (!stopping.signal.aborted) {
    try {
      ports = await serveOnce(prepared, context, ports, lasting);
      failures = 0;
      restarts++;
    } catch (error) {
      // At the first start somebody is there to read it; later on, a program that ended would be a camera that is gone.
      if (restarts === 0) throw error;
      failures++;
      const delay = backoffDelay(RETRY, failures);
      const hint = error instanceof AppError ? ` ${error.hint}` : '';
      log.error(`the restart failed: ${messageOf(error)}${hint}`, { retryInSeconds: Math.round(delay / 1000) });
      // Nothing else keeps the process alive.
      const alive = setInterval(() => {}, RETRY.maxMs);
      await pause(systemClock, delay, stopping.signal);
      clearInterval(alive);
    }
  }
  return EXIT.ok;
}

/** What is the same for every app that this process builds, one after the other. */
interface Lasting {
  readonly state: StateStore;
  readonly usedTokens: UsedTokensFile;
  readonly clock: Clock;
  readonly faults: Faults;
  /** Fires with the name of the signal that stops the program. */
  readonly stopping: AbortSignal;
  /** Resolves then. */
  readonly stopRequested: Promise<void>;
}

function openState({ dataDir, log }: Prepared): StateStore {
  const state = new StateStore(dataDir);
  if (state.putAside) log.error(`The state file was damaged; it is kept as ${state.putAside} and a new one begins.`);
  for (const warning of state.warnings) log.warn(warning);
  return state;
}

interface Ports {
  readonly http: number;
  readonly rtsp: number;
}

/** From a start to the next restart, or the end. Gives the ports that were used. */
async function serveOnce(prepared: Prepared, context: Context, asked: Ports, lasting: Lasting): Promise<Ports> {
  const { stopping, stopRequested } = lasting;
  const app = build(prepared, context, asked, lasting);
  let ports = asked;
  const started = app.start();
  // A camera that is slow to be found does not hold up the one who wants to stop.
  await Promise.race([started, stopRequested]);
  if (!stopping.aborted) {
    const { config } = prepared;
    context.stdout.write(banner({ app, bind: config.bind, name: config.name, auth: config.auth.enabled, source: await started, context }));
    // One that was picked stays: recorders have noted it down.
    ports = { http: asked.http || app.port, rtsp: asked.rtsp || (app.rtspPort ?? 0) };
    await Promise.race([stopRequested, app.restartRequested]);
  }
  // Whatever was still starting is being stopped.
  started.catch(() => {});
  prepared.log.info(stopping.aborted ? `stopping (${stopping.reason})` : 'restarting, as a client asked');
  await app.stop();
  return ports;
}

function build(
  { config, explicit, spec, dataDir, log, searchPath }: Prepared,
  context: Context,
  ports: Ports,
  { state, usedTokens, clock, faults }: Lasting,
): App {
  return new App({
    config: { ...config, http: { ...config.http, port: ports.http }, rtsp: { ...config.rtsp, port: ports.rtsp } },
    explicit,
    spec,
    state,
    dataDir,
    usedTokens,
    log,
    searchPath,
    sysfs: '/sys',
    dev: '/dev',
    webDir: context.webDir,
    wsdlDir: context.wsdlDir,
    version: context.version,
    password: context.env.ONVIF_CAMERA_PASSWORD || undefined,
    onUse: context.onUse,
    clock,
    faults: () => faults.count,
  });
}

interface BannerOptions {
  readonly app: App;
  readonly bind: string;
  readonly name: string;
  readonly auth: boolean;
  readonly source: ResolvedSource;
  readonly context: Context;
}

/** What a new user wants to know: what is shown, where, and who may look. */
function banner({ app, bind, name, auth, source, context }: BannerOptions): string {
  const hosts = addresses(bind);
  const urls = hosts.map((host) => formatOrigin(app.originAt(host)));
  const [main = ''] = urls;
  const rtsp =
    app.rtspPort === undefined
      ? []
      : [`  RTSP        rtsp://${hosts[0]}:${app.rtspPort}${MJPEG.path}, and ${H264.path} where ffmpeg is installed`];
  const passwordSet = context.env.ONVIF_CAMERA_PASSWORD ? 'from ONVIF_CAMERA_PASSWORD' : 'as shown at the first start';
  const password = app.newPassword ? `${app.newPassword}   (write it down: it is shown this once)` : passwordSet;
  const lines = [
    `${name} (onvif-camera ${context.version}) is ready.`,
    // A webcam tells its name itself.
    `  Picture     ${visible(`${source.source.description}${source.reason ? ` (${source.reason})` : ''}`)}`,
    ...urls.map((url, at) => `  ${at === 0 ? 'Page      ' : '          '}  ${url}/`),
    `  Stream      ${main}${MJPEG.webPath}`,
    `  Snapshot    ${main}${SNAPSHOT_PATH}`,
    ...rtsp,
    ...(auth ? [] : ['  Login       none to watch: everybody in the network can; to change settings:']),
    '  User        admin',
    `  Password    ${password}`,
    '  Home Assistant: `onvif-camera homeassistant` shows what to type there, or adds the camera itself.',
  ];
  return `\n${lines.join('\n')}\n\n`;
}
