import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Every page that a user reads, by its path from the root of the repository. */
export const PAGES: readonly string[] = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...['docs', 'homeassistant', 'deploy'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  ),
];

export interface Block {
  readonly language: string;
  readonly text: string;
  /** "docs/users.md:12", where it begins. */
  readonly where: string;
}

/** A page of Markdown, as far as it is looked at here: fenced blocks, code in lines, links and headings. */
export class MarkdownPage {
  readonly text: string;
  readonly blocks: readonly Block[];
  /** Code within a line, as it is written. */
  readonly code: readonly Block[];
  /** Where links and pictures lead, as it is written. */
  readonly links: readonly string[];
  /** Names that links to a heading take. */
  readonly anchors: ReadonlySet<string>;

  constructor(readonly path: string) {
    this.text = readFileSync(join(ROOT, path), 'utf8');
    const blocks: Block[] = [];
    // Blocks leave their lines, so that numbers stay right.
    const prose = this.text.replace(
      /^( *)```(\w*)\n([\s\S]*?)^ *```$/gm,
      (all, indent: string, language: string, text: string, at: number) => {
        blocks.push({ language, text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''), where: `${path}:${lineOf(this.text, at)}` });
        return '\n'.repeat(all.split('\n').length - 1);
      },
    );
    this.blocks = blocks;
    this.code = [...prose.matchAll(/(?<!`)(`+)(?!`)([\s\S]*?[^`])\1(?!`)/g)].map(({ 2: text, index }) => ({
      language: '',
      text: text!.replaceAll(/\s*\n\s*/g, ' ').trim(),
      where: `${path}:${lineOf(prose, index)}`,
    }));
    const withoutCode = prose.replaceAll(/`[^`\n]*`/g, (code) => '`'.padEnd(code.length, '`'));
    this.links = [...withoutCode.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target!);
    this.anchors = anchorsOf(prose);
  }

  /** The file that a link leads to, by its path from the root, and the anchor in it; undefined for what is elsewhere. */
  target(link: string): { readonly path: string; readonly anchor: string | undefined } | undefined {
    if (/^[a-z]+:/i.test(link)) return undefined;
    const [file = '', anchor] = link.split('#');
    const path = file === '' ? this.path : relative(ROOT, resolve(ROOT, dirname(this.path), file));
    return { path, anchor };
  }
}

const lineOf = (text: string, at: number): number => text.slice(0, at).split('\n').length;

/** As GitHub makes them of headings. */
function anchorsOf(prose: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of prose.matchAll(/^#{1,6} +(.+)$/gm)) {
    const plain = heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '');
    const slug = plain
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-');
    let [name, count] = [slug, 0];
    while (anchors.has(name)) name = `${slug}-${++count}`;
    anchors.add(name);
  }
  return anchors;
}

/** The words of a line as a shell splits them, as far as our pages go: quotes, and no expansion. */
export function shellWords(line: string): string[] {
  return [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

/** Simple commands of a shell's line, without what stands around them: `sudo` (`-u USER`), variables, redirections, comments. */
export function simpleCommands(line: string): string[][] {
  const code = line.replace(/(^|\s)#.*/, '');
  return code.split(/&&|\|\||[|;]/).map((part) => {
    const words = shellWords(part.replace(/\bsudo -u \S+/, 'sudo').replaceAll(/\s[<>]{1,2}\s*\S+|\s\d?>&\d|\s&$/g, ''));
    while (words[0] !== undefined && /^(sudo|nohup|exec|[A-Z_]+=.*)$/.test(words[0])) words.shift();
    return words;
  });
}
