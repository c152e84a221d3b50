// From results to text: one table of targets, and the tables of single measurements.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';

const END = '<!-- end of measured -->';

const verdict = ({ met }) => (met === undefined ? '' : met ? 'yes' : '**no**');

/** Columns are padded, so that the text reads well unrendered too. */
export function table(head, rows) {
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
export const writeDocument = (text) => writeInto('docs/performance.md', '`npm run bench -- --write`', text);

/** Puts the text into a document, in place of the last measurement of the same command. */
export function writeInto(file, command, text) {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const document = readFileSync(path, 'utf8');
  const mark = `<!-- measured: written by ${command} -->`;
  const begin = document.indexOf(mark);
  const end = document.indexOf(END, begin);
  if (begin < 0 || end < begin) throw new Error(`${file} has no place for the figures`);
  writeFileSync(path, `${document.slice(0, begin + mark.length)}\n\n${text}\n\n${document.slice(end)}`);
}
