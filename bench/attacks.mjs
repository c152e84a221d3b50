#!/usr/bin/env node
// node bench/attacks.mjs [NAME ...] [--program FILE] [--before FILE.json] [--write FILE.json | FILE.md]
//
// Attacks the built program as somebody in its network could, each attack bounded in time and bytes and against a program
// of its own, and measures what it costs the camera and what others notice meanwhile; then what its owner is told when the
// machine fails. All of it happens in network namespaces (of Linux) that nobody else can reach. `--program` takes another build than
// the one in dist/, `--before` sets the figures of a run that was written as JSON beside the new ones.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { attack } from './attacks/attack.mjs';
import { DISCOVERY_ATTACKS } from './attacks/discovery.mjs';
import { EVENT_ATTACKS } from './attacks/events.mjs';
import { FAULTS } from './attacks/faults.mjs';
import { HTTP } from './attacks/http.mjs';
import { inOwnNetwork, Lan } from './attacks/lan.mjs';
import { LOGINS } from './attacks/logins.mjs';
import { attacksTable, faultsTable } from './attacks/report.mjs';
import { RTSP } from './attacks/rtsp.mjs';
import { machine } from './report.mjs';

const ATTACKS = { ...HTTP, ...LOGINS, ...EVENT_ATTACKS, ...DISCOVERY_ATTACKS, ...RTSP };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { program: { type: 'string' }, before: { type: 'string' }, write: { type: 'string' } },
});
const known = [...Object.keys(ATTACKS), ...Object.keys(FAULTS)];
const unknown = positionals.find((name) => !known.includes(name));
if (unknown !== undefined) {
  process.stderr.write(`There is no attack "${unknown}"; there are ${known.join(', ')}.\n`);
  process.exit(2);
}
const code = inOwnNetwork();
if (code !== undefined) process.exit(code);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const program = resolve(values.program ?? fileURLToPath(new URL('../dist/main.js', import.meta.url)));
const before = values.before && JSON.parse(readFileSync(values.before, 'utf8'));
const wanted = (table) => Object.entries(table).filter(([name]) => positionals.length === 0 || positionals.includes(name));
const note = (text) => process.stderr.write(`${text}\n`);

const lan = await Lan.make();
const measured = { machine: machine(), attacks: [], faults: [] };
try {
  for (const [name, each] of wanted(ATTACKS)) {
    note(each.title);
    const row = await attack(lan, program, each);
    measured.attacks.push({ name, ...row });
    note(`  ${JSON.stringify(row)}`);
  }
  for (const [name, { title, run }] of wanted(FAULTS)) {
    note(title);
    const row = await run({ lan, program }).catch((error) => ({ sees: `**not measured**: ${error.message}`, recovery: '' }));
    measured.faults.push({ name, title, ...row });
    note(`  ${JSON.stringify(row)}`);
  }
} finally {
  lan.stop();
}

const tables = [
  ...(measured.attacks.length > 0 ? [attacksTable(measured.attacks, before?.attacks)] : []),
  ...(measured.faults.length > 0 ? [faultsTable(measured.faults, before?.faults)] : []),
];
const text = [...tables, measured.machine].join('\n\n');
process.stdout.write(`${text}\n`);
if (values.write) writeFileSync(values.write, values.write.endsWith('.json') ? `${JSON.stringify(measured, null, 1)}\n` : `${text}\n`);
process.exit(0);
