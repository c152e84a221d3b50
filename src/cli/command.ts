import type { Setting } from '../config/schema.ts';
import type { Context } from './context.ts';
import { settings } from './settings.ts';

/** What kind of value it is, for completion in a shell; any text where nothing is said. */
export type ValueKind = 'file' | 'directory' | readonly string[];

/** A flag that is no setting. One name has one type in all commands. */
export interface Flag {
  /** "password-file", without dashes in front. */
  readonly name: string;
  /** "v" for `-v`. */
  readonly short?: string;
  /** As in the help: "FILE"; none for a switch. */
  readonly value?: string;
  readonly kind?: ValueKind;
  /** What it does; what holds without it stands in brackets at the end. */
  readonly help: string;
}

/** A word that follows the command. */
export interface Positional {
  /** As in the usage: "FILE". */
  readonly name: string;
  /** What it is, to follow "takes": "one file name". */
  readonly what: string;
  readonly kind?: ValueKind;
  readonly optional?: boolean;
}

export interface Example {
  /** As it is typed, with `onvif-camera` in front, and `sudo` before that where it takes root. */
  readonly line: string;
  readonly does: string;
}

/** The command line, split and checked against the table of commands. */
export interface Arguments {
  /** With its sub-command: "user add". */
  readonly command: string;
  readonly positionals: readonly string[];
  /** By flag name, without dashes. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly config: string | undefined;
  /** Name of the camera, where the machine has several. */
  readonly camera: string | undefined;
  readonly help: boolean;
  readonly version: boolean;
}

/** Does what the command is for. Returns the exit code; throws AppErrors, which are told to the user. */
export type Handler = (args: Arguments, context: Context) => Promise<number>;

/** What the help says of a command. */
export interface Described {
  readonly name: string;
  /** What it does, to follow "onvif-camera snapshot FILE". */
  readonly summary: string;
  /** More words on it, for its own help: lines of up to 120 characters. */
  readonly more: string;
  /** Names that other programs have for it. */
  readonly synonyms: readonly string[];
  readonly examples: readonly Example[];
}

/** A command that is run: `discover`, `user add`. */
export interface Action extends Described {
  readonly positionals: readonly Positional[];
  /** Its own flags. */
  readonly flags: readonly Flag[];
  /** Beginnings of the keys of settings that hold for it, such as "camera.", besides those that hold for all; "" is every setting. */
  readonly settings: readonly string[];
  /** Exit codes with what they mean here, besides the {@link COMMON_EXITS}. */
  readonly exits: Readonly<Record<number, string>>;
  /** Loads its code, which the other commands do without. */
  load(): Promise<Handler>;
}

/** A command whose next word is one of its own: `user`. */
export interface Group extends Described {
  readonly commands: readonly Action[];
}

export type Command = Action | Group;

export const isGroup = (command: Command): command is Group => 'commands' in command;

/** Flags of every command. */
export const COMMON_FLAGS: readonly Flag[] = [
  { name: 'config', value: 'FILE', kind: 'file', help: 'Settings file [onvif-camera.yaml, else /etc/onvif-camera.yaml, if there]' },
  { name: 'camera', value: 'NAME', help: 'Of several on this machine: the one of /etc/onvif-camera/NAME.yaml' },
  { name: 'version', short: 'v', help: 'Print the version' },
  { name: 'help', short: 'h', help: 'Print this' },
];

/** The flag of commands whose output programs read, too. */
export const JSON_FLAG: Flag = { name: 'json', help: 'As JSON, for programs' };

/** Exit codes that every command has, with what they mean unless it says otherwise. */
export const COMMON_EXITS: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'it could not be done, and the message says why',
  2: 'wrong usage, or a wrong setting',
};

/** Settings of every command: where its data is, and how much is logged. */
const COMMON_SETTINGS: readonly string[] = ['dataDir', 'log.'];

/** The settings whose flags hold for a command. */
export const settingsOf = (action: Action): Setting[] =>
  settings.filter(({ key }) => [...COMMON_SETTINGS, ...action.settings].some((beginning) => key.startsWith(beginning)));

/** Exit codes of a command with what they mean, in their order. */
export const exitsOf = (action: Action): (readonly [code: string, meaning: string])[] =>
  Object.entries({ ...COMMON_EXITS, ...action.exits });
