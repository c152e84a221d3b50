import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { COLLECTION } from '../../scripts/clients-table.mjs';
import { REPORT_VARIABLE } from './client-report.mjs';

/** Collects which clients the tests ran (see clients.ts), and how those tests ended, beside what earlier runs collected. */
export default class ClientsReporter {
  #root;
  #dir;

  constructor({ rootDir }) {
    this.#root = rootDir;
  }

  onRunStart() {
    // A run within a test, in a network of its own, reports to the one around it.
    if (process.env[REPORT_VARIABLE]) return;
    this.#dir = mkdtempSync(join(tmpdir(), 'clients-'));
    process.env[REPORT_VARIABLE] = join(this.#dir, 'reports');
  }

  onRunComplete(_contexts, { testResults }) {
    const file = process.env[REPORT_VARIABLE];
    const results = testResults.map((result) => ({
      test: relative(this.#root, result.testFilePath),
      date: new Date(result.perfStats.end).toISOString().slice(0, 10),
      passed: result.numPassingTests,
      // A file that fails as a whole counts none.
      failed: result.numFailingTests + (result.testExecError ? 1 : 0),
      skipped: result.numPendingTests + result.numTodoTests,
    }));
    if (!this.#dir) {
      for (const inner of results) appendFileSync(file, `${JSON.stringify({ ...inner, inner: true })}\n`);
      return;
    }
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    rmSync(this.#dir, { recursive: true });
    delete process.env[REPORT_VARIABLE];
    const path = join(this.#root, COLLECTION);
    const collection = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
    for (const { test, date, ...counts } of results) {
      const reports = lines.map((line) => JSON.parse(line)).filter((each) => each.test === test);
      const clients = Object.fromEntries(reports.filter(({ name }) => name).map(({ name, version }) => [name, version]));
      delete collection[test];
      if (Object.keys(clients).length === 0) continue;
      const inner = reports.find((each) => each.inner);
      // The test around them counts for them.
      if (inner) for (const kind of Object.keys(counts)) counts[kind] += inner[kind] - (kind === 'passed' ? 1 : 0);
      collection[test] = { date, ...counts, clients };
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(collection, undefined, 2)}\n`);
  }
}
