#!/usr/bin/env node
// node bench/events-load.mjs [--seconds 300] [--program FILE]
//
// A hundred pull points, half of which nobody pulls, and twenty subscribers to Notify, half of whom cannot be reached, from two
// addresses of another machine, while a client changes profiles all the time. Says each half minute what memory without garbage is in use,
// and fails where a living one misses an event or gets one twice, or where memory grows. Needs root, or user namespaces.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ask, basic, Camera, envelope } from './attacks/camera.mjs';
import { ATTACKER, inOwnNetwork, Lan, NEIGHBOUR } from './attacks/lan.mjs';
import { machine } from './report.mjs';

const PULL_POINTS = 100;
const SUBSCRIBERS = 20;
const CONSUMER_PORT = 9000;
/** Profiles made and deleted, milliseconds: four events a second. */
const CHANGE_MS = 500;
const SAMPLE_MS = 30_000;
/** Growth from the first sample to the last that counts as none, MB (1e6 bytes): what V8 has compiled meanwhile. */
const TOLERANCE_MB = 2;
const WSNT = 'http://docs.oasis-open.org/wsn/b-2';
const EVENTS = '/onvif/event_service';
/** Profiles alone, and what only they say. */
const FILTER = `<b:TopicExpression xmlns:b="${WSNT}" Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:Media/ProfileChanged</b:TopicExpression>`;

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '300' }, program: { type: 'string' } } });
const code = inOwnNetwork();
if (code !== undefined) process.exit(code);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const folder = mkdtempSync(join(tmpdir(), 'onvif-camera-events-'));
const lan = await Lan.make();
const collecting = pathToFileURL(fileURLToPath(new URL('../test/support/collecting.mjs', import.meta.url)));
const memoryFile = join(folder, 'memory.json');
const camera = await Camera.start(lan, {
  program: resolve(values.program ?? fileURLToPath(new URL('../dist/main.js', import.meta.url))),
  env: { NODE_OPTIONS: `--import=${collecting}`, COLLECTED_MEMORY: memoryFile },
});

async function soap(path, body, { from = ATTACKER, limitMs = 10_000 } = {}) {
  // By Basic: of each WS-UsernameToken the camera remembers for ten minutes that it was used, some 120 bytes.
  const text = envelope(body);
  const answer = await ask(path, {
    from,
    method: 'POST',
    headers: { 'Content-Type': 'application/soap+xml', ...basic() },
    body: text,
    limitMs,
  });
  const xml = String(answer.body);
  if (answer.status !== 200)
    throw new Error(`${body.slice(0, 60)}: ${answer.status || answer.error} ${/<\w+:Text[^>]*>([^<]*)/.exec(xml)?.[1] ?? ''}`);
  return xml;
}

/** MB (1e6 bytes) that are in use, garbage apart, and all of the process. */
async function memory() {
  rmSync(memoryFile, { force: true });
  camera.child.kill('SIGUSR2');
  for (;;) {
    try {
      const { used, resident } = JSON.parse(readFileSync(memoryFile, 'utf8'));
      return { used: used / 1e6, resident: resident / 1e6 };
    } catch {
      await sleep(50);
    }
  }
}

const heard = new Map();
/** Notes the events of a message; "TOKEN TIME" is an event. */
function note(who, xml) {
  const events = [...xml.matchAll(/UtcTime="([^"]*)".*?Name="Token" Value="([^"]*)"/g)].map(([, time, token]) => `${token} ${time}`);
  heard.set(who, [...(heard.get(who) ?? []), ...events]);
}

const consumer = createServer((req, res) => {
  let text = '';
  req.setEncoding('utf8').on('data', (part) => {
    text += part;
  });
  req.on('end', () => {
    note(`subscriber ${req.url}`, text);
    res.end();
  });
}).listen(CONSUMER_PORT, ATTACKER);

const addresses = [ATTACKER, NEIGHBOUR];
const paths = [];
for (let k = 0; k < PULL_POINTS; k++) {
  const from = addresses[k % 2];
  const times = '<e:InitialTerminationTime>PT1H</e:InitialTerminationTime>';
  const content = `<e:Filter>${FILTER}</e:Filter>${times}`;
  const answer = await soap(
    EVENTS,
    `<e:CreatePullPointSubscription xmlns:e="http://www.onvif.org/ver10/events/wsdl">${content}</e:CreatePullPointSubscription>`,
    { from },
  );
  paths.push({ from, path: new URL(/Address[^>]*>([^<]*)/.exec(answer)[1]).pathname });
}
for (let k = 0; k < SUBSCRIBERS; k++) {
  // Of the dead, half refuse the connection, and half are machines that are not there.
  const dead = k % 4 === 0 ? `${ATTACKER}:1` : '192.0.2.77:9000';
  const address = `http://${k % 2 === 0 ? dead : `${ATTACKER}:${CONSUMER_PORT}`}/${k}`;
  const reference = `<b:ConsumerReference><a:Address xmlns:a="http://www.w3.org/2005/08/addressing">${address}</a:Address></b:ConsumerReference>`;
  const times = '<b:InitialTerminationTime>PT1H</b:InitialTerminationTime>';
  await soap(EVENTS, `<b:Subscribe xmlns:b="${WSNT}">${reference}<b:Filter>${FILTER}</b:Filter>${times}</b:Subscribe>`, {
    from: addresses[k % 3 ? 1 : 0],
  });
}

let done = false;
const pulling = paths
  .filter((_, k) => k % 2 === 1)
  .map(async ({ from, path }, k) => {
    const pull = async (timeout) =>
      note(
        `pull point ${k}`,
        await soap(
          path,
          `<e:PullMessages xmlns:e="http://www.onvif.org/ver10/events/wsdl"><e:Timeout>${timeout}</e:Timeout><e:MessageLimit>100</e:MessageLimit></e:PullMessages>`,
          { from, limitMs: 70_000 },
        ),
      );
    while (!done) await pull('PT10S');
    await pull('PT0S');
  });

const began = performance.now();
const samples = [];
let changes = 0;
while (performance.now() - began < Number(values.seconds) * 1000) {
  await soap(
    '/onvif/media_service',
    `<m:CreateProfile xmlns:m="http://www.onvif.org/ver10/media/wsdl"><m:Name>${changes}</m:Name><m:Token>p${changes}</m:Token></m:CreateProfile>`,
  );
  await soap(
    '/onvif/media_service',
    `<m:DeleteProfile xmlns:m="http://www.onvif.org/ver10/media/wsdl"><m:ProfileToken>p${changes}</m:ProfileToken></m:DeleteProfile>`,
  );
  changes++;
  await sleep(CHANGE_MS);
  if (performance.now() - began > (samples.length + 1) * SAMPLE_MS) {
    samples.push(await memory());
    const { used, resident } = samples.at(-1);
    process.stderr.write(
      `${samples.length * (SAMPLE_MS / 1000)} s: ${used.toFixed(1)} MB used, ${resident.toFixed(0)} MB resident, ${2 * changes} events\n`,
    );
  }
}
await sleep(2000);
done = true;
await Promise.all(pulling);

const problems = [];
const sequences = new Set([...heard.values()].map((events) => events.join()));
const tokens = Array.from({ length: changes }, (_, k) => [`p${k}`, `p${k}`]).flat();
const first = [...heard.values()][0] ?? [];
if (heard.size !== (PULL_POINTS + SUBSCRIBERS) / 2)
  problems.push(`${heard.size} of ${(PULL_POINTS + SUBSCRIBERS) / 2} living ones heard something`);
if (sequences.size !== 1) problems.push(`they heard ${sequences.size} different things`);
if (first.map((event) => event.split(' ')[0]).join() !== tokens.join())
  problems.push(`they heard ${first.length} of ${tokens.length} events`);
const growth = samples.length < 2 ? 0 : samples.at(-1).used - samples[0].used;
if (growth > TOLERANCE_MB) problems.push(`memory grew by ${growth.toFixed(1)} MB`);
const warnings = camera.entries().filter(({ level }) => level === 'warn' || level === 'error');
process.stdout.write(
  `${tokens.length} events to each of ${heard.size}; memory grew by ${growth.toFixed(1)} MB; ${warnings.length} warnings in the log:\n${warnings
    .map(({ msg }) => `  ${msg}\n`)
    .join('')}${problems.length === 0 ? 'All is well.' : problems.join('\n')}\n${machine()}\n`,
);
consumer.closeAllConnections();
consumer.close();
await camera.stop();
lan.stop();
rmSync(folder, { recursive: true, force: true });
process.exit(problems.length === 0 ? 0 : 1);
