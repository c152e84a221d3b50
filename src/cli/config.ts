import { isAbsolute, resolve } from 'node:path';
import { Document, isCollection, isScalar, isSeq } from 'yaml';
import { type ConfigFault, configError, examineConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { persistedSettings, readExistingState, type State } from '../config/state.ts';
import { AppError, EXIT } from '../core/errors.ts';
import { withoutCredentials } from '../core/log.ts';
import { visible, visibleLines } from '../core/terminal.ts';
import type { Handler } from './command.ts';
import type { Context } from './context.ts';
import { printJson } from './output.ts';
import { configInput, dataDirOf, named } from './prepare.ts';
import { schema, settings } from './settings.ts';

/** `onvif-camera config check`: tells every mistake in the settings, with its place. */
export const checkConfig: Handler = async (args, context) => {
  const input = configInput(args, context);
  const { file, faults } = await examineConfig(schema, settings, input);
  if (args.flags.json === true) printJson({ file: file === undefined ? null : resolve(file), faults: faults.map(faultJson) }, context);
  else if (faults.length > 0) {
    const lines = faults.map((fault) => visible(faultLine(fault, file)));
    context.stdout.write(`${lines.join('\n')}\n${faults.length} mistake${faults.length === 1 ? '' : 's'}.\n`);
  } else
    context.stdout.write(
      `${visible(file ?? `There is no ${input.defaultFile}${isAbsolute(input.defaultFile) ? '' : ' here'}`)}: all is well${file ? '' : ', the defaults hold'}.\n`,
    );
  return faults.length === 0 ? EXIT.ok : EXIT.usage;
};

/** Returns a fault in the form of compilers, by which editors find the place: "onvif-camera.yaml:3:5: …". */
function faultLine({ from, at, where, message }: ConfigFault, file: string | undefined): string {
  const place = from === 'file' ? [file, at?.line, at?.column].filter((part) => part !== undefined).join(':') : where;
  return `${place}: ${message}`;
}

const faultJson = ({ from, where, at, message }: ConfigFault) => ({
  from,
  ...(from === 'file' ? { line: at?.line ?? null, column: at?.column ?? null } : { name: where }),
  message,
});

/** A setting with the value that is in force. */
interface InForce {
  readonly key: string;
  readonly path: readonly string[];
  readonly value: unknown;
  readonly from: 'flag' | 'environment' | 'file' | 'state' | 'default';
  /** Where it was set: "--width", "onvif-camera.yaml line 4"; undefined for the default. */
  readonly where: string | undefined;
}

/** `onvif-camera config print`: shows the settings in force, and where each comes from. */
export const printConfig: Handler = async (args, context) => {
  const input = configInput(args, context);
  const { config: loaded, given, faults } = await examineConfig(schema, settings, input);
  if (!loaded) throw configError(faults);
  const config = named(loaded, given.has('name'), args);
  const kept = persistedSettings(readStateIfThere(dataDirOf(config.dataDir, args, input.place, context), context));
  const inForce = settings.map(({ key, path }): InForce => {
    const owner = given.get(key);
    const value = shown(valueAt(config, path));
    if (owner) return { key, path, value, from: owner.from, where: owner.where };
    return kept.has(key)
      ? { key, path, value: shown(kept.get(key)), from: 'state', where: 'state: a client set it' }
      : { key, path, value, from: 'default', where: undefined };
  });
  if (args.flags.json === true)
    printJson(
      inForce.map(({ path: _, where, ...each }) => ({ ...each, where: where ?? null })),
      context,
    );
  else context.stdout.write(asYaml(inForce, Boolean(context.env.ONVIF_CAMERA_PASSWORD)));
  return EXIT.ok;
};

const valueAt = (config: Config, path: readonly string[]): unknown =>
  path.reduce<unknown>((branch, part) => (branch as Record<string, unknown>)[part], config);

const shown = (value: unknown): unknown =>
  typeof value === 'string' ? withoutCredentials(value) : Array.isArray(value) ? value.map(shown) : value;

/** Returns the state; undefined where there is none yet. Where it cannot be read, that is told, and the rest is shown all the same. */
function readStateIfThere(dataDir: string, { stderr }: Context): State | undefined {
  try {
    return readExistingState(dataDir);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code !== 'NO_STATE') stderr.write(visibleLines(`${error.message}\nWhat clients have changed is therefore missing here.\n`));
    return undefined;
  }
}

/** Returns a settings file with all settings, each with a comment on where it comes from. */
function asYaml(inForce: readonly InForce[], hasPassword: boolean): string {
  const document = new Document({});
  for (const { path, value, where } of inForce) {
    document.setIn(path, document.createNode(value));
    const node = document.getIn(path, true);
    if (isSeq(node)) node.flow = true;
    if (isScalar(node) || isCollection(node)) node.comment = ` ${where ?? 'default'}`;
  }
  if (hasPassword) document.commentBefore = ' ONVIF_CAMERA_PASSWORD is set: it is the password of admin.';
  return visibleLines(document.toString({ lineWidth: 0 }));
}

/** `onvif-camera config path`: shows which settings file is read, and where the state is. */
export const showPaths: Handler = async (args, context) => {
  // Mistakes in the file do not keep it from being found.
  const input = configInput(args, context);
  const { file, given } = await examineConfig(schema, settings, input);
  const set = given.get('dataDir')?.value;
  const dataDir = resolve(dataDirOf(typeof set === 'string' ? set : '', args, input.place, context));
  const lookedFor = resolve(input.defaultFile);
  if (args.flags.json === true) printJson({ file: file === undefined ? null : resolve(file), dataDir }, context);
  else
    context.stdout.write(
      `Settings file   ${visible(file === undefined ? `none (${lookedFor} is not there)` : resolve(file))}\nData directory  ${visible(dataDir)}\n`,
    );
  return EXIT.ok;
};
