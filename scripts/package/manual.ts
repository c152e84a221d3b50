import { type Action, type Command, exitsOf, isGroup } from '../../src/cli/command.ts';
import { actionsOf } from '../../src/cli/commands/index.ts';
import { usageOf } from '../../src/cli/help.ts';
import { settings } from '../../src/cli/settings.ts';
import { flagsOf, type ShellFlag } from './shell-tables.ts';

/** Returns text for troff: nothing in it is taken for a request, an escape or a hyphen that breaks. */
const plain = (text: string) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');
const bold = (text: string) => `\\fB${plain(text)}\\fR`;
const italic = (text: string) => `\\fI${plain(text)}\\fR`;
const item = (term: string, text: string) => `.TP\n${term}\n${plain(text)}\n`;
const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const flagItem = ({ name, short, value, help }: ShellFlag) =>
  item(`${short ? `${bold(`-${short}`)}, ` : ''}${bold(`--${name}`)}${value === undefined ? '' : ` ${italic(value)}`}`, help);

/**
 * Returns the page onvif-camera(1), in the man macros of troff, made of the table of commands and of the settings.
 * @param time of this version, seconds since the Unix epoch
 */
export function manualPage(commands: readonly [Action, ...Command[]], version: string, time: number): string {
  const [main] = commands;
  const date = new Date(time * 1000).toISOString().slice(0, 10);
  const usages = actionsOf(commands).map(([path, action]) => `${bold('onvif-camera')} ${plain(usageOf(action, path))}\n.br\n`);
  const settingFlags = new Set(settings.map(({ flag }) => flag));
  const sections = actionsOf(commands).map(([path, action]) => {
    const own = flagsOf(action).filter(({ name }) => action.flags.some((flag) => flag.name === name));
    const examples = action.examples.map(({ line, does }) => item(bold(line), does)).join('');
    const exits = exitsOf(action)
      .map(([code, meaning]) => item(bold(code), meaning))
      .join('');
    return `.SS "${plain(usageOf(action, path))}"
${plain(sentence(action.summary))}
${plain(action.more)}
${own.map(flagItem).join('')}${examples === '' ? '' : `.PP\nExamples:\n${examples}`}.PP\nExit status:\n${exits}`;
  });
  const groups = commands.filter(isGroup).map(({ name, more }) => `.SS "${plain(name)}"\n${plain(more)}\n`);
  const options = flagsOf(main).filter(({ name }) => !settingFlags.has(name));
  return `.TH ONVIF\\-CAMERA 1 "${date}" "onvif\\-camera ${plain(version)}" "User commands"
.SH NAME
onvif\\-camera \\- network camera from a Raspberry Pi's camera, a webcam or pictures
.SH SYNOPSIS
${usages.join('')}.SH DESCRIPTION
Recorders and home automation find the camera by themselves, log in by ONVIF and play it by RTSP, as MJPEG or H.264. Browsers
show it on a page behind a password. The camera runs only while somebody watches.
.SH COMMANDS
${[...groups, ...sections].join('')}.SH OPTIONS
${options.map(flagItem).join('')}.SH SETTINGS
Every setting is a flag, an environment variable and a key of the settings file. Flags beat the environment, which beats the file.
${settings.map(settingItem).join('')}.SH ENVIRONMENT
${item(bold('ONVIF_CAMERA_PASSWORD'), 'The password of the user "admin".')}.SH FILES
${item(italic('/etc/onvif-camera.yaml'), 'Settings of the service, where onvif-camera was installed from a Debian package.')}${item(italic('/var/lib/onvif-camera'), 'Its users, its identity and what clients have set.')}${item(italic('onvif-camera.yaml'), 'Settings where none are named with --config: in the working directory.')}${item(italic('~/.local/state/onvif-camera'), 'State of one that was started by hand.')}.SH SEE ALSO
.BR rpicam\\-vid (1),
.BR ffmpeg (1),
.BR systemctl (1)
`;
}

function settingItem({ key, flag, value, help, variable, preset, allowed }: (typeof settings)[number]): string {
  const given = preset === true ? 'on' : preset === false ? 'off' : String(preset);
  const without = given === '' ? '' : ` Default: ${given}.`;
  return `.TP\n${bold(`--${flag}`)} ${italic(value)}\n${plain(`${help}${help.includes(allowed) ? '' : `: ${allowed}`}.${without}`)}\n.br\n${bold(key)}, ${plain(variable)}\n`;
}
