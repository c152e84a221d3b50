import { parseSourceSpec, type SourceSpec } from '../camera/source-spec.ts';
import { DEFAULT_CONFIG_FILE, loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { defaultDataDir } from '../config/state.ts';
import type { Logger } from '../core/log.ts';
import type { Arguments } from './command.ts';
import type { Context } from './context.ts';
import { makeLogger } from './logger.ts';
import { schema, settings } from './settings.ts';

export interface Prepared {
  readonly config: Config;
  /** Keys that were set by flags, environment or file. */
  readonly explicit: ReadonlySet<string>;
  readonly spec: SourceSpec;
  readonly dataDir: string;
  readonly log: Logger;
  readonly searchPath: string;
}

/** What every command begins with: the settings, checked, and the log. Throws an AppError if a setting is wrong. */
export async function prepare(args: Arguments, context: Context): Promise<Prepared> {
  const { config, file, explicit } = await loadConfig(schema, settings, {
    flags: args.flags,
    env: context.env,
    file: args.config,
    defaultFile: DEFAULT_CONFIG_FILE,
  });
  const log = makeLogger(config.log, context);
  if (file) log.debug(`settings from ${file}`);
  return {
    config,
    explicit,
    // The schema has checked it.
    spec: parseSourceSpec(config.camera.source) as SourceSpec,
    dataDir: config.dataDir || defaultDataDir(context.env, context.home),
    log,
    searchPath: context.env.PATH ?? '',
  };
}
