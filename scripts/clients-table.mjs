import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

// The README's table of clients, what tests have reported of them, and how the one goes into the other.

/** Where runs of the tests collect their reports, from the project's folder. */
export const COLLECTION = 'test-results/clients.json';
const BEGIN = '<!-- clients: scripts/clients.mjs writes the versions and dates -->';
const END = '<!-- /clients -->';
const NAMES = /\breportClient\(\s*'([^']+)'/g;

/**
 * @typedef {{ readonly date: string; readonly passed: number; readonly failed: number; readonly skipped: number;
 *   readonly clients: Readonly<Record<string, string>> }} FileReport
 *   The report of one test file: its tests when it last ran, the UTC date of that, and the versions of the clients that it ran.
 * @typedef {{ readonly name: string; readonly version: string; readonly date: string; readonly passed: number;
 *   readonly missing: readonly string[] }} ClientReport
 *   The report of one client: how many tests passed, the oldest date, and the files of which not all tests passed, or that did not report it.
 */

/**
 * Returns which test files report which client, by their text.
 * @param {string} root the project's folder
 * @returns {Map<string, string[]>}
 */
export function reportingFiles(root) {
  const found = new Map();
  const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.test.ts'));
  for (const name of tests.sort()) {
    for (const [, client] of readFileSync(join(root, 'test', name), 'utf8').matchAll(NAMES)) {
      const files = found.get(client) ?? [];
      if (!files.includes(`test/${name}`)) found.set(client, [...files, `test/${name}`]);
    }
  }
  return found;
}

/**
 * Returns what a collection says of each client.
 * @param {Readonly<Record<string, FileReport>>} collection
 * @param {ReadonlyMap<string, readonly string[]>} files from {@link reportingFiles}
 * @returns {ClientReport[]}
 */
export function clientReports(collection, files) {
  return [...files].map(([name, paths]) => {
    const reports = paths.map((path) => ({ path, report: collection[path] })).filter(({ report }) => report?.clients[name] !== undefined);
    const whole = reports.filter(({ report }) => report.passed > 0 && report.failed === 0 && report.skipped === 0);
    return {
      name,
      version: [...new Set(reports.map(({ report }) => report.clients[name]))].sort().join(', '),
      date: reports.map(({ report }) => report.date).sort()[0] ?? '',
      passed: reports.reduce((sum, { report }) => sum + report.passed, 0),
      missing: paths.filter((path) => !whole.some((each) => each.path === path)),
    };
  });
}

/**
 * Returns the lines of the README, with the indexes of the table's first row and of the line behind its last one.
 * @param {string} text the README
 */
function tableLines(text) {
  const lines = text.split('\n');
  const [begin, end] = [lines.indexOf(BEGIN), lines.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`The README has no table between ${BEGIN} and ${END}.`);
  const first = lines.findIndex((line, at) => at > begin && line.startsWith('|')) + 2;
  let last = first;
  while (lines[last].startsWith('|')) last++;
  return { lines, first, last };
}

const cellsOf = (line) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
/** Returns the name of a row's client: "npm onvif" for `npm \`onvif\` (in UniFi Protect)`. */
const nameOf = (cell) => cell.replaceAll('`', '').replace(/ \(.*\)$/, '');

/**
 * Returns the rows of the table: a client, its version and the date when its tests last passed.
 * @param {string} text the README
 */
export function tableRows(text) {
  const { lines, first, last } = tableLines(text);
  return lines.slice(first, last).map((line) => {
    const [client, version, date] = cellsOf(line);
    return { name: nameOf(client), version, date };
  });
}

/**
 * Returns the README with versions and dates of those clients all of whose tests passed; the rest stays as it is.
 * @param {string} text
 * @param {readonly ClientReport[]} reports
 */
export function withReports(text, reports) {
  const { lines, first, last } = tableLines(text);
  for (let at = first; at < last; at++) {
    const cells = cellsOf(lines[at]);
    const report = reports.find(({ name, missing }) => missing.length === 0 && name === nameOf(cells[0]));
    if (report) lines[at] = `| ${[cells[0], report.version, report.date, ...cells.slice(3)].join(' | ')} |`;
  }
  return lines.join('\n');
}

/**
 * Returns the list of clients as a table for the terminal, and what differs from the README, a line each.
 * @param {readonly ClientReport[]} reports
 * @param {string} text the README
 * @returns {string[]}
 */
export function listing(reports, text) {
  const seen = reports.filter(({ version }) => version !== '');
  const width = (of) => Math.max(0, ...seen.map((each) => each[of].length));
  const lines = seen.map(({ name, version, date, passed, missing }) => {
    const result =
      missing.length === 0 ? `the ${passed} tests of its files passed` : `not all passed, or not all run: ${missing.join(', ')}`;
    return `  ${name.padEnd(width('name'))}  ${version.padEnd(width('version'))}  ${date}  ${result}`;
  });
  const rows = tableRows(text);
  for (const { name, version, missing } of seen) {
    const row = rows.find((each) => each.name === name);
    if (missing.length === 0 && row && row.version !== version) lines.push(`  The README has ${name} ${row.version}; this was ${version}.`);
  }
  const unseen = reports.filter(({ version }) => version === '').map(({ name }) => name);
  if (unseen.length > 0) lines.push(`  Not run: ${unseen.join(', ')}.`);
  return lines;
}
