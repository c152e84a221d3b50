import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const SRC = join(import.meta.dirname, '../src');
const MAX_LINES = 400;

/** What a file of src/ imports: files of src/ by their path in it ("core/errors.ts"), packages by their name. */
type Imports = ReadonlyMap<string, readonly string[]>;

/**
 * The floors, from the top: a part (a folder of src/, or a file in it) may import those below its own floor, and none beside
 * it.
 */
const FLOORS: readonly (readonly string[])[] = [
  // Runs on any version of Node.js, and loads start.ts on one that is new enough.
  ['main.ts'],
  // The process: what it was started with, its signals and its end.
  ['start.ts'],
  ['cli'],
  // One puts everything together, and starts and stops it; the other looks at all of it from outside.
  ['app', 'doctor'],
  // In the browser, bundled by itself: see EXCEPTIONS.
  ['servers', 'onvif', 'discovery', 'analysis', 'web'],
  // What the camera is and is set to, free of any protocol.
  ['device'],
  ['streams', 'auth', 'config'],
  ['camera', 'encode'],
  // What only computes, and what touches the operating system and the engine.
  ['protocols', 'platform'],
  ['frames'],
  ['core'],
];

/** Those that show the device know the camera, its configuration and the system by the device alone. */
const BEHIND_THE_DEVICE = ['device', 'streams', 'auth', 'encode', 'protocols', 'platform', 'frames', 'core'];

/** What of platform/ these do not know: the machine's settings and its service manager. */
const BEHIND_THE_MACHINE = /^platform\/(machine|service)\//;

/** What a part may import, where that is less than the floors below it. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  'main.ts': ['start.ts'],
  'start.ts': ['cli', 'platform'],
  web: ['core', 'frames', 'device/stream-names.ts'],
  servers: BEHIND_THE_DEVICE,
  onvif: BEHIND_THE_DEVICE,
  discovery: BEHIND_THE_DEVICE,
  analysis: BEHIND_THE_DEVICE,
};

const FLOOR_OF = new Map(FLOORS.flatMap((parts, floor) => parts.map((part) => [part, floor])));

/** Whether a part may import a file of another part. */
function mayImport(part: string, target: string): boolean {
  const exceptions = EXCEPTIONS[part];
  if (exceptions === BEHIND_THE_DEVICE && BEHIND_THE_MACHINE.test(target)) return false;
  if (exceptions) return exceptions.includes(target) || exceptions.includes(partOf(target));
  return FLOOR_OF.get(part)! < FLOOR_OF.get(partOf(target))!;
}

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
    if (!FLOOR_OF.has(part)) return [`${file}: ${part} is in no layer`];
    return targets.flatMap((target) => {
      if (!isOurs(target)) {
        const owner = OWNERS[target.split('/')[0]!];
        if (owner !== undefined && owner !== part) return [`${file}: only ${owner} may import ${target}`];
        return PURE.has(part) && IMPURE_MODULES.test(target) ? [`${file}: ${part} is pure, but imports ${target}`] : [];
      }
      if (!imports.has(target)) return [`${file}: there is no ${target}`];
      return partOf(target) === part || mayImport(part, target) ? [] : [`${file}: ${part} may not import ${target}`];
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
    expect(imports.get('app/http.ts')).toContain('servers/http/server.ts');
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

  test('keeps what touches the operating system out of core/', () => {
    const touching = [...imports].filter(
      ([file, targets]) => partOf(file) === 'core' && targets.some((target) => IMPURE_MODULES.test(target)),
    );
    // These take of node:net what only computes.
    const onlyComputes = (file: string) =>
      /import \{ (BlockList|isIP|isIPv4|isIPv6)(, (BlockList|isIP|isIPv4|isIPv6))* \} from 'node:net'/.test(texts.get(file)!);
    expect(touching.map(([file]) => file).filter((file) => !onlyComputes(file))).toEqual([]);
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
        'cli/run.ts': ['app/app.ts', 'core/errors.ts'],
        'app/app.ts': ['streams/hub.ts', 'camera/source.ts', 'servers/http/server.ts'],
        'streams/hub.ts': ['core/errors.ts'],
        'camera/source.ts': ['camera/settings.ts'],
        'camera/settings.ts': [],
        'servers/http/server.ts': ['node:http', 'streams/hub.ts'],
        'protocols/rtp.ts': ['node:buffer'],
        'onvif/endpoint.ts': ['soap', 'device/streams.ts'],
        'device/streams.ts': ['streams/hub.ts', 'device/stream-names.ts'],
        'device/stream-names.ts': [],
        'web/page/main.ts': ['device/stream-names.ts'],
        'core/errors.ts': [],
        'platform/memory.ts': [],
        'platform/machine/links.ts': [],
        ...changes,
      }),
    );

  test('find nothing in a tree that is right', () => {
    expect(layerViolations(made({}))).toEqual([]);
    expect(cycles(made({}))).toEqual([]);
  });

  test.each<[string, string]>([
    ['core/errors.ts', 'streams/hub.ts'],
    ['camera/source.ts', 'streams/hub.ts'],
    ['streams/hub.ts', 'device/streams.ts'],
    ['device/streams.ts', 'onvif/endpoint.ts'],
    ['web/page/main.ts', 'device/streams.ts'],
    ['streams/hub.ts', 'servers/http/server.ts'],
    ['servers/http/server.ts', 'onvif/endpoint.ts'],
    ['onvif/endpoint.ts', 'servers/http/server.ts'],
    ['servers/http/server.ts', 'camera/source.ts'],
    ['servers/http/server.ts', 'platform/machine/links.ts'],
    ['protocols/rtp.ts', 'platform/memory.ts'],
    ['servers/http/server.ts', 'app/app.ts'],
    ['main.ts', 'cli/run.ts'],
    ['start.ts', 'app/app.ts'],
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
    expect(cycles(made({ 'core/errors.ts': ['cli/run.ts'] })).join()).toContain('streams/hub.ts → core/errors.ts');
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
