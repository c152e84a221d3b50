import { AppError, EXIT } from '../core/errors.ts';
import { visibleLines } from '../core/terminal.ts';
import { addressTowards } from './addresses.ts';
import type { Arguments } from './command.ts';
import type { Context } from './context.ts';
import { HomeAssistantApi } from './homeassistant-api.ts';
import { addCamera, fieldsOf, TITLES, WAYS, type Way } from './homeassistant-flows.ts';
import { readLogin } from './login.ts';
import { printJson } from './output.ts';
import { prepare } from './prepare.ts';
import { askRunningCamera, type RunningCamera } from './running-camera.ts';
import { askSecret, canAsk, findSecret } from './secrets.ts';

/**
 * `onvif-camera homeassistant`: shows what to type into Home Assistant for the camera that runs here; with `--url` it adds the camera
 * itself.
 */
export async function homeassistant(args: Arguments, context: Context): Promise<number> {
  const { flags } = args;
  const way = readWay(flags.as);
  const isJson = flags.json === true;
  const { dataDir } = await prepare(args, context);
  if (flags.url === undefined) {
    for (const flag of ['token-file', 'as', 'password-file'])
      if (flags[flag] !== undefined) throw new AppError('USAGE', `--${flag} is for adding the camera, which needs --url too.`);
    const camera = await askRunningCamera(dataDir);
    if (isJson) printJson(forms(camera), context);
    else context.stdout.write(visibleLines(instructions(camera)));
    return EXIT.ok;
  }
  const url = readUrl(String(flags.url));
  const stop = new AbortController();
  void context.stopRequested.then(() => stop.abort(new AppError('HOME_ASSISTANT_REFUSED', 'Stopped before Home Assistant had answered.')));
  const token = await readToken(args, context, stop.signal);
  const camera = await askRunningCamera(dataDir, await addressTowards(url.hostname.replace(/^\[|\]$/g, '')));
  const login = await readLogin({ camera, dataDir, passwordFile: flagOf(args, 'password-file') }, context, stop.signal);
  const api = new HomeAssistantApi({ url, token, signal: stop.signal });
  const version = await api.version();
  const chosen = way ?? (camera.h264 ? 'onvif' : 'mjpeg');
  const title = await addCamera(api, chosen, camera, login);
  if (isJson) {
    printJson({ url: url.origin, version, title, integration: chosen, fields: valuesOf(chosen, camera, login?.user) }, context);
    return EXIT.ok;
  }
  const done = `Home Assistant ${version} at ${url.origin} has the camera now: "${title}", integration ${TITLES[chosen]}, with`;
  context.stdout.write(visibleLines(`${done}\n${lines(chosen, camera, login?.user)}`));
  return EXIT.ok;
}

const flagOf = ({ flags }: Arguments, name: string): string | undefined => (flags[name] === undefined ? undefined : String(flags[name]));

async function readToken(args: Arguments, context: Context, signal: AbortSignal): Promise<string> {
  const { env } = context;
  const [file, passwordFile] = [flagOf(args, 'token-file'), flagOf(args, 'password-file')];
  if (file === '-' && passwordFile === '-')
    throw new AppError('USAGE', 'Token and password cannot both come from standard input.', { hint: 'Give one of them in a file.' });
  const found = await findSecret(
    { name: 'token of Home Assistant', file, environment: [env.ONVIF_CAMERA_HOME_ASSISTANT_TOKEN, env.HASS_TOKEN] },
    context,
  );
  const asked = found === undefined && canAsk(context);
  const token = asked ? await askSecret('Token of Home Assistant (it is not shown): ', context, signal) : (found ?? '');
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new AppError(
      'USAGE',
      `Adding the camera needs a token of Home Assistant${token === '' ? '' : ', and this is none'}: ${TOKEN_WAYS}.`,
      {
        hint: 'Make one in Home Assistant: your name at the bottom left, Security, Long-lived access tokens.',
      },
    );
  return token;
}

const TOKEN_WAYS = '--token-file FILE, or ONVIF_CAMERA_HOME_ASSISTANT_TOKEN in the environment';

function readWay(text: string | boolean | undefined): Way | undefined {
  if (text === undefined) return undefined;
  const way = WAYS.find((each) => each === text);
  if (!way) throw new AppError('USAGE', `--as takes ${WAYS.join(' or ')}, not "${text}".`);
  return way;
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new AppError('USAGE', `--url takes an address such as http://homeassistant.local:8123, not "${text}".`);
  return url;
}

/** Returns the instructions for adding the camera by hand. */
function instructions(camera: RunningCamera): string {
  const forms = waysOf(camera).map((way) => `Add integration → ${TITLES[way]}\n${lines(way, camera, userOf(camera))}`);
  return `${camera.name} in Home Assistant: Settings → Devices & services →

${forms.join('\nor: ')}${streams(camera)}
${camera.isLocal ? 'It listens on this machine alone: Home Assistant must run here, too, or --bind must be another.\n\n' : ''}To have it added from here: onvif-camera homeassistant --url http://homeassistant.local:8123
(it asks for a token: in Home Assistant, your name at the bottom left, Security, Long-lived access tokens)
`;
}

/** Returns the integrations that take the camera, the better one first. */
const waysOf = ({ h264 }: RunningCamera): readonly Way[] => (h264 ? ['onvif', 'mjpeg'] : ['mjpeg']);

const userOf = ({ asksLogin }: RunningCamera): string | undefined => (asksLogin ? 'admin' : undefined);

/** Returns what {@link instructions} tells, for programs. */
const forms = (camera: RunningCamera) => ({
  name: camera.name,
  local: camera.isLocal,
  integrations: waysOf(camera).map((way) => ({ integration: way, fields: valuesOf(way, camera, userOf(camera)) })),
  ...(camera.h264 !== undefined && { record: camera.h264 }),
  ...(camera.sub !== undefined && { detect: camera.sub }),
});

/** Returns the values of a form by their keys in Home Assistant's API, without the password. */
const valuesOf = (way: Way, camera: RunningCamera, user: string | undefined): Readonly<Record<string, string | number | boolean>> =>
  Object.fromEntries(
    fieldsOf(way, camera, user === undefined ? undefined : { user, password: '' })
      .filter(([, key]) => key !== 'password')
      .map(([, key, value]) => [key, value]),
  );

const LABEL_WIDTH = 24;
const lineOf = (label: string, value: string | number | boolean) => `  ${label.padEnd(LABEL_WIDTH)}${value}\n`;

/** Returns the addresses of the large and the small stream for programs such as Frigate; "" where there are not both. */
function streams({ h264, sub }: RunningCamera): string {
  if (h264 === undefined || sub === undefined) return '';
  return `\nFrigate, and whatever else looks for movement in a small picture and records a large one:\n${lineOf('Record', h264)}${lineOf('Detect', sub)}`;
}

/** Returns a form with what to fill in, without the password. */
function lines(way: Way, camera: RunningCamera, user: string | undefined): string {
  const login = user === undefined ? undefined : { user, password: "the camera's" };
  return fieldsOf(way, camera, login)
    .filter(([, key]) => key !== 'verify_ssl')
    .map(([label, , value]) => lineOf(label, value))
    .join('');
}
