import { parseSourceSpec, type SourceSpec } from '../camera/source-spec.ts';
import { type ConfigInput, loadConfig } from '../config/load.ts';
import { type ConfigPlace, findConfigFile, systemDataDir } from '../config/places.ts';
import type { Config } from '../config/schema.ts';
import { defaultDataDir } from '../config/state.ts';
import type { Logger } from '../core/log.ts';
import type { Arguments } from './command.ts';
import type { Context } from './context.ts';
import { makeLogger } from './logger.ts';
import { schema, settings } from './settings.ts';

/** What every command begins with. */
export interface Prepared {
  readonly config: Config;
  /** Keys that were set by flags, environment or file. */
  readonly explicit: ReadonlySet<string>;
  /** The settings file that was read, if any. */
  readonly file: string | undefined;
  /** `config.camera.source`, parsed. */
  readonly spec: SourceSpec;
  /** Directory of the state. */
  readonly dataDir: string;
  /** Name of the camera (`--camera`), where this machine has several. */
  readonly instance: string | undefined;
  /** Whether the settings are those of the system's service, whose file was found and not named with --config. */
  readonly ofService: boolean;
  readonly log: Logger;
  /** Directories in which programs are looked up, as in PATH. */
  readonly searchPath: string;
}

/** Returns where the settings come from. @param withFile false: no settings file is read @throws AppError USAGE, CONFIG_UNREADABLE */
export function configInput(args: Arguments, { env }: Context, withFile = true): ConfigInput & { readonly place: ConfigPlace } {
  const place = findConfigFile(args.config, args.camera);
  const file = place.asked && withFile ? place.file : undefined;
  return { flags: args.flags, env, file, defaultFile: withFile ? place.file : '', place };
}

/** Returns the data directory. @param set the setting `dataDir`; empty: the default of a service or of a user holds */
export function dataDirOf(set: string, { camera }: Pick<Arguments, 'camera'>, { ofService }: ConfigPlace, { env, home }: Context): string {
  return set || (ofService ? systemDataDir(camera) : defaultDataDir(env, home, camera));
}

/**
 * Returns the settings with the name of `--camera` as that of the camera, unless its owner set another: two of the default name are
 * hard to tell apart.
 */
export const named = (config: Config, isNameSet: boolean, { camera }: Pick<Arguments, 'camera'>): Config =>
  camera === undefined || isNameSet ? config : { ...config, name: camera };

/**
 * Loads and checks the settings, and makes the log.
 *
 * @param withFile false: no settings file is read, flags and environment have to do
 * @throws AppError CONFIG_INVALID, CONFIG_UNREADABLE, USAGE
 */
export async function prepare(args: Arguments, context: Context, withFile = true): Promise<Prepared> {
  const { camera: instance } = args;
  const input = configInput(args, context, withFile);
  const { place } = input;
  const { config, file, explicit } = await loadConfig(schema, settings, input);
  const log = makeLogger(config.log, context);
  if (file) log.debug(`settings from ${file}`);
  return {
    config: named(config, explicit.has('name'), args),
    explicit,
    instance,
    ofService: place.ofService,
    file,
    // The schema has checked that it can be parsed.
    spec: parseSourceSpec(config.camera.source) as SourceSpec,
    dataDir: dataDirOf(config.dataDir, args, place, context),
    log,
    searchPath: context.env.PATH ?? '',
  };
}
