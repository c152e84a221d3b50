import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { AppError, messageOf } from '../core/errors.ts';
import type { Place } from './faulty-yaml.ts';
import type { FileValues } from './file.ts';
import { DEFAULT_CONFIG_FILE } from './places.ts';
import { type Config, type ConfigSchema, type Setting, VARIABLE_PREFIX } from './schema.ts';
import { fromList, fromText } from './settings.ts';
import { adviseOnSetting } from './unknown.ts';

/**
 * Variables with the prefix that are no settings: secrets, which are to stay out of files and command lines, and V8's, as the engine
 * is set up before any file is read.
 */
const SPECIAL_VARIABLES = new Set(['PASSWORD', 'HOME_ASSISTANT_TOKEN', 'PLAIN_V8'].map((name) => VARIABLE_PREFIX + name));

/** Where settings come from. */
export interface ConfigInput {
  /** From the command line, by flag without its dashes. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  /** The environment: empty variables count as not set. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file of `--config` or `--camera`, which must be there. */
  readonly file: string | undefined;
  /** The file that is read where none was named, if it exists. */
  readonly defaultFile: string;
}

/** Settings without a fault. */
export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read, if any. */
  readonly file: string | undefined;
  /** Keys that were set, by whatever means: clients can change only the others. */
  readonly explicit: ReadonlySet<string>;
}

/** A value of a setting, and where it was given. */
export interface Given {
  /** As the setting's kind reads it; what cannot be read is still text. */
  readonly value: unknown;
  readonly from: 'flag' | 'environment' | 'file';
  /** "--width", "ONVIF_CAMERA_HTTP_PORT" or "onvif-camera.yaml line 4" */
  readonly where: string;
  /** The place in the file. */
  readonly at?: Place | undefined;
}

/** Something that is wrong with what was given. */
export interface ConfigFault {
  readonly from: Given['from'];
  /** As in {@link Given}. */
  readonly where: string;
  /** As in {@link Given}. */
  readonly at?: Place | undefined;
  /** A sentence that begins small, to follow `where` and a colon. */
  readonly message: string;
}

/** Settings, whether or not something is wrong with them. */
export interface ExaminedConfig {
  /** Undefined where something is wrong. */
  readonly config: Config | undefined;
  /** The file that was read, if any. */
  readonly file: string | undefined;
  /** What was set by key, faulty values included. */
  readonly given: ReadonlyMap<string, Given>;
  readonly faults: readonly ConfigFault[];
}

/**
 * Merges flags, environment and file, in this order of precedence, checks them and resolves to the settings.
 *
 * @throws AppError CONFIG_INVALID, which names every fault, or CONFIG_UNREADABLE
 */
export async function loadConfig(schema: ConfigSchema, settings: readonly Setting[], input: ConfigInput): Promise<LoadedConfig> {
  const { config, file, given, faults } = await examineConfig(schema, settings, input);
  if (!config) throw configError(faults);
  return { config, file, explicit: new Set(given.keys()) };
}

/** Returns the AppError CONFIG_INVALID that names every fault, one a line. */
export const configError = (faults: readonly ConfigFault[]): AppError =>
  new AppError('CONFIG_INVALID', faults.map(({ where, message }) => `${where}: ${message}`).join('\n'));

/** Does the same as {@link loadConfig}, but resolves to the faults as a list. @throws AppError CONFIG_UNREADABLE */
export async function examineConfig(schema: ConfigSchema, settings: readonly Setting[], input: ConfigInput): Promise<ExaminedConfig> {
  const file = input.file ?? input.defaultFile;
  const source = readIfThere(file, input.file !== undefined);
  // The YAML reader is loaded only where there is a file to read.
  const values = source === undefined ? undefined : (await import('./file.ts')).readConfigFile(source, settings);
  const inFile = (at: Place | undefined) => ({ from: 'file' as const, where: `${basename(file)}${at ? ` line ${at.line}` : ''}`, at });
  const faults: ConfigFault[] = (values?.faults ?? []).map(({ at, message }) => ({ ...inFile(at), message }));
  faults.push(...unknownVariables(settings, input.env));

  const given = new Map<string, Given>();
  for (const setting of settings) {
    const found = fromFlags(setting, input) ?? fromEnvironment(setting, input) ?? fromFile(setting, values, inFile);
    if (found) given.set(setting.key, found);
  }
  const tree: Record<string, unknown> = {};
  for (const setting of settings) {
    const found = given.get(setting.key);
    if (found) put(tree, setting.path, found.value);
  }
  const result = schema.safeParse(tree);
  if (!result.success) {
    const wrong = new Set(
      result.error.issues.map((issue) => settings.find((each) => each.path.every((part, at) => part === issue.path[at]))),
    );
    for (const setting of settings) {
      const found = given.get(setting.key);
      if (!wrong.has(setting) || !found) continue;
      const { value, ...place } = found;
      faults.push({ ...place, message: `${setting.key} is ${show(value)}; it must be ${setting.allowed}.` });
    }
  }
  const config = result.success && faults.length === 0 ? result.data : undefined;
  return { config, file: source === undefined ? undefined : file, given, faults };
}

/** Returns the text of a file; undefined where it is not there. @param asked whether it was named, and so must be there */
function readIfThere(file: string, asked: boolean): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !asked) return undefined;
    if (code === 'ENOENT')
      throw new AppError('CONFIG_UNREADABLE', `There is no settings file ${file}.`, {
        hint: `Looked for was ${resolve(file)}. Check the name after --config, or leave it out to start with the defaults.`,
        cause: error,
      });
    if (code === 'EISDIR')
      throw new AppError('CONFIG_UNREADABLE', `${file} is a directory, not a settings file.`, {
        hint: asked ? `Name a file: --config ${join(file, DEFAULT_CONFIG_FILE)}` : 'Rename it, or name a file with --config FILE.',
        cause: error,
      });
    throw new AppError('CONFIG_UNREADABLE', `The settings file ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (!isUtf8(bytes))
    throw new AppError('CONFIG_UNREADABLE', `The settings file ${file} is not written in UTF-8.`, {
      hint: 'Save it again with the encoding UTF-8, which editors have as a choice in "Save as".',
    });
  return bytes.toString('utf8');
}

function fromFlags(setting: Setting, { flags }: ConfigInput): Given | undefined {
  const value = flags[setting.flag];
  if (value === undefined) return undefined;
  return { value: typeof value === 'boolean' ? value : fromText(setting.kind, value), from: 'flag', where: `--${setting.flag}` };
}

function fromEnvironment(setting: Setting, { env }: ConfigInput): Given | undefined {
  const value = env[setting.variable];
  // Service files and containers leave a variable out by setting it to nothing.
  if (value === undefined || value === '') return undefined;
  return { value: fromText(setting.kind, value), from: 'environment', where: setting.variable };
}

function fromFile(
  setting: Setting,
  values: FileValues | undefined,
  inFile: (at: Place | undefined) => Omit<Given, 'value'>,
): Given | undefined {
  const found = values?.values.get(setting.key);
  if (!found) return undefined;
  const { value, at } = found;
  if (typeof value === 'string') return { value: fromText(setting.kind, value), ...inFile(at) };
  return { value: Array.isArray(value) ? fromList(setting.kind, value) : value, ...inFile(at) };
}

function unknownVariables(settings: readonly Setting[], env: ConfigInput['env']): ConfigFault[] {
  const known = new Set(settings.map((setting) => setting.variable));
  return Object.keys(env)
    .filter((name) => name.startsWith(VARIABLE_PREFIX) && !known.has(name) && !SPECIAL_VARIABLES.has(name))
    .map((where) => {
      const message = `there is no such setting.${adviseOnSetting(where, settings, 'variable', [...SPECIAL_VARIABLES])}`;
      return { from: 'environment', where, message };
    });
}

function put(tree: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) {
    tree[key] = value;
    return;
  }
  const branch = (tree[key] ?? {}) as Record<string, unknown>;
  tree[key] = branch;
  put(branch, rest, value);
}

function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  // A file can have indented lines where a value should be.
  return typeof value === 'string' || Array.isArray(value) || typeof value === 'boolean' ? JSON.stringify(value) : 'no single value';
}
