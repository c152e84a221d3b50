import { setTimeout } from 'node:timers/promises';
import type { Login } from '../config/first-password.ts';
import { backoffDelay } from '../core/backoff.ts';
import { AppError, EXIT } from '../core/errors.ts';
import { formatOrigin } from '../core/origin.ts';
import { terminalSafeJson, visible } from '../core/terminal.ts';
import { localTime } from '../core/times.ts';
import type { Handler } from './command.ts';
import type { Context } from './context.ts';
import { readLogin } from './login.ts';
import { OnvifEventClient, type ToldEvent } from './onvif-client.ts';
import { prepare } from './prepare.ts';
import { askRunningCamera } from './running-camera.ts';
import { askSecret, canAsk, findSecret } from './secrets.ts';

const DEVICE_PATH = '/onvif/device_service';

/** `onvif-camera events`: shows the events of a camera, line by line, until the program is stopped. */
export const events: Handler = async (args, context) => {
  const { dataDir } = await prepare(args, context);
  const stop = new AbortController();
  void context.stopRequested.then(() => stop.abort());
  const passwordFile = args.flags['password-file'] as string | undefined;
  const url = args.flags.url as string | undefined;
  if (url === undefined && args.flags.user !== undefined) throw new AppError('USAGE', '--user goes with --url.');
  const user = (args.flags.user as string | undefined) ?? 'admin';
  const { device, login } = await (url === undefined
    ? thisCamera(dataDir, passwordFile, context, stop.signal)
    : otherCamera(url, user, passwordFile, context, stop.signal));
  context.stderr.write(`Events of ${device}, until Ctrl-C:\n`);
  const line = (event: ToldEvent) => (args.flags.json === true ? terminalSafeJson(JSON.stringify(event)) : visible(describe(event)));
  try {
    await follow(new OnvifEventClient(device, login, stop.signal), stop.signal, {
      // Whoever read it has gone, as `grep -m 1` does: nothing else would end this.
      told: (event) => context.stdout.write(`${line(event)}\n`, (error) => error && stop.abort()),
      said: (text) => context.stderr.write(`${visible(text)}\n`),
    });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  return EXIT.ok;
};

/** Waits between two tries to reach a camera that was there before. */
const BACKOFF = { firstMs: 1000, maxMs: 15_000 };

/** Tells the events, also after the camera was away. Rejects when the signal fires, or with why there never was an answer. */
async function follow(
  client: OnvifEventClient,
  signal: AbortSignal,
  { told, said }: { readonly told: (event: ToldEvent) => void; readonly said: (text: string) => void },
): Promise<never> {
  for (let failures = 0; ; ) {
    try {
      for await (const event of client.events()) {
        if (failures > 0) said('The camera is back.');
        failures = 0;
        told(event);
      }
    } catch (error) {
      const isLost = error instanceof AppError && error.code === 'CAMERA_EVENTS' && client.pulls > 0;
      if (!isLost) throw error;
      if (failures++ === 0) said(`${error.message} It is tried again, until Ctrl-C.`);
    }
    await setTimeout(backoffDelay(BACKOFF, failures), undefined, { signal });
  }
}

interface Target {
  readonly device: string;
  readonly login: Login | undefined;
}

async function thisCamera(dataDir: string, passwordFile: string | undefined, context: Context, signal: AbortSignal): Promise<Target> {
  const camera = await askRunningCamera(dataDir);
  return { device: formatOrigin(camera) + DEVICE_PATH, login: await readLogin({ camera, dataDir, passwordFile }, context, signal) };
}

async function otherCamera(
  text: string,
  user: string,
  passwordFile: string | undefined,
  context: Context,
  signal: AbortSignal,
): Promise<Target> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new AppError('USAGE', `--url must be an address such as http://192.168.1.60, not "${text}".`);
  if (url.username !== '' || url.password !== '')
    throw new AppError(
      'USAGE',
      '--url takes no password: others on this machine would see it. Give --user, and --password-file or ONVIF_CAMERA_PASSWORD.',
    );
  if (url.pathname === '/') url.pathname = DEVICE_PATH;
  const given = await findSecret({ name: 'password', file: passwordFile, environment: [context.env.ONVIF_CAMERA_PASSWORD] }, context);
  const ask = given === undefined && canAsk(context);
  const asked = ask ? await askSecret(`Password of "${user}" at ${url.host} (it is not shown): `, context, signal) : undefined;
  const password = given ?? asked;
  return { device: url.href, login: password === undefined ? undefined : { user, password } };
}

/** Returns an event as a line: "14:03:05  tns1:VideoSource/MotionAlarm  State=true  (video_source)". */
function describe({ topic, time, operation, source, data }: ToldEvent): string {
  const at = new Date(time);
  const when = Number.isNaN(at.getTime()) ? time : localTime(at, new Date());
  const values = Object.entries(data).map(([name, value]) => `${name}=${value}`);
  const where = Object.values(source).filter((value) => value !== '');
  const columns = [
    when,
    topic,
    values.join(' '),
    where.length > 0 ? `(${where.join(', ')})` : '',
    operation === 'Initialized' ? 'as it is' : '',
  ];
  return columns.filter((column) => column !== '').join('  ');
}
