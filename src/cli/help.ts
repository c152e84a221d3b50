import type { Setting } from '../config/schema.ts';
import { COMMAND_FLAGS, isSwitch, settings } from './arguments.ts';
import { COMMANDS, type CommandName } from './commands.ts';

/** Columns in which options, and commands, stand before what they do. */
const WIDTH = 30;

const line = (left: string, right: string) =>
  left.length < WIDTH ? `  ${left.padEnd(WIDTH)}${right}\n` : `  ${left}\n  ${' '.repeat(WIDTH)}${right}\n`;

/** The text of `--help`. @param command the one that it is about, where one was named */
export const helpText = (command: CommandName = 'serve'): string => (command === 'serve' ? generalHelp() : helpOn(command));

function generalHelp(): string {
  const preset = (setting: Setting) =>
    setting.preset === '' || (Array.isArray(setting.preset) && setting.preset.length === 0) ? '' : ` [${show(setting.preset)}]`;
  const options = settings.map((setting) =>
    line(`--${setting.flag}${isSwitch(setting) ? '' : ` ${setting.value}`}`, `${setting.help}${isSwitch(setting) ? '' : preset(setting)}`),
  );
  const commands = Object.values(COMMANDS).map(({ usage, summary }) => `onvif-camera ${usage.padEnd(22)}${summary}`);
  return `onvif-camera: a network camera from a Raspberry Pi's camera, a webcam or pictures.

Usage: ${commands.join('\n       ')}
       onvif-camera help COMMAND          more on a command, such as its own options

${line('--config FILE', 'Settings file [onvif-camera.yaml, if there]')}${options.join('')}${line('-v, --version', 'Print the version')}${line('-h, --help', 'Print this')}
Every option is also a key of the settings file and an environment variable: --http-port is http.port and
ONVIF_CAMERA_HTTP_PORT. Flags beat the environment, which beats the file. onvif-camera.example.yaml has them all.
ONVIF_CAMERA_PASSWORD sets the password of the user "admin".
`;
}

function helpOn(name: CommandName): string {
  const { usage, summary, more } = COMMANDS[name];
  const own = Object.entries(COMMAND_FLAGS).filter(([, { command }]) => command === name);
  const options = own.map(([flag, { value, help }]) => line(`--${flag}${value === '' ? '' : ` ${value}`}`, help));
  return `Usage: onvif-camera ${usage}${own.length > 0 ? ' [options]' : ''}

${summary.charAt(0).toUpperCase()}${summary.slice(1).replace(/ \(--.*/, '')}.
${more}
${own.length > 0 ? `\n${options.join('')}` : ''}`;
}

const show = (value: unknown) => (value === true ? 'on' : value === false ? 'off' : String(value));
