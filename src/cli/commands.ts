import { parseSourceSpec } from '../camera/source-spec.ts';
import { didYouMean, nearest } from '../config/suggest.ts';
import { AppError } from '../core/errors.ts';

export type CommandName = 'serve' | 'snapshot' | 'discover' | 'homeassistant';

/** What the command line knows of a command. */
interface Command {
  /** As it is typed, in the usage. */
  readonly usage: string;
  /** What it does, to follow "onvif-camera snapshot FILE". */
  readonly summary: string;
  /** More words on it, for its own help. */
  readonly more: string;
  /** What others call it. */
  readonly synonyms: readonly string[];
}

export const COMMANDS: Readonly<Record<CommandName, Command>> = {
  serve: { usage: '[serve] [options]', summary: 'run the camera', more: '', synonyms: ['start', 'run', 'server'] },
  snapshot: {
    usage: 'snapshot FILE',
    summary: 'take one picture (FILE "-": standard output)',
    more:
      'The picture comes from the server that runs with the same --data-dir, or else straight from the camera. With --source it\n' +
      'comes from there. The options of the camera hold, such as --width: `onvif-camera --help` lists them.',
    synonyms: ['picture', 'photo', 'capture', 'shot', 'still'],
  },
  discover: {
    usage: 'discover',
    summary: 'list the ONVIF cameras of the network (--json, --timeout SECONDS [3])',
    more: 'It asks by WS-Discovery, as recorders do. Cameras of the same network answer, if their discovery is on.',
    synonyms: ['find', 'scan', 'search', 'list', 'probe', 'discovery'],
  },
  homeassistant: {
    usage: 'homeassistant',
    summary: 'show what to type into Home Assistant, or add the camera there (--url)',
    more: 'Without --url it shows what to type there. The camera has to run, with the same --data-dir.',
    synonyms: ['ha', 'hass', 'home-assistant', 'home'],
  },
};

export const isCommand = (name: string): name is CommandName => Object.hasOwn(COMMANDS, name);

/** The error for a word that is none of the commands, with what was meant by it. */
export function unknownCommand(word: string): AppError {
  const names = Object.keys(COMMANDS) as CommandName[];
  const meant = names.find((name) => COMMANDS[name].synonyms.includes(word.toLowerCase())) ?? nearest(word, [...names, 'help', 'version']);
  const advice = /\.ya?ml$/.test(word)
    ? ` A settings file is given with --config ${word}.`
    : parseSourceSpec(word) !== undefined
      ? ` A source is given with --source ${word}.`
      : didYouMean(meant);
  return new AppError('USAGE', `There is no command "${word}".${advice}`);
}
