import { type ParseArgsConfig, parseArgs } from 'node:util';
import { parseSourceSpec, SOURCE_FORMS } from '../camera/source-spec.ts';
import { listSettings, makeSchema, type Setting } from '../config/schema.ts';
import { suggest } from '../config/suggest.ts';
import { AppError, messageOf } from '../core/errors.ts';

export const schema = makeSchema({ forms: SOURCE_FORMS, isSource: (text) => parseSourceSpec(text) !== undefined });
export const settings: readonly Setting[] = listSettings(schema);

export interface Arguments {
  readonly command: string;
  readonly positionals: readonly string[];
  /** By flag name, without dashes. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly config: string | undefined;
  readonly help: boolean;
  readonly version: boolean;
}

/** Flags that are no settings, of one command each. */
const COMMAND_FLAGS = {
  json: { command: 'discover', type: 'boolean' },
  timeout: { command: 'discover', type: 'string' },
  url: { command: 'homeassistant', type: 'string' },
  'token-file': { command: 'homeassistant', type: 'string' },
  as: { command: 'homeassistant', type: 'string' },
  'password-file': { command: 'homeassistant', type: 'string' },
} as const;

/** Flags that are refused, and what to do instead: everybody on the machine sees a command line (ps), and the shell remembers it. */
const SECRET_FLAGS: Readonly<Record<string, string>> = {
  token:
    'Put the token into a file that only you can read and give --token-file FILE ("-": standard input), set ONVIF_CAMERA_HOME_ASSISTANT_TOKEN, or leave it out and be asked.',
  password:
    'Put the password into a file that only you can read and give --password-file FILE ("-": standard input), or set ONVIF_CAMERA_PASSWORD.',
};

/** A flag that needs no value: `--hflip`, `--no-hflip`. The ones that turn a whole part off are `--auth on|off`. */
const isSwitch = (setting: Setting) => setting.kind === 'boolean' && !setting.key.endsWith('.enabled');

/** Splits the command line. Throws an AppError (USAGE) for anything unknown. */
export function readArguments(argv: readonly string[]): Arguments {
  const options: NonNullable<ParseArgsConfig['options']> = {
    config: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
  };
  for (const setting of settings) options[setting.flag] = { type: isSwitch(setting) ? 'boolean' : 'string' };
  for (const [flag, { type }] of Object.entries(COMMAND_FLAGS)) options[flag] = { type };
  refuseSecrets(argv);
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true, allowNegative: true });
    const { config, help, version, ...flags } = values as Record<string, string | boolean | undefined>;
    const [command = 'serve', ...rest] = positionals;
    for (const [flag, owner] of Object.entries(COMMAND_FLAGS))
      if (flags[flag] !== undefined && owner.command !== command)
        throw new AppError('USAGE', `--${flag} is an option of the command ${owner.command}.`);
    return { command, positionals: rest, flags, config: config as string | undefined, help: help === true, version: version === true };
  } catch (error) {
    if (error instanceof AppError) throw error;
    const unknown = /Unknown option '(-\S*?)'/.exec(messageOf(error))?.[1];
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new AppError('USAGE', unknown ? `There is no option ${unknown}.${suggest(unknown, known)}` : messageOf(error), { cause: error });
  }
}

/** Before the rest is looked at: what follows such a flag is repeated nowhere. */
function refuseSecrets(argv: readonly string[]): void {
  for (const argument of argv) {
    if (argument === '--') return;
    const flag = /^--([^=]+)/.exec(argument)?.[1] ?? '';
    const hint = Object.hasOwn(SECRET_FLAGS, flag) ? SECRET_FLAGS[flag] : undefined;
    if (hint !== undefined)
      throw new AppError('USAGE', `--${flag} is not taken: everybody on this machine can read command lines.`, { hint });
  }
}

const WIDTH = 30;

/** The text of `--help`. */
export function helpText(): string {
  const line = (left: string, right: string) =>
    left.length < WIDTH ? `  ${left.padEnd(WIDTH)}${right}\n` : `  ${left}\n  ${' '.repeat(WIDTH)}${right}\n`;
  const preset = (setting: Setting) =>
    setting.preset === '' || (Array.isArray(setting.preset) && setting.preset.length === 0) ? '' : ` [${show(setting.preset)}]`;
  const options = settings.map((setting) =>
    line(`--${setting.flag}${isSwitch(setting) ? '' : ` ${setting.value}`}`, `${setting.help}${isSwitch(setting) ? '' : preset(setting)}`),
  );
  return `onvif-camera: a network camera from a Raspberry Pi's camera, a webcam or pictures.

Usage: onvif-camera [serve] [options]      run the camera
       onvif-camera snapshot FILE          take one picture (FILE "-": standard output)
       onvif-camera discover               list the ONVIF cameras of the network (--json, --timeout SECONDS [3])
       onvif-camera homeassistant          show what to type into Home Assistant, or add the camera there
           --url URL                       where Home Assistant is; asks for a long-lived access token,
           [--token-file FILE]             or takes it from a file (FILE "-": standard input), or from the
                                           variable ONVIF_CAMERA_HOME_ASSISTANT_TOKEN or HASS_TOKEN
           [--password-file FILE]          the camera's password, where it is not the one that it keeps
           [--as mjpeg|onvif]              the integration

${line('--config FILE', 'Settings file [onvif-camera.yaml, if there]')}${options.join('')}${line('--version', 'Print the version')}${line('-h, --help', 'Print this')}
Every option is also a key of the settings file and an environment variable: --http-port is http.port and
ONVIF_CAMERA_HTTP_PORT. Flags beat the environment, which beats the file. onvif-camera.example.yaml has them all.
ONVIF_CAMERA_PASSWORD sets the password of the user "admin".
`;
}

const show = (value: unknown) => (value === true ? 'on' : value === false ? 'off' : String(value));
