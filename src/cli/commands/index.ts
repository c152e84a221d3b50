import { parseSourceSpec } from '../../camera/source-spec.ts';
import { didYouMean, nearest } from '../../config/suggest.ts';
import { AppError } from '../../core/errors.ts';
import { type Action, type Command, isGroup } from '../command.ts';
import { config } from './config.ts';
import { discover } from './discover.ts';
import { doctor } from './doctor.ts';
import { events } from './events.ts';
import { homeassistant } from './homeassistant.ts';
import { serve } from './serve.ts';
import { service } from './service.ts';
import { snapshot } from './snapshot.ts';
import { status } from './status.ts';
import { user } from './user.ts';

/** Every command, in the order of the help; the first runs where none is typed. The code of each is loaded only when it runs. */
export const COMMANDS: readonly [Action, ...Command[]] = [
  serve,
  status,
  snapshot,
  events,
  discover,
  doctor,
  homeassistant,
  user,
  config,
  service,
];

/** Returns the commands that can be run, those of groups included, with their full names. */
export const actionsOf = (commands: readonly Command[]): (readonly [path: string, action: Action])[] =>
  commands.flatMap((command) =>
    isGroup(command)
      ? command.commands.map((action) => [`${command.name} ${action.name}`, action] as const)
      : [[command.name, command] as const],
  );

/** The command that the words after `onvif-camera` name, and the words that are left. */
export interface Found {
  /** "user add" */
  readonly path: string;
  readonly command: Command;
  /** The words after the command. */
  readonly rest: readonly string[];
}

/**
 * Finds the command that the words begin with; of a group's words, the second one too.
 * @throws AppError USAGE for a word that is no command, with the command that it may mean
 */
export function findCommand(words: readonly string[], commands: typeof COMMANDS = COMMANDS): Found {
  const [first = commands[0].name, second, ...more] = words;
  const command = commands.find(({ name }) => name === first);
  if (!command) throw unknownCommand(first, commands);
  if (!isGroup(command) || second === undefined) return { path: command.name, command, rest: words.slice(1) };
  const action = command.commands.find(({ name }) => name === second);
  if (!action) throw unknownAction(second, command.name, command.commands);
  return { path: `${command.name} ${action.name}`, command: action, rest: more };
}

/** Returns a hint at the help of a command, for the end of a message. @param path "user add" */
export const hintAt = (path: string): string => `Run \`onvif-camera ${path === 'serve' ? '' : `${path} `}--help\` for the usage.`;

/** Returns the command that has a word among its synonyms. */
const called = <T extends Command>(word: string, commands: readonly T[]): T | undefined =>
  commands.find(({ synonyms }) => synonyms.includes(word.toLowerCase()));

function unknownCommand(word: string, commands: readonly Command[]): AppError {
  const inGroups = () =>
    commands.filter(isGroup).flatMap((group) => {
      const action = group.commands.find(({ name }) => name === word.toLowerCase()) ?? called(word, group.commands);
      return action ? [`${group.name} ${action.name}`] : [];
    })[0];
  const names = commands.map(({ name }) => name);
  const meant = called(word, commands)?.name ?? nearest(word, [...names, 'help', 'version']) ?? inGroups();
  const advice = /\.ya?ml$/.test(word)
    ? ` A settings file is given with --config ${word}.`
    : parseSourceSpec(word) !== undefined
      ? ` A source is given with --source ${word}.`
      : didYouMean(meant);
  return new AppError('USAGE', `There is no command "${word}".${advice}`);
}

function unknownAction(word: string, group: string, actions: readonly Action[]): AppError {
  const names = actions.map(({ name }) => name);
  const meant = called(word, actions)?.name ?? nearest(word, [...names, 'help']);
  return new AppError('USAGE', `There is no command "${group} ${word}".${didYouMean(meant && `${group} ${meant}`)}`, {
    hint: hintAt(group),
  });
}
