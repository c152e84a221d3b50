import type { Setting } from '../config/schema.ts';
import { type Action, COMMON_FLAGS, type Command, type Described, exitsOf, type Flag, isGroup, settingsOf } from './command.ts';
import { COMMANDS } from './commands/index.ts';
import { isSwitch, settings } from './settings.ts';

/** Width of the column of options, characters. */
const WIDTH = 30;
/** Longest line of a list of flags, characters. */
const LINE = 100;
/** Width of the column of usages, characters. */
const USAGE_WIDTH = 22;

const line = (left: string, right: string) =>
  left.length < WIDTH ? `  ${left.padEnd(WIDTH)}${right}\n` : `  ${left}\n  ${' '.repeat(WIDTH)}${right}\n`;

/** Returns the text of `--help`. @param command the command that it is about @param path its full name: "user add" */
export function helpText(command: Command = COMMANDS[0], path: string = command.name): string {
  if (command === COMMANDS[0]) return generalHelp();
  return isGroup(command) ? helpOnGroup(command, path) : helpOnAction(command, path);
}

/** Returns the usage of a command: "user add NAME". @param path its full name */
export function usageOf(command: Command, path: string = command.name): string {
  if (isGroup(command)) return `${path} ${command.commands.map(({ name }) => name).join('|')}`;
  if (command === COMMANDS[0]) return `[${path}] [options]`;
  return [path, ...command.positionals.map(({ name, optional }) => (optional ? `[${name}]` : name))].join(' ');
}

const flagLine = ({ name, short, value, help }: Flag) =>
  line(`${short ? `-${short}, ` : ''}--${name}${value === undefined ? '' : ` ${value}`}`, help);

function generalHelp(): string {
  const preset = (setting: Setting) => {
    if (isSwitch(setting)) return setting.preset === true ? ` [on; --no-${setting.flag}]` : '';
    return setting.preset === '' || (Array.isArray(setting.preset) && setting.preset.length === 0) ? '' : ` [${show(setting.preset)}]`;
  };
  const options = settings.map((setting) =>
    line(`--${setting.flag}${isSwitch(setting) ? '' : ` ${setting.value}`}`, `${setting.help}${preset(setting)}`),
  );
  const commands = COMMANDS.map((each) => {
    const usage = usageOf(each);
    return usage.length < USAGE_WIDTH
      ? `onvif-camera ${usage.padEnd(USAGE_WIDTH)}${each.summary}`
      : `onvif-camera ${usage}\n${' '.repeat('Usage: onvif-camera '.length + USAGE_WIDTH)}${each.summary}`;
  });
  const [config = '', camera = '', ...last] = COMMON_FLAGS.map(flagLine);
  return `onvif-camera: a network camera from a Raspberry Pi's camera, a webcam or pictures.

Usage: ${commands.join('\n       ')}
       onvif-camera help COMMAND          more on a command, such as its own options

${config}${camera}${options.join('')}${last.join('')}
Every option is also a key of the settings file and an environment variable: --http-port is http.port and
ONVIF_CAMERA_HTTP_PORT. Flags beat the environment, which beats the file. onvif-camera.example.yaml has them all.
ONVIF_CAMERA_PASSWORD sets the password of the user "admin".
${examplesOf(COMMANDS[0])}${exitCodesOf(COMMANDS[0])}`;
}

const opening = ({ summary, more }: Described) => `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.\n${more}\n`;

function helpOnAction(action: Action, path: string): string {
  const options = action.flags.map(flagLine).join('');
  const names = ['--config', '--camera', ...settingsOf(action).map(({ flag }) => `--${flag}`)];
  return `Usage: onvif-camera ${usageOf(action, path)}${action.flags.length > 0 ? ' [options]' : ''}

${opening(action)}${options === '' ? '' : `\n${options}`}
Also of these, which \`onvif-camera --help\` explains:
${wrapped(names)}${examplesOf(action)}${exitCodesOf(action)}`;
}

function helpOnGroup(group: Extract<Command, { commands: unknown }>, path: string): string {
  const usages = group.commands.map((each) => `onvif-camera ${usageOf(each, `${path} ${each.name}`)}`);
  const width = Math.max(...usages.map(({ length }) => length)) + 2;
  const lines = group.commands.map(({ summary }, at) => `${usages[at]?.padEnd(width)}${summary}`);
  return `Usage: ${lines.join('\n       ')}

${opening(group)}\`onvif-camera help ${path} COMMAND\` has the options of each.
${examplesOf(group)}`;
}

function examplesOf({ examples }: Described): string {
  if (examples.length === 0) return '';
  const width = Math.max(...examples.map((each) => each.line.length)) + 2;
  return `\nExamples:\n${examples.map((each) => `  ${each.line.padEnd(width)}# ${each.does}\n`).join('')}`;
}

const exitCodesOf = (action: Action) =>
  `\nExit codes:\n${exitsOf(action)
    .map(([code, meaning]) => `  ${code}  ${meaning}\n`)
    .join('')}`;

/** Returns words as indented lines. */
function wrapped(words: readonly string[]): string {
  const lines = [''];
  for (const word of words) {
    if ((lines.at(-1)?.length ?? 0) + word.length >= LINE) lines.push('');
    lines.push(`${lines.pop()} ${word}`);
  }
  return lines.map((each) => ` ${each}\n`).join('');
}

const show = (value: unknown) => (value === true ? 'on' : value === false ? 'off' : String(value));
