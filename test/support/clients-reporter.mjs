import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    if (!this.#dir) return;
    const file = process.env[REPORT_VARIABLE];
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    rmSync(this.#dir, { recursive: true });
    delete process.env[REPORT_VARIABLE];
    const path = join(this.#root, COLLECTION);
    const collection = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
    for (const result of testResults) {
      const test = relative(this.#root, result.testFilePath);
      const reported = lines.map((line) => JSON.parse(line)).filter((each) => each.test === test);
      delete collection[test];
      if (reported.length === 0) continue;
      collection[test] = {
        date: new Date(result.perfStats.end).toISOString().slice(0, 10),
        passed: result.numPassingTests,
        // A file that fails as a whole counts none.
        failed: result.numFailingTests + (result.testExecError ? 1 : 0),
        skipped: result.numPendingTests + result.numTodoTests,
        clients: Object.fromEntries(reported.map(({ name, version }) => [name, version])),
      };
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${JSON.stringify(collection, undefined, 2)}\n`);
  }
}
