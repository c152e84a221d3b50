import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { type FileFault, faultyYaml, type Place } from './faulty-yaml.ts';
import { adviseOnSection, adviseOnSetting, type Names } from './unknown.ts';

/** What a settings file has. */
export interface FileValues {
  /** By key ("camera.width"). */
  readonly values: ReadonlyMap<string, FileValue>;
  /** What is wrong with it. */
  readonly faults: readonly FileFault[];
}

/** A value in a settings file. */
export interface FileValue {
  /** Text, a list of texts, or `{}` for anything else. */
  readonly value: unknown;
  readonly at: Place | undefined;
}

/**
 * Reads the YAML text of a settings file: values by key with the place of each. Values stay text, as on the command line: only the
 * setting knows whether it is a number. Unknown keys and faulty YAML are reported as faults, not thrown.
 */
export function readConfigFile(text: string, settings: readonly Names[]): FileValues {
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const values = new Map<string, FileValue>();
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const faults = faultyYaml(document.errors, text, placeOf);
  if (faults.length > 0 || document.contents === null) return { values, faults };

  const keys = settings.map((setting) => setting.key);
  const sections = new Set(keys.filter((key) => key.includes('.')).map((key) => key.slice(0, key.lastIndexOf('.'))));
  const place = (node: unknown): Place | undefined => {
    const offset = (node as Node | null)?.range?.[0];
    return offset === undefined ? undefined : placeOf(offset);
  };
  const walk = (node: unknown, path: string) => {
    if (!isMap(node)) {
      const prefix = path === '' ? '' : `${path}.`;
      const unseparated = isScalar(node) ? /^([A-Za-z0-9]+):?\s*(\S[^\n]*)/.exec(String(node.value)) : null;
      if (unseparated && keys.some((key) => key === prefix + unseparated[1])) {
        const [, key, value] = unseparated;
        const message = `between ${key} and its value there must be a colon and a space, as in "${key}: ${value}".`;
        faults.push({ at: place(node), message });
        return;
      }
      const first = keys.find((key) => key.startsWith(prefix))?.slice(prefix.length);
      const what = path === '' ? 'the file must have lines' : `${path} must be followed by indented lines`;
      faults.push({ at: place(node), message: `${what} with a key and a value, such as "${first}: …".` });
      return;
    }
    for (const pair of node.items) {
      const key = String(isScalar(pair.key) ? pair.key.value : pair.key);
      const full = path === '' ? key : `${path}.${key}`;
      if (!sections.has(full) && !keys.includes(full)) {
        // The name of a section is no advice for a value, nor that of a setting for a section.
        const advice = isMap(pair.value) ? adviseOnSection(full, [...sections]) : adviseOnSetting(full, settings, 'key');
        faults.push({ at: place(pair.key), message: `there is no setting ${full}.${advice}` });
      } else if (isLeftOut(pair.value)) continue;
      else if (sections.has(full)) walk(pair.value, full);
      else values.set(full, { value: contentOf(pair.value), at: place(pair.key) });
    }
  };
  walk(document.contents, '');
  return { values, faults };
}

/** Returns whether a key has no value, as in `annotate:`, and so leaves the setting at its default. */
const isLeftOut = (node: unknown) =>
  node === null || (isScalar(node) && node.type === 'PLAIN' && /^(|~|null|Null|NULL)$/.test(String(node.value)));

/** Returns the text or list of a node; `{}` for what is neither (a map, an alias), which no setting takes. */
const contentOf = (node: unknown): unknown => (isScalar(node) ? node.value : isSeq(node) ? node.items.map(contentOf) : {});
