#!/usr/bin/env node
// node bench/motion-scenes.mjs [--json] [--write]
//
// Lets the detectors of motion see the scenes of test/support/scenes.ts and counts what they make of them, in less than a minute.
// --write puts the table into docs/motion.md; --json prints what a test reads.
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { table, writeInto } from './report.mjs';
import { bundled } from './tools.mjs';

const { values } = parseArgs({ options: { json: { type: 'boolean' }, write: { type: 'boolean' } } });
const { judgeAll, SEEDS } = await import(pathToFileURL(await bundled('test/support/judge.ts', 'judge.mjs')));
const judgements = judgeAll(values.json ? SEEDS : SEEDS.slice(0, 1));

if (values.json) process.stdout.write(`${JSON.stringify(judgements)}\n`);
else {
  const text = asTable();
  process.stdout.write(`${text}\n`);
  if (values.write) writeInto('docs/motion.md', 'node bench/motion-scenes.mjs --write', text);
}

function asTable() {
  const scenes = [...new Set(judgements.map(({ scene }) => scene))];
  const rows = scenes.map((scene) => [
    scene,
    ...['pictures', 'both', 'camera'].flatMap((way) => {
      const { moves, hits, delay, falseAlarms } = judgements.find((each) => each.scene === scene && each.way === way);
      return [moves === 0 ? '' : `${hits} of ${moves}`, delay === undefined ? '' : `${delay.toFixed(1)} s`, String(falseAlarms)];
    }),
  ]);
  const of = ['`pictures`: told', 'after', 'false', '`auto`: told', 'after', 'false', '`camera`: told', 'after', 'false'];
  return table(['Scene', ...of], rows);
}
