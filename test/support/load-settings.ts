import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { schema, settings } from '../../src/cli/settings.ts';
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts';
import { DEFAULT_CONFIG_FILE } from '../../src/config/places.ts';
import type { Config } from '../../src/config/schema.ts';
import { AppError } from '../../src/core/errors.ts';
import { makeTempDir } from './temp-dir.ts';

/** What settings are loaded from. */
interface Given {
  yaml?: string;
  env?: Record<string, string>;
  flags?: Record<string, string | boolean>;
}

/** Loads settings with `yaml` as the default file, in a directory of its own. */
export function load({ yaml, env = {}, flags = {} }: Given): Promise<LoadedConfig> {
  const defaultFile = join(makeTempDir(), DEFAULT_CONFIG_FILE);
  if (yaml !== undefined) writeFileSync(defaultFile, yaml);
  return loadConfig(schema, settings, { flags, env, file: undefined, defaultFile });
}

/** Loads settings, and resolves to those of the camera. */
export const cameraOf = async (given: Given): Promise<Config['camera']> => (await load(given)).config.camera;

/** Loads settings, and resolves to the lines of the error that this ends with. */
export async function faultsOf(given: Given): Promise<string[]> {
  const error = await load(given).catch((thrown: unknown) => thrown);
  if (!(error instanceof AppError)) throw new Error(`expected an AppError, got ${JSON.stringify(error)}`);
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.exitCode).toBe(2);
  return error.message.split('\n');
}

/** Returns a fault in the file as a line of the error. */
export const inFile = (line: number, text: string) => `onvif-camera.yaml line ${line}: ${text}`;
