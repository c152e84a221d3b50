#!/usr/bin/env node
// npm run bench [-- NAME ...] [--write] [--main FILE] [--env NAME=VALUE ...] [--rpicam-path FILE]
//
// Measures the built program, everything over the loopback interface: all of it in about sixteen minutes, or only what is
// named. `attacks`, `slow`, `v8-settings` and `video` are run only where they are named: two have pages of their own, and options
// (see their files); `slow` needs root. --write puts the figures of a whole run into docs/performance.md. --main measures another build, --env sets a
// variable for what is measured, --rpicam-path has `video` take the capture program of this machine.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { attacks } from './attacks/measurement.mjs';
import { fanout } from './fanout.mjs';
import { firstPicture } from './first-picture.mjs';
import { idle } from './idle.mjs';
import { motion } from './motion.mjs';
import { ready } from './ready.mjs';
import { asMarkdown, machine, writeDocument } from './report.mjs';
import { rtsp } from './rtsp.mjs';
import { rtspStalled } from './rtsp-stalled.mjs';
import { useBuild, useEnvironment } from './servers.mjs';
import { slow } from './slow.mjs';
import { soap } from './soap.mjs';
import { splitter } from './splitter.mjs';
import { stalled } from './stalled.mjs';
import { v8Settings } from './v8-settings.mjs';
import { useCamera, video } from './video.mjs';
import { viewer } from './viewer.mjs';

const MEASUREMENTS = {
  fanout,
  stalled,
  splitter,
  'first-picture': firstPicture,
  idle,
  ready,
  viewer,
  soap,
  rtsp,
  'rtsp-stalled': rtspStalled,
  motion,
};
/** Not a part of a whole run. */
const BY_NAME = { attacks, slow, 'v8-settings': v8Settings, video };

const OPTIONS = {
  ...{ write: { type: 'boolean' }, main: { type: 'string' }, 'rpicam-path': { type: 'string' } },
  env: { type: 'string', multiple: true, default: [] },
};
const { values, positionals } = parseArgs({ allowPositionals: true, options: OPTIONS });
const names = positionals.length > 0 ? positionals : Object.keys(MEASUREMENTS);
const all = { ...MEASUREMENTS, ...BY_NAME };
const unknown = names.find((name) => !Object.hasOwn(all, name));
if (unknown !== undefined) fail(`There is no measurement "${unknown}"; there are ${Object.keys(all).join(', ')}.`);
if (values.write && positionals.length > 0) fail('--write takes the figures of a whole run.');
if (values.main !== undefined) useBuild(resolve(values.main));
if (values['rpicam-path'] !== undefined) useCamera(resolve(values['rpicam-path']));
const nameless = values.env.find((each) => !/^[^=]+=/.test(each));
if (nameless !== undefined) fail(`--env wants NAME=VALUE, not "${nameless}".`);
useEnvironment(Object.fromEntries(values.env.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)])));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const measured = [];
for (const name of names) measured.push(await all[name]((text) => process.stderr.write(`${name}: ${text}\n`)));

const text = `${asMarkdown(measured)}\n\n${machine()}`;
process.stdout.write(`${text}\n`);
if (values.write) writeDocument(text);

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}
