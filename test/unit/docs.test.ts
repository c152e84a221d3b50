import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseDocument } from 'yaml';
import { readArguments } from '../../src/cli/arguments.ts';
import { schema, settings } from '../../src/cli/settings.ts';
import { loadConfig } from '../../src/config/load.ts';
import { messageOf } from '../../src/core/errors.ts';
import { type Block, MarkdownPage, PAGES, ROOT, simpleCommands } from '../support/pages.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** What every page says of links, commands and settings. */

const pages = PAGES.map((path) => new MarkdownPage(path));
const pageAt = (path: string) => pages.find((page) => page.path === path);
const { version, scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string;
  scripts: Record<string, string>;
};

describe('links', () => {
  test('lead to files and headings that are there', () => {
    const wrong = pages.flatMap((page) =>
      page.links.flatMap((link) => {
        const target = page.target(link);
        if (!target) return [];
        if (!existsSync(join(ROOT, target.path))) return [`${page.path}: there is no ${link}`];
        const headings = pageAt(target.path)?.anchors;
        return target.anchor !== undefined && headings?.has(target.anchor) !== true ? [`${page.path}: no heading ${link}`] : [];
      }),
    );
    expect(wrong).toEqual([]);
    expect(pages.flatMap(({ links }) => links).length).toBeGreaterThan(150);
  });

  test('lead from the README to every page, and to every file of deploy/relays', () => {
    const reached = new Set<string>();
    const visit = (path: string) => {
      if (reached.has(path)) return;
      reached.add(path);
      const page = pageAt(path);
      for (const link of page?.links ?? []) visit(page!.target(link)?.path ?? path);
    };
    visit('README.md');
    const relays = readdirSync(join(ROOT, 'deploy/relays')).map((name) => `deploy/relays/${name}`);
    expect([...PAGES, ...relays].filter((path) => !reached.has(path))).toEqual([]);
  });
});

/** Commands that users type, in blocks and in lines, with where they stand; in a line one may be named without its words. */
const commands = pages.flatMap((page) =>
  [
    ...page.blocks.filter(({ language }) => ['sh', 'bash', ''].includes(language)).map((block) => ({ ...block, named: false })),
    ...page.code.map((code) => ({ ...code, named: true })),
  ].flatMap(({ text, where, named }) =>
    text.split('\n').flatMap((line) => simpleCommands(line).map((words) => ({ words, where, line, named }))),
  ),
);

/** The arguments that our program gets by a command; undefined where it is another program's. */
function ourArguments([program, ...rest]: readonly string[]): string[] | undefined {
  if (program === 'onvif-camera') return rest;
  if (program === 'node' && rest[0] === 'dist/main.js') return rest.slice(1);
  if (program === 'npm' && rest[0] === 'start') return rest[1] === '--' ? rest.slice(2) : rest.slice(1);
  return undefined;
}

/** A value to be put in: FILE, `on|off`, "…". */
const isPlaceholder = (value: unknown) => /^[A-Z_]+$|[|…]/.test(String(value));

/** What is wrong with values of settings, by flag. */
async function faultsOf(flags: Readonly<Record<string, string | boolean | undefined>>): Promise<string | undefined> {
  const ours = Object.entries(flags).filter(([flag, value]) => settings.some((setting) => setting.flag === flag) && !isPlaceholder(value));
  const input = { flags: Object.fromEntries(ours), env: {}, file: undefined, defaultFile: '/nonexistent/onvif-camera.yaml' };
  return loadConfig(schema, settings, input).then(() => undefined, messageOf);
}

describe('commands', () => {
  test('are there, with these options and values', async () => {
    const wrong: string[] = [];
    let count = 0;
    for (const { words, where, line, named } of commands) {
      // Any command may stand for COMMAND, and any more words for an ellipsis.
      const argv = ourArguments(words)?.filter((word) => word !== '…' && word !== 'COMMAND');
      if (!argv) continue;
      count++;
      try {
        const faults = await faultsOf(readArguments(named ? [...argv, '--help'] : argv).flags);
        if (faults) wrong.push(`${where}: ${line}: ${faults}`);
      } catch (error) {
        wrong.push(`${where}: ${line}: ${messageOf(error)}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(60);
  });

  test('of npm are scripts of package.json', () => {
    const named = commands.flatMap(({ words: [program, verb, name] }) =>
      program !== 'npm' ? [] : verb === 'run' ? [name!] : verb === 'start' || verb === 'test' ? [verb] : [],
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    expect(named).toContain('package');
  });

  test('are what a shell can read', () => {
    const wrong = pages
      .flatMap(({ blocks }) => blocks)
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text, where }) => {
        const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' });
        return status === 0 ? [] : [`${where}: ${stderr}`];
      });
    expect(wrong).toEqual([]);
  });

  test('install this version', () => {
    const named = pages.flatMap(({ text }) => [...text.matchAll(/onvif-camera[_-](\d+\.\d+\.\d+)/g)].map(([, each]) => each));
    expect(new Set(named)).toEqual(new Set([version]));
  });
});

describe('settings', () => {
  const sections = new Set(settings.flatMap(({ path }) => (path.length > 1 ? [path[0]!] : [])));
  // The page about the API names fields of its answers in the same form.
  const code = pages.filter(({ path }) => path !== 'docs/api.md').flatMap((page) => page.code);

  test('named by their keys are there, and take the values they are named with', async () => {
    const wrong: string[] = [];
    let count = 0;
    for (const { text, where } of code) {
      const [, key, value] = /^([a-z\d]+(?:\.[A-Za-z\d]+)+)(?:: (.+))?$/.exec(text) ?? [];
      // A host's name may begin like a section, and a file's.
      if (key === undefined || !sections.has(key.split('.')[0]!) || /\.(?:example\.com|yaml)$/.test(key)) continue;
      count++;
      const setting = settings.find((each) => each.key === key);
      if (!setting) wrong.push(`${where}: there is no setting ${key}`);
      else if (value !== undefined && !isPlaceholder(value)) {
        const faults = await faultsOf({ [setting.flag]: value.replaceAll(/^\[|\]$|^"|"$/g, '') });
        if (faults) wrong.push(`${where}: ${text}: ${faults}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(100);
  });

  test('named by their variables are there', () => {
    const known = new Set([
      ...settings.map(({ variable }) => variable),
      'ONVIF_CAMERA_PASSWORD',
      'ONVIF_CAMERA_HOME_ASSISTANT_TOKEN',
      'ONVIF_CAMERA_PLAIN_V8',
    ]);
    const wrong = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\bONVIF_CAMERA_[A-Z\d_]+/g)].filter(([name]) => !known.has(name)).map(([name]) => `${path}: ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  /** Options of other programs, where a page speaks of them. */
  const FOREIGN = new Set(['--codec', '--write', '--main', '--env', '--no-install-recommends']);
  test('named by their flags are there, as are the flags of commands', () => {
    const wrong: string[] = [];
    for (const { text, where } of code) {
      const flag = /^--[a-z\d-]+/.exec(text)?.[0];
      if (flag === undefined || FOREIGN.has(flag)) continue;
      try {
        readArguments([flag]);
      } catch (error) {
        // Known ones want a value here, or another command.
        if (messageOf(error).includes(`There is no option ${flag}`)) wrong.push(`${where}: ${text}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  const yaml = pages.flatMap(({ blocks }) => blocks).filter(({ language }) => language === 'yaml');
  const topLevel = new Set(settings.map(({ path }) => path[0]));
  const isOurs = ({ text }: Block) => {
    const content: unknown = parseDocument(text).toJS();
    const entries = Object.entries((content ?? {}) as object);
    return entries.length > 0 && entries.every(([key, value]) => topLevel.has(key) && !Array.isArray(value));
  };

  test('in blocks of YAML pass the schema, and other blocks are YAML', async () => {
    const dir = makeTempDir();
    const wrong: string[] = [];
    for (const block of yaml) {
      const { errors } = parseDocument(block.text);
      if (errors.length > 0) wrong.push(`${block.where}: ${errors[0]!.message}`);
      else if (isOurs(block)) {
        const file = join(dir, 'onvif-camera.yaml');
        writeFileSync(file, block.text);
        const faults = await loadConfig(schema, settings, { flags: {}, env: {}, file, defaultFile: file }).then(() => undefined, messageOf);
        if (faults) wrong.push(`${block.where}: ${faults}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(yaml.filter(isOurs).length).toBeGreaterThan(15);
    expect(yaml.length).toBeGreaterThan(yaml.filter(isOurs).length);
  });
});

describe('the pages about recorders', () => {
  const recorders = pages.filter(({ path }) => path.startsWith('docs/recorders/') && !path.endsWith('README.md'));

  test('say how we know, with the version where it was tested', () => {
    for (const { path, text } of recorders) {
      const [, mark, more] = /^\*\*(Tested by us|From its documents)\*\*([\s\S]*?)\n\n/m.exec(text) ?? [];
      expect(`${path}: ${mark}`).toMatch(/Tested|From/);
      if (mark === 'Tested by us') expect(`${path}: ${more}`).toMatch(/\d+\.\d+/);
    }
    expect(recorders.length).toBeGreaterThanOrEqual(11);
  });
});

test('what doctor shows for a symptom is one of its checks', () => {
  const lines = pageAt('docs/troubleshooting.md')!
    .text.split('\n')
    .filter((line) => line.startsWith('| ') && line.split('|').length === 5);
  const shown = lines.flatMap((line) => [...line.split('|')[2]!.matchAll(/\*([^*]+)\*/g)].map(([, title]) => title!));
  const checks = pageAt('docs/doctor.md')?.text ?? '';
  expect([...new Set(shown)].filter((title) => !checks.includes(title))).toEqual([]);
  expect(new Set(shown).size).toBeGreaterThan(15);
});

test('the address of the repository is for its owner to fill in, in one place', () => {
  expect(pages.flatMap(({ text }) => [...text.matchAll(/github\.com\/[^/\s]+\/onvif-camera/g)])).toHaveLength(1);
});
