import { type Action, COMMON_FLAGS, type Command, type Flag, settingsOf } from '../../src/cli/command.ts';
import { actionsOf } from '../../src/cli/commands/index.ts';
import { isSwitch } from '../../src/cli/settings.ts';
import type { Setting } from '../../src/config/schema.ts';

/** The words that a shell may offer after a flag or a command; `text` is anything. */
export type Offer = { readonly words: readonly string[] } | 'file' | 'directory' | 'text';

/** A flag as a shell completes it. */
export interface ShellFlag {
  readonly name: string;
  readonly short?: string | undefined;
  readonly help: string;
  /** Name of its value, as in the help; none for a switch. */
  readonly value?: string | undefined;
  readonly offer: Offer;
}

/** Words with which values of a setting can begin, by its key, where the schema has only a text. */
const BEGINNINGS: Readonly<Record<string, readonly string[]>> = {
  'camera.source': ['auto', 'rpicam', 'v4l2', 'images:', 'test'],
};

/** Returns the flags of a command: its own, those of its settings, those of every command. */
export const flagsOf = (action: Action): ShellFlag[] => [
  ...action.flags.map(fromFlag),
  ...settingsOf(action).map(fromSetting),
  ...COMMON_FLAGS.map(fromFlag),
];

const fromFlag = ({ name, short, help, value, kind }: Flag): ShellFlag => ({
  name,
  short,
  help,
  value,
  offer: kind === 'file' || kind === 'directory' ? kind : kind ? { words: kind } : 'text',
});

function fromSetting(setting: Setting): ShellFlag {
  const { flag, help, value, kind, key } = setting;
  const listed = BEGINNINGS[key] ?? (kind === 'choice' || kind === 'boolean' ? value.split('|') : undefined);
  const offer = listed ? { words: listed } : value === 'FILE' ? 'file' : value === 'DIR' ? 'directory' : 'text';
  return { name: flag, help, value: isSwitch(setting) ? undefined : value, offer };
}

/** Returns every flag of every command, each once: one name has one meaning. */
export const everyFlag = (commands: readonly Command[]): ShellFlag[] => [
  ...new Map(actionsOf(commands).flatMap(([, action]) => flagsOf(action).map((flag) => [flag.name, flag] as const))).values(),
];
