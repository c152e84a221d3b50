import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const SRC = join(import.meta.dirname, '../src');
const MAX_LINES = 400;

/** What a file of src/ imports: files of src/ by their path in it ("core/errors.ts"), packages by their name. */
type Imports = ReadonlyMap<string, readonly string[]>;

/** The layers: which other parts of src/ a part may import. A part is a folder of src/, or a file in it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  frames: ['core'],
  protocols: ['frames', 'core'],
  hub: ['frames', 'core'],
  encode: ['protocols', 'frames', 'core'],
  auth: ['protocols', 'core'],
  camera: ['frames', 'core'],
  config: ['core'],
  system: ['core'],
  servers: ['hub', 'auth', 'encode', 'protocols', 'frames', 'core'],
  onvif: ['hub', 'auth', 'encode', 'protocols', 'frames', 'core'],
  discovery: ['hub', 'auth', 'encode', 'protocols', 'frames', 'core'],
  analysis: ['hub', 'auth', 'encode', 'protocols', 'frames', 'core'],
  // In the browser, bundled by itself.
  web: ['core'],
  'app.ts': [
    'adapters',
    'servers',
    'onvif',
    'discovery',
    'analysis',
    'hub',
    'auth',
    'encode',
    'camera',
    'config',
    'system',
    'protocols',
    'frames',
    'core',
  ],

  // What the services ask for, made of what the program has.
  adapters: ['servers', 'onvif', 'discovery', 'hub', 'auth', 'encode', 'camera', 'config', 'system', 'protocols', 'frames', 'core'],
  // Looks at all of it from outside, as far as there are rules to share.
  doctor: ['servers', 'discovery', 'encode', 'camera', 'config', 'system', 'protocols', 'frames', 'core'],
  cli: ['app.ts', 'doctor', 'config', 'camera', 'system', 'frames', 'core'],
  // The process: what it was started with, its signals and its end.
  'start.ts': ['cli'],
  // Runs on any version of Node.js, and loads start.ts on one that is new enough.
  'main.ts': ['start.ts'],
};

/** Packages that one part alone may import. */
const OWNERS: Readonly<Record<string, string>> = { soap: 'onvif' };

/** Parts that only compute: same input, same output, whatever the network, the disk and the clock do. */
const PURE = new Set(['frames', 'protocols']);
const IMPURE_MODULES = /^(node:)?(net|http|https|http2|tls|dgram|dns|fs|fs\/promises|child_process|timers|timers\/promises|process|os)$/;

const partOf = (file: string) => file.split('/')[0]!;
const isOurs = (name: string) => name.endsWith('.ts');

/** Imports against the direction of the layers, one line each. */
function layerViolations(imports: Imports): string[] {
  return [...imports].flatMap(([file, targets]) => {
    const part = partOf(file);
    const allowed = MAY_IMPORT[part];
    if (!allowed) return [`${file}: ${part} is in no layer`];
    return targets.flatMap((target) => {
      if (!isOurs(target)) {
        const owner = OWNERS[target.split('/')[0]!];
        if (owner !== undefined && owner !== part) return [`${file}: only ${owner} may import ${target}`];
        return PURE.has(part) && IMPURE_MODULES.test(target) ? [`${file}: ${part} is pure, but imports ${target}`] : [];
      }
      if (!imports.has(target)) return [`${file}: there is no ${target}`];
      return partOf(target) === part || allowed.includes(partOf(target)) ? [] : [`${file}: ${part} may not import ${target}`];
    });
  });
}

/** Circles of imports, each as "a.ts → b.ts → a.ts". */
function cycles(imports: Imports): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]) => {
    const start = path.indexOf(file);
    if (start >= 0) found.push([...path.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return found;
}

/** What a file imports: static, dynamic, types only, for its effects, and what it exports again. */
function importsOf(file: string, text: string): string[] {
  const pattern = /(?:^|[\s;}(])(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g;
  return [...withoutComments(text).matchAll(pattern)].map(([, , name]) =>
    name!.startsWith('.') ? posix.normalize(posix.join(posix.dirname(file), name!)) : name!,
  );
}

const withoutComments = (text: string) => text.replace(/^\s*\/\*[\s\S]*?\*\//gm, '').replace(/(^|\s)\/\/.*$/gm, '');

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((name) => name.replaceAll('\\', '/'))
  .filter((name) => name.endsWith('.ts'));
const texts = new Map(files.map((file) => [file, readFileSync(join(SRC, file), 'utf8')]));
const imports: Imports = new Map([...texts].map(([file, text]) => [file, importsOf(file, text)]));

describe('src/', () => {
  test('is there, and its imports are seen', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(imports.get('start.ts')).toContain('cli/run.ts');
    expect(imports.get('app.ts')).toContain('servers/http/server.ts');
    expect([...imports.values()].flat().length).toBeGreaterThan(200);
  });

  test('imports in the direction of the layers only', () => {
    expect(layerViolations(imports)).toEqual([]);
  });

  test('has no circular imports, not even of types', () => {
    expect(cycles(imports)).toEqual([]);
  });

  test('knows the process in main.ts and start.ts alone', () => {
    const knowing = [...texts].filter(([, text]) => /\bprocess\.(env\b|exit\b|exitCode\b|on\(|once\(|argv\b)/.test(text));
    expect(knowing.map(([file]) => file).sort()).toEqual(['main.ts', 'start.ts']);
  });

  test('loads nothing before the version of Node.js is known', () => {
    const [first] = texts.get('main.ts')!.split('process.versions');
    expect(importsOf('main.ts', first!)).toEqual([]);
    expect(imports.get('main.ts')).toEqual(['start.ts']);
  });

  test(`has no file above ${MAX_LINES} lines`, () => {
    const long = [...texts].filter(([, text]) => text.split('\n').length - 1 > MAX_LINES);
    expect(long.map(([file]) => file)).toEqual([]);
  });
});

describe('these tests', () => {
  const made = (changes: Record<string, string[]>): Imports =>
    new Map(
      Object.entries({
        'main.ts': ['start.ts'],
        'start.ts': ['node:fs', 'cli/run.ts'],
        'cli/run.ts': ['app.ts', 'core/errors.ts'],
        'app.ts': ['hub/hub.ts', 'camera/source.ts', 'servers/http/server.ts'],
        'hub/hub.ts': ['core/errors.ts'],
        'camera/source.ts': ['camera/settings.ts'],
        'camera/settings.ts': [],
        'servers/http/server.ts': ['node:http', 'hub/hub.ts'],
        'protocols/rtp.ts': ['node:buffer'],
        'onvif/endpoint.ts': ['soap', 'hub/hub.ts'],
        'core/errors.ts': [],
        ...changes,
      }),
    );

  test('find nothing in a tree that is right', () => {
    expect(layerViolations(made({}))).toEqual([]);
    expect(cycles(made({}))).toEqual([]);
  });

  test.each<[string, string]>([
    ['core/errors.ts', 'hub/hub.ts'],
    ['hub/hub.ts', 'camera/source.ts'],
    ['hub/hub.ts', 'servers/http/server.ts'],
    ['servers/http/server.ts', 'onvif/endpoint.ts'],
    ['onvif/endpoint.ts', 'servers/http/server.ts'],
    ['servers/http/server.ts', 'camera/source.ts'],
    ['servers/http/server.ts', 'app.ts'],
    ['main.ts', 'cli/run.ts'],
    ['start.ts', 'app.ts'],
    ['camera/source.ts', 'core/gone.ts'],
    ['servers/http/server.ts', 'soap'],
    ['cli/run.ts', 'soap/lib/client'],
    ['protocols/rtp.ts', 'node:net'],
    ['unheard-of/file.ts', 'core/errors.ts'],
  ])('catch that %s imports %s', (file, target) => {
    const violations = layerViolations(made({ [file]: [target] }));
    expect(violations).toHaveLength(1);
    expect(violations[0]).toContain(`${file}: `);
  });

  test('catch circles of any length, once', () => {
    expect(cycles(made({ 'core/errors.ts': ['core/errors.ts'] }))).toEqual(['core/errors.ts → core/errors.ts']);
    expect(cycles(made({ 'camera/settings.ts': ['camera/source.ts'] }))).toHaveLength(1);
    expect(cycles(made({ 'core/errors.ts': ['cli/run.ts'] })).join()).toContain('hub/hub.ts → core/errors.ts');
  });

  test('see imports however they are written', () => {
    const text = `#!/usr/bin/env node
import './effect.ts';
import a, { b } from '../core/a.ts';
import type { C } from "./c.ts";
import {
  d,
  type E,
} from 'pkg/sub';
export { f } from './f.ts';
export * from './g.ts';
const h = await import('../h.ts');
const { i } = x ? await import("./i.ts") : y;
const lazily = async () => (await import('./j.ts')).j;
type K = import('./k.ts').K;
// import no from './comment.ts'
/** import('./docs.ts') */
const message = 'read from it';
const address = \`http://x\`; import late from './late.ts';
`;
    expect(importsOf('cli/x.ts', text)).toEqual([
      'cli/effect.ts',
      'core/a.ts',
      'cli/c.ts',
      'pkg/sub',
      'cli/f.ts',
      'cli/g.ts',
      'h.ts',
      'cli/i.ts',
      'cli/j.ts',
      'cli/k.ts',
      'cli/late.ts',
    ]);
  });
});
