import { terminalSafeJson, visible } from '../core/terminal.ts';
import type { Group, Level } from './check.ts';
import { type Finding, worst } from './run.ts';

const WORDS: Readonly<Record<Level, string>> = { ok: 'ok', warning: 'warning', error: 'ERROR', skipped: 'skipped' };
/** Green, yellow, red, and dim. */
const COLOURS: Readonly<Record<Level, string>> = { ok: '\x1b[32m', warning: '\x1b[33m', error: '\x1b[31m', skipped: '\x1b[2m' };
const BOLD = '\x1b[1m';
const RESET = '\x1b[0m';
const WORD_WIDTH = 9;
const TITLE_WIDTH = 28;

/** Prints findings as lines, group by group in their order, each as soon as those before it have come. */
export class Printer {
  readonly #findings = new Map<string, Finding[]>();
  #group = 0;
  #printed = 0;

  /**
   * @param colours whether `write` goes to a terminal that shows colours
   * @param write called with whole lines
   */
  constructor(
    private readonly groups: readonly Group[],
    private readonly colours: boolean,
    private readonly write: (text: string) => void,
  ) {}

  /** Takes a finding, and prints it with those that waited for it. */
  done(finding: Finding): void {
    const list = this.#findings.get(finding.group) ?? [];
    list.push(finding);
    this.#findings.set(finding.group, list);
    let text = '';
    for (let group = this.groups[this.#group]; group; group = this.groups[this.#group]) {
      const found = this.#findings.get(group.title) ?? [];
      for (; this.#printed < found.length; this.#printed++) {
        if (this.#printed === 0) text += `${this.#group === 0 ? '' : '\n'}${this.#paint(BOLD, group.title)}\n`;
        text += this.#lines(found[this.#printed]!);
      }
      if (this.#printed < group.checks.length) break;
      this.#group++;
      this.#printed = 0;
    }
    if (text !== '') this.write(text);
  }

  #lines({ level, title, seen, fix }: Finding): string {
    const tag = this.#paint(COLOURS[level], WORDS[level].padEnd(WORD_WIDTH - 1));
    const first = `${tag} ${title.padEnd(TITLE_WIDTH)}${visible(seen)}\n`;
    return fix ? `${first}${' '.repeat(WORD_WIDTH)}fix: ${visible(fix)}\n` : first;
  }

  #paint(colour: string, text: string): string {
    return this.colours ? `${colour}${text}${RESET}` : text;
  }
}

/** Returns the number of findings by level: "2 errors, 1 warning, 30 ok, 8 skipped". */
export function countsOf(findings: readonly Finding[]): string {
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length;
  const several = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
  return `${several(count('error'), 'error')}, ${several(count('warning'), 'warning')}, ${count('ok')} ok, ${count('skipped')} skipped`;
}

/** Returns the findings as JSON, for programs. @param version of this program */
export const asJson = (version: string, findings: readonly Finding[]): string =>
  `${terminalSafeJson(JSON.stringify({ version, worst: worst(findings), checks: findings }, null, 2))}\n`;
