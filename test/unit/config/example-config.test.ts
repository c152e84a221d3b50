import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { isMap, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import { schema, settings } from '../../../src/cli/settings.ts';
import { loadConfig } from '../../../src/config/load.ts';

const FILE = join(import.meta.dirname, '../../../onvif-camera.example.yaml');
const text = readFileSync(FILE, 'utf8');
const lines = text.split('\n');

/** Every key of the file with its value as it is written, by its full name. */
function entries(): Map<string, { value: unknown; line: number }> {
  const counter = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: counter });
  expect(document.errors).toEqual([]);
  const found = new Map<string, { value: unknown; line: number }>();
  const walk = (map: YAMLMap, path: string) => {
    for (const { key, value } of map.items as { key: { value: string; range: number[] }; value: unknown }[]) {
      const full = `${path}${key.value}`;
      if (isMap(value)) walk(value, `${full}.`);
      else found.set(full, { value: (value as { toJSON(): unknown }).toJSON(), line: counter.linePos(key.range[0]!).line });
    }
  };
  walk(document.contents as YAMLMap, '');
  return found;
}

/** A default as the file should have it: as a person writes it. */
const asWritten = (preset: unknown) =>
  typeof preset === 'boolean' ? (preset ? 'on' : 'off') : Array.isArray(preset) ? preset : String(preset);

test('has every setting, no other, in the order of the help, each at its default', () => {
  const found = [...entries()].map(([key, { value }]) => [key, value]);
  expect(found).toEqual(settings.map(({ key, preset }) => [key, asWritten(preset)]));
  expect(found.length).toBeGreaterThan(30);
});

test('every setting is explained above it, or above the group of lines it is in', () => {
  for (const [key, { line }] of entries()) {
    let above = line - 2;
    while (/^\s*\w+: /.test(lines[above]!)) above--;
    expect(`${key}: ${lines[above]}`).toMatch(/^\S+: \s*# +\S/);
  }
});

test('every word of a choice and both ends of a range are named in it', () => {
  const at = entries();
  for (const { key, kind, allowed } of settings) {
    const { line } = at.get(key)!;
    const start = lines.slice(0, line - 1).lastIndexOf('');
    const comment = lines.slice(start, line).join('\n');
    const words =
      kind === 'choice' ? allowed.replace('one of ', '').split(', ') : (/from (\S+) to (\d+\.?\d*)/.exec(allowed)?.slice(1) ?? []);
    // An exposure or a gain of 0 is none: the comment says "automatic" of it.
    for (const word of words) expect(`${key}: ${comment}`).toMatch(new RegExp(`(^|[^\\w.-])${word.replaceAll('.', '\\.')}([^\\w]|$)`, 'm'));
  }
});

test('copied as it is, it changes nothing', async () => {
  const load = (file: string | undefined) =>
    loadConfig(schema, settings, { flags: {}, env: {}, file, defaultFile: '/nonexistent/onvif-camera.yaml' });
  const { config, file } = await load(FILE);
  expect(file).toBe(FILE);
  expect(config).toEqual((await load(undefined)).config);
});

test('has lines that fit a terminal', () => {
  expect(lines.filter((line) => line.length > 120 || /\s$/.test(line) || line.includes('\t'))).toEqual([]);
});
