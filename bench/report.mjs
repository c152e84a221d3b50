// From results to text: one table of targets, and the tables of single measurements.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';

const DOCUMENT = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const BEGIN = '<!-- measured: written by `npm run bench -- --write` -->';
const END = '<!-- end of measured -->';

const verdict = ({ met }) => (met === undefined ? '' : met ? 'yes' : '**no**');

/** Columns are padded, so that the text reads well unrendered too. */
function table(head, rows) {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

/** @param {{ results: object[], table?: object }[]} measured */
export function asMarkdown(measured) {
  const results = measured.flatMap((each) => each.results);
  const rows = results.map((result) => [result.what, result.measured, result.target ?? '', verdict(result)]);
  const details = measured.flatMap((each) => (each.table ? [each.table] : []));
  return [
    ...(rows.length > 0 ? [table(['What', 'Measured', 'Target', 'Met'], rows)] : []),
    ...details.map(({ title, head, rows: lines }) => `${title}:\n\n${table(head, lines)}`),
  ].join('\n\n');
}

export function machine() {
  // The kernel's own version, without what who built it adds.
  const [kernel] = release().split('-');
  return `Node ${process.versions.node}, Linux ${kernel}, ${process.arch}, ${availableParallelism()} cores (${cpus()[0].model.trim()}).`;
}

/** Puts the text into docs/performance.md, in place of the last measurement. */
export function writeDocument(text) {
  const document = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} has no place for the figures`);
  writeFileSync(DOCUMENT, `${document.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${document.slice(end)}`);
}
