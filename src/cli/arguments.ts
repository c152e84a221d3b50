import { type ParseArgsConfig, parseArgs } from 'node:util';
import { adviseOnSetting, remarkOn } from '../config/unknown.ts';
import { AppError, messageOf } from '../core/errors.ts';
import { type Action, type Arguments, COMMON_FLAGS, type Command, isGroup, settingsOf } from './command.ts';
import { actionsOf, COMMANDS, findCommand, hintAt } from './commands/index.ts';
import { isSwitch, settings } from './settings.ts';

/** The letters that other programs have for two of the flags of every command. */
const OTHER_LETTERS = { help: '?', version: 'V' } as const;

/** Most commands that an error names as the owners of a flag. */
const MAX_OWNERS = 3;

/** By flag that is refused: what to do instead. Everybody on the machine sees a command line (ps), and the shell remembers it. */
const SECRET_FLAGS: Readonly<Record<string, string>> = {
  token:
    'Put the token into a file that only you can read and give --token-file FILE ("-": standard input), set ONVIF_CAMERA_HOME_ASSISTANT_TOKEN, or leave it out and be asked.',
  password:
    'Put the password into a file that only you can read and give --password-file FILE ("-": standard input), or set ONVIF_CAMERA_PASSWORD.',
};

/**
 * Splits the command line into the command, its words and its flags, and checks that they belong to it. `help COMMAND` and `version`
 * are read as the flags.
 * @throws AppError USAGE
 */
export function readArguments(argv: readonly string[], commands: typeof COMMANDS = COMMANDS): Arguments {
  refuseSecrets(argv);
  const { values, positionals } = split(argv, commands);
  const { config, camera, help, [OTHER_LETTERS.help]: question, version, [OTHER_LETTERS.version]: V, ...flags } = values;
  const asked = { help: (help ?? question) === true, version: (version ?? V) === true };
  const words = [...positionals];
  while (words[0] === 'help' || words[0] === 'version') asked[words.shift() as 'help' | 'version'] = true;
  const isGroupName = commands.some((command) => isGroup(command) && command.name === words[0]);
  // As in `onvif-camera user help add`.
  if (isGroupName && words[1] === 'help') asked.help = words.splice(1, 1).length > 0;
  const { path, command, rest } = findCommand(words, commands);
  const args: Arguments = {
    command: path,
    positionals: rest,
    flags,
    config: config as string | undefined,
    camera: camera as string | undefined,
    ...asked,
  };
  if (isGroup(command)) {
    if (asked.help || asked.version) return args;
    const names = command.commands.map(({ name }) => name);
    throw new AppError('USAGE', `${path} takes one of ${names.join(', ')}.`, { hint: hintAt(path) });
  }
  refuseForeignFlags(args, command, commands);
  if (!asked.help && !asked.version) checkPositionals(args, command);
  return args;
}

const SWITCHES = new Set(settings.filter(isSwitch).map(({ flag }) => `--${flag}`));

/** A switch also takes "on" or "off", as flags such as --auth do: `--hflip off` is `--no-hflip`. */
function readSwitches(argv: readonly string[]): string[] {
  const read: string[] = [];
  for (const word of argv) {
    const before = read.at(-1) ?? '';
    const isValue = (word === 'on' || word === 'off') && SWITCHES.has(before);
    const [flag = '', value] = isValue ? [before, word] : word.split('=', 2);
    if (isValue) read.pop();
    const isSpelledOut = SWITCHES.has(flag) && (value === 'on' || value === 'off');
    read.push(isSpelledOut ? flag.replace('--', value === 'on' ? '--' : '--no-') : word);
  }
  return read;
}

function split(argv: readonly string[], commands: readonly Command[]) {
  const actions = actionsOf(commands);
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const setting of settings) options[setting.flag] = { type: isSwitch(setting) ? 'boolean' : 'string' };
  for (const { name, value, short } of [...COMMON_FLAGS, ...actions.flatMap(([, { flags }]) => flags)])
    options[name] = { type: value === undefined ? 'boolean' : 'string', ...(short && { short }) };
  for (const letter of Object.values(OTHER_LETTERS)) options[letter] = { type: 'boolean', short: letter };
  try {
    const { values, positionals } = parseArgs({ args: readSwitches(argv), options, allowPositionals: true, allowNegative: true });
    return { values: values as Record<string, string | boolean | undefined>, positionals };
  } catch (error) {
    const unknown = /Unknown option '(-\S*?)'/.exec(messageOf(error))?.[1];
    if (unknown === undefined) throw new AppError('USAGE', messageOf(error), { cause: error });
    const others = [...COMMON_FLAGS, ...actions.flatMap(([, { flags }]) => flags)].map(({ name }) => `--${name}`);
    throw new AppError('USAGE', `There is no option ${unknown}.${adviseOnSetting(unknown, settings, 'flag', others)}`, { cause: error });
  }
}

/** Refuses a flag that would do nothing for this command. @throws AppError USAGE */
function refuseForeignFlags({ command, flags }: Arguments, action: Action, commands: readonly Command[]): void {
  const known = new Set([...action.flags.map(({ name }) => name), ...settingsOf(action).map(({ flag }) => flag)]);
  const [foreign] = Object.keys(flags).filter((flag) => !known.has(flag));
  if (foreign === undefined) return;
  const owners = actionsOf(commands).flatMap(([path, { flags: own }]) => (own.some(({ name }) => name === foreign) ? [path] : []));
  // Some, such as --password, are words that people also try as a setting.
  const named = owners.length > MAX_OWNERS ? [...owners.slice(0, MAX_OWNERS), 'others'] : owners;
  const message =
    owners.length > 0
      ? `--${foreign} is an option of the command${named.length > 1 ? 's' : ''} ${named.join(', ')}.${remarkOn(foreign)}`
      : `--${foreign} does nothing for ${command}.`;
  throw new AppError('USAGE', message, { hint: hintAt(command) });
}

function checkPositionals({ command, positionals }: Arguments, action: Action): void {
  const expected = action.positionals;
  const surplus = positionals[expected.length];
  const missing = expected.slice(positionals.length).find(({ optional }) => !optional);
  if (surplus === undefined && !missing) return;
  const usage = [command, ...expected.map(({ name }) => name)].join(' ');
  const what = expected.map((each) => each.what).join(' and ');
  throw new AppError('USAGE', what === '' ? `${command} takes no "${surplus}".` : `${command} takes ${what}: onvif-camera ${usage}`, {
    hint: hintAt(command),
  });
}

/**
 * Refuses secrets on the command line before anything else is looked at, so that no message repeats their values.
 *
 * @throws AppError USAGE
 */
function refuseSecrets(argv: readonly string[]): void {
  for (const argument of argv) {
    if (argument === '--') return;
    const flag = /^--([^=]+)/.exec(argument)?.[1] ?? '';
    const hint = Object.hasOwn(SECRET_FLAGS, flag) ? SECRET_FLAGS[flag] : undefined;
    if (hint !== undefined)
      throw new AppError('USAGE', `--${flag} is not taken: everybody on this machine can read command lines.`, { hint });
  }
}
