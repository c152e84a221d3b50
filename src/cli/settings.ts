import { parseSourceSpec, SOURCE_FORMS } from '../camera/source-spec.ts';
import { listSettings, makeSchema, type Setting } from '../config/schema.ts';

export const schema = makeSchema({ forms: SOURCE_FORMS, isSource: (text) => parseSourceSpec(text) !== undefined });
export const settings: readonly Setting[] = listSettings(schema);

/** Whether a flag needs no value: `--hflip`, `--no-hflip`. The ones that turn a whole part off do: `--auth on`. */
export const isSwitch = (setting: Setting) => setting.kind === 'boolean' && !setting.key.endsWith('.enabled');
