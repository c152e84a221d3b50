import { App } from '../app.ts';
import type { ResolvedSource } from '../camera/resolver.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { EXIT } from '../core/errors.ts';
import { Faults, guardedClock } from '../core/faults.ts';
import { addresses } from './addresses.ts';
import type { Arguments } from './arguments.ts';
import type { Context } from './context.ts';
import { type Prepared, prepare } from './prepare.ts';

/** Runs the camera until the program is asked to stop. */
export async function serve(args: Arguments, context: Context): Promise<number> {
  const prepared = await prepare(args, context);
  const { log } = prepared;
  const faults = new Faults(log, systemClock);
  context.onFault(faults.take);
  const clock = guardedClock(systemClock, faults.take);
  let stoppedBy: string | undefined;
  const stopRequested = context.stopRequested.then((signal) => {
    stoppedBy = signal;
  });
  // Clients may ask for a restart (SystemReboot): everything is built anew, in this process.
  let ports = { http: prepared.config.http.port, rtsp: prepared.config.rtsp.port };
  while (stoppedBy === undefined) {
    const app = build(prepared, context, ports, clock, faults);
    const started = app.start();
    // A camera that is slow to be found does not hold up the one who wants to stop.
    await Promise.race([started, stopRequested]);
    if (stoppedBy === undefined) {
      const { config } = prepared;
      context.stdout.write(
        banner({ app, bind: config.bind, name: config.name, auth: config.auth.enabled, source: await started, context }),
      );
      // One that was picked stays: recorders have noted it down.
      ports = { http: ports.http || app.port, rtsp: ports.rtsp || (app.rtspPort ?? 0) };
      await Promise.race([stopRequested, app.restartRequested]);
    }
    // Whatever was still starting is being stopped.
    started.catch(() => {});
    log.info(stoppedBy === undefined ? 'restarting, as a client asked' : `stopping (${stoppedBy})`);
    await app.stop();
  }
  return EXIT.ok;
}

function build(
  { config, explicit, spec, dataDir, log, searchPath }: Prepared,
  context: Context,
  ports: { readonly http: number; readonly rtsp: number },
  clock: Clock,
  faults: Faults,
): App {
  return new App({
    config: { ...config, http: { port: ports.http }, rtsp: { ...config.rtsp, port: ports.rtsp } },
    explicit,
    spec,
    dataDir,
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

interface BannerParts {
  readonly app: App;
  readonly bind: string;
  readonly name: string;
  readonly auth: boolean;
  readonly source: ResolvedSource;
  readonly context: Context;
}

/** What a new user wants to know: what is shown, where, and who may look. */
function banner({ app, bind, name, auth, source, context }: BannerParts): string {
  const hosts = addresses(bind);
  const urls = hosts.map((address) => `http://${address}:${app.port}`);
  const [main = ''] = urls;
  const rtsp =
    app.rtspPort === undefined ? [] : [`  RTSP        rtsp://${hosts[0]}:${app.rtspPort}/mjpeg, and /h264 where ffmpeg is installed`];
  const passwordSet = context.env.ONVIF_CAMERA_PASSWORD ? 'from ONVIF_CAMERA_PASSWORD' : 'as shown at the first start';
  const password = app.newPassword ? `${app.newPassword}   (write it down: it is shown this once)` : passwordSet;
  const lines = [
    `${name} (onvif-camera ${context.version}) is ready.`,
    `  Picture     ${source.source.description}${source.reason ? ` (${source.reason})` : ''}`,
    ...urls.map((url, at) => `  ${at === 0 ? 'Page      ' : '          '}  ${url}/`),
    `  Stream      ${main}/stream.mjpg`,
    `  Snapshot    ${main}/snapshot.jpg`,
    ...rtsp,
    ...(auth ? ['  User        admin', `  Password    ${password}`] : ['  Password    none: everybody in the network can watch']),
    '  Home Assistant: `onvif-camera homeassistant` shows what to type there, or adds the camera itself.',
  ];
  return `\n${lines.join('\n')}\n\n`;
}
