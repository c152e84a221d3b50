#!/usr/bin/env node
// Lists the clients that the last runs of the tests met, with their versions; with --write, puts versions and dates of
// those whose tests all passed into the README's table.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COLLECTION, clientReports, listing, reportingFiles, withReports } from './clients-table.mjs';

const root = join(import.meta.dirname, '..');
const readme = join(root, 'README.md');
const collection = join(root, COLLECTION);
if (!existsSync(collection)) {
  console.error('No test has met a client here yet: npm run test:interop, and npm test for those of test/integration.');
  process.exit(1);
}
const reports = clientReports(JSON.parse(readFileSync(collection, 'utf8')), reportingFiles(root));
if (process.argv.includes('--write')) writeFileSync(readme, withReports(readFileSync(readme, 'utf8'), reports));
console.log(['Clients:', ...listing(reports, readFileSync(readme, 'utf8'))].join('\n'));
