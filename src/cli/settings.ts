import { parseSourceSpec, SOURCE_FORMS } from '../camera/source-spec.ts';
import { listSettings, makeSchema, type Setting } from '../config/schema.ts';

/** The schema of all settings, with the sources that this program has. */
export const schema = makeSchema({ forms: SOURCE_FORMS, isSource: (text) => parseSourceSpec(text) !== undefined });
/** All settings, in the order of the schema. */
export const settings: readonly Setting[] = listSettings(schema);

/** Returns whether a flag needs no value: `--hflip`, `--no-hflip`. Those that turn a whole section on and off do: `--auth on`. */
export const isSwitch = (setting: Setting) => setting.kind === 'boolean' && !setting.key.endsWith('.enabled');
