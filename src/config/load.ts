import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { AppError, messageOf } from '../core/errors.ts';
import type { FileValues } from './file.ts';
import { DEFAULT_CONFIG_FILE } from './places.ts';
import { type Config, type ConfigSchema, type Setting, VARIABLE_PREFIX } from './schema.ts';
import { fromList, fromText } from './settings.ts';
import { adviseOnSetting } from './unknown.ts';

/** Variables with the prefix that are no settings: secrets are kept out of files and command lines. */
const SPECIAL_VARIABLES = new Set([`${VARIABLE_PREFIX}PASSWORD`, `${VARIABLE_PREFIX}HOME_ASSISTANT_TOKEN`]);

export interface ConfigInput {
  /** From the command line, by flag name. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `--config FILE`, or what stands for it. */
  readonly file: string | undefined;
  /** Read where none was named, if it is there. */
  readonly defaultFile: string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** The file that was read, if any. */
  readonly file: string | undefined;
  /** Keys that were set, by whatever means; the others may be changed by what persists. */
  readonly explicit: ReadonlySet<string>;
}

interface Given {
  readonly value: unknown;
  /** "--width", "ONVIF_CAMERA_HTTP_PORT" or "onvif-camera.yaml line 4" */
  readonly where: string;
}

/** Puts flags, environment and file together (in this order of rank) and checks them. Throws an AppError that names every fault. */
export async function loadConfig(schema: ConfigSchema, settings: readonly Setting[], input: ConfigInput): Promise<LoadedConfig> {
  const faults: string[] = [];
  const file = input.file ?? input.defaultFile;
  const source = readIfThere(file, input.file !== undefined);
  // The YAML reader is loaded only where there is a file to read.
  const values = source === undefined ? undefined : (await import('./file.ts')).readConfigFile(source, basename(file), settings);
  faults.push(...(values?.faults ?? []), ...unknownVariables(settings, input.env));

  const given = new Map<string, Given>();
  for (const setting of settings) {
    const found = fromFlags(setting, input) ?? fromEnvironment(setting, input) ?? fromFile(setting, values);
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
      if (wrong.has(setting) && found)
        faults.push(`${found.where}: ${setting.key} is ${show(found.value)}; it must be ${setting.allowed}.`);
    }
  }
  if (!result.success || faults.length > 0) throw new AppError('CONFIG_INVALID', faults.join('\n'));
  return { config: result.data, file: source === undefined ? undefined : file, explicit: new Set(given.keys()) };
}

/** @param asked whether it was named: one that was not need not be there */
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
  return { value: typeof value === 'boolean' ? value : fromText(setting.kind, value), where: `--${setting.flag}` };
}

function fromEnvironment(setting: Setting, { env }: ConfigInput): Given | undefined {
  const value = env[setting.variable];
  // Service files and containers set variables to nothing to leave them out.
  return value === undefined || value === '' ? undefined : { value: fromText(setting.kind, value), where: setting.variable };
}

function fromFile(setting: Setting, values: FileValues | undefined): Given | undefined {
  const found = values?.values.get(setting.key);
  if (!found) return undefined;
  const { value, where } = found;
  if (typeof value === 'string') return { value: fromText(setting.kind, value), where };
  return { value: Array.isArray(value) ? fromList(setting.kind, value) : value, where };
}

function unknownVariables(settings: readonly Setting[], env: ConfigInput['env']): string[] {
  const known = new Set(settings.map((setting) => setting.variable));
  return Object.keys(env)
    .filter((name) => name.startsWith(VARIABLE_PREFIX) && !known.has(name) && !SPECIAL_VARIABLES.has(name))
    .map((name) => `${name}: there is no such setting.${adviseOnSetting(name, settings, 'variable', [...SPECIAL_VARIABLES])}`);
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
