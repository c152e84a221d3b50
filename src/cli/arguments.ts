import { type ParseArgsConfig, parseArgs } from 'node:util';
import { parseSourceSpec, SOURCE_FORMS } from '../camera/source-spec.ts';
import { listSettings, makeSchema, type Setting } from '../config/schema.ts';
import { adviseOnSetting, remarkOn } from '../config/unknown.ts';
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
export const COMMAND_FLAGS = {
  json: { command: 'discover', type: 'boolean', value: '', help: 'As JSON, for programs' },
  timeout: { command: 'discover', type: 'string', value: 'SECONDS', help: 'How long to listen, 0.1 to 600 [3]' },
  url: { command: 'homeassistant', type: 'string', value: 'URL', help: 'Where Home Assistant is: add the camera there' },
  'token-file': {
    command: 'homeassistant',
    type: 'string',
    value: 'FILE',
    help: 'A long-lived access token of it (FILE "-": standard input)',
  },
  as: { command: 'homeassistant', type: 'string', value: 'mjpeg|onvif', help: 'As which integration [onvif where there is H.264]' },
  'password-file': {
    command: 'homeassistant',
    type: 'string',
    value: 'FILE',
    help: 'The password of the camera, where it is not known here',
  },
} as const;

/** Flags of every command. `-V` and `-?` are other programs' letters for two of them. */
const COMMON_FLAGS = {
  config: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  '?': { type: 'boolean', short: '?' },
  version: { type: 'boolean', short: 'v' },
  V: { type: 'boolean', short: 'V' },
} as const;

/** Flags that are refused, and what to do instead: everybody on the machine sees a command line (ps), and the shell remembers it. */
const SECRET_FLAGS: Readonly<Record<string, string>> = {
  token:
    'Put the token into a file that only you can read and give --token-file FILE ("-": standard input), set ONVIF_CAMERA_HOME_ASSISTANT_TOKEN, or leave it out and be asked.',
  password:
    'Put the password into a file that only you can read and give --password-file FILE ("-": standard input), or set ONVIF_CAMERA_PASSWORD.',
};

/** A flag that needs no value: `--hflip`, `--no-hflip`. The ones that turn a whole part off are `--auth on|off`. */
export const isSwitch = (setting: Setting) => setting.kind === 'boolean' && !setting.key.endsWith('.enabled');

/** Splits the command line; `help COMMAND` and `version` are read as the flags. Throws an AppError (USAGE) for any unknown flag. */
export function readArguments(argv: readonly string[]): Arguments {
  const options: NonNullable<ParseArgsConfig['options']> = { ...COMMON_FLAGS };
  for (const setting of settings) options[setting.flag] = { type: isSwitch(setting) ? 'boolean' : 'string' };
  for (const [flag, { type }] of Object.entries(COMMAND_FLAGS)) options[flag] = { type };
  refuseSecrets(argv);
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true, allowNegative: true });
    const { config, help, '?': question, version, V, ...flags } = values as Record<string, string | boolean | undefined>;
    const asked = { help: (help ?? question) === true, version: (version ?? V) === true };
    while (positionals[0] === 'help' || positionals[0] === 'version') asked[positionals.shift() as 'help' | 'version'] = true;
    const [command = 'serve', ...rest] = positionals;
    for (const [flag, owner] of Object.entries(COMMAND_FLAGS))
      if (flags[flag] !== undefined && owner.command !== command)
        // Some are words that people also try as a setting: --password.
        throw new AppError('USAGE', `--${flag} is an option of the command ${owner.command}.${remarkOn(flag)}`);
    return { command, positionals: rest, flags, config: config as string | undefined, ...asked };
  } catch (error) {
    if (error instanceof AppError) throw error;
    const unknown = /Unknown option '(-\S*?)'/.exec(messageOf(error))?.[1];
    if (unknown === undefined) throw new AppError('USAGE', messageOf(error), { cause: error });
    const others = ['config', 'help', 'version', ...Object.keys(COMMAND_FLAGS)].map((flag) => `--${flag}`);
    throw new AppError('USAGE', `There is no option ${unknown}.${adviseOnSetting(unknown, settings, 'flag', others)}`, { cause: error });
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
