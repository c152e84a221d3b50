import type { Setting } from '../config/schema.ts';
import type { Context } from './context.ts';
import { settings } from './settings.ts';

/** The kind of a value, for completion in a shell: a path, or one of a few words. */
export type ValueKind = 'file' | 'directory' | readonly string[];

/** A flag that is no setting. One name has one type in all commands. */
export interface Flag {
  /** "password-file", without dashes in front. */
  readonly name: string;
  /** "v" for `-v`. */
  readonly short?: string;
  /** As in the help: "FILE"; none for a switch. */
  readonly value?: string;
  /** Left out: any text. */
  readonly kind?: ValueKind;
  /** What it does; the default stands in brackets at the end. */
  readonly help: string;
}

/** A word that follows the command. */
export interface Positional {
  /** As in the usage: "FILE". */
  readonly name: string;
  /** What it is, to follow "takes": "one file name". */
  readonly what: string;
  /** Left out: any text. */
  readonly kind?: ValueKind;
  /** Left out: it has to be there. */
  readonly optional?: boolean;
}

/** A command line for the help. */
export interface Example {
  /** As it is typed, with `onvif-camera` in front, and `sudo` before that where it takes root. */
  readonly line: string;
  /** What it does, to follow "#". */
  readonly does: string;
}

/** The command line, split and checked against the table of commands. */
export interface Arguments {
  /** With its sub-command: "user add". */
  readonly command: string;
  /** The words after the command. */
  readonly positionals: readonly string[];
  /** By flag without dashes: true for a switch, false for `--no-…`. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  /** Path of the settings file (`--config`). */
  readonly config: string | undefined;
  /** Name of the camera, where the machine has several (`--camera`). */
  readonly camera: string | undefined;
  /** Whether the help is asked for, instead of running the command. */
  readonly help: boolean;
  /** Whether the version is asked for, instead of running the command. */
  readonly version: boolean;
}

/** Carries out a command. Resolves to the exit code; rejects with an AppError, which is told to the user. */
export type Handler = (args: Arguments, context: Context) => Promise<number>;

/** What the help says of a command. */
export interface Described {
  readonly name: string;
  /** What it does, to follow its usage in the help: begins small, no full stop. */
  readonly summary: string;
  /** More words on it, for its own help: lines of up to 120 characters. */
  readonly more: string;
  /** Names that other programs have for it. */
  readonly synonyms: readonly string[];
  readonly examples: readonly Example[];
}

/** A command that is run: `discover`, `user add`. */
export interface Action extends Described {
  /** The words that follow it, in order: optional ones last. */
  readonly positionals: readonly Positional[];
  /** The flags that it has besides the {@link COMMON_FLAGS}. */
  readonly flags: readonly Flag[];
  /** Beginnings of the keys of settings that hold for it, such as "camera.", besides those that hold for all; "" is every setting. */
  readonly settings: readonly string[];
  /** Meaning of its exit codes, where {@link COMMON_EXITS} has none or another. */
  readonly exits: Readonly<Record<number, string>>;
  /** Loads the code of this command alone. */
  load(): Promise<Handler>;
}

/** A command whose next word is one of its own: `user`. */
export interface Group extends Described {
  /** In the order of the help. */
  readonly commands: readonly Action[];
}

/** A command as the help lists it. */
export type Command = Action | Group;

/** Returns whether a command takes one of its own as the next word. */
export const isGroup = (command: Command): command is Group => 'commands' in command;

/** The flags of every command. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'config', value: 'FILE', kind: 'file', help: 'Settings file [onvif-camera.yaml, else /etc/onvif-camera.yaml, if there]' },
  { name: 'camera', value: 'NAME', help: 'Of several on this machine: the one of /etc/onvif-camera/NAME.yaml' },
  { name: 'version', short: 'v', help: 'Print the version' },
  { name: 'help', short: 'h', help: 'Print this' },
];

/** The flag of commands whose output programs read as well. */
export const JSON_FLAG: Flag = { name: 'json', help: 'As JSON, for programs' };

/** The meaning of the exit codes that every command has. */
export const COMMON_EXITS: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'it could not be done, and the message says why',
  2: 'wrong usage, or a wrong setting',
};

/** Beginnings of the keys of settings that hold for every command: where its data is, and how much is logged. */
const COMMON_SETTINGS: readonly string[] = ['dataDir', 'log.'];

/** Returns the settings whose flags hold for a command. */
export const settingsOf = (action: Action): Setting[] =>
  settings.filter(({ key }) => [...COMMON_SETTINGS, ...action.settings].some((beginning) => key.startsWith(beginning)));

/** Returns the exit codes of a command with their meaning, in ascending order. */
export const exitsOf = (action: Action): (readonly [code: string, meaning: string])[] =>
  Object.entries({ ...COMMON_EXITS, ...action.exits });
