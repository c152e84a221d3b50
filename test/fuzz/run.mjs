#!/usr/bin/env node
// node test/fuzz/run.mjs [--seconds N | --inputs N] [--seed N] [--targets http,soap,…] [--program FILE] [--keep FOLDER]
//   [--tries N] [--findings N] [--patience SECONDS] [--replay]
//
// Sends the running program what nobody sends: valid messages of each of its protocols with their words, lengths, bytes and
// packets changed. First what was found before, then new inputs in turn for each target. It has found something when the
// program ends, says that something went wrong in it, is silent for a second, or takes time, memory or descriptors out of
// proportion; the least input that does it is kept as a file, and the exit code is 1. The same seed gives the same inputs.
// --tries says how often the program may be started to make a finding small, --findings after how many it gives up, and
// --patience how long it may keep descriptors of connections that were closed. --replay sends only what was found before.
// Datagrams need a network of its own (Linux, unshare); without, they are left out.
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Camera, lanAddress } from './camera.mjs';
import { check } from './check.mjs';
import { CODECS, fuzzCodecs } from './codecs.mjs';
import { kept, reduce, save, trial } from './findings.mjs';
import { caseOf, TARGETS } from './targets.mjs';

const MARK = 'FUZZ_IN_OWN_NETWORK';
/** Only we are in it; everybody in 10.0.0.0/8 is us. */
const NETWORK =
  'ip link set lo up && ip link add cam0 type veth peer name cam1 && ip link set cam1 up && ip address add 192.0.2.1/24 dev cam0 && ip link set cam0 up && ' +
  'ip route add default dev cam0 && ip route add local 10.0.0.0/8 dev lo && exec "$@"';
/** Cases of a target in the first round; four times as many in each of the next ones. */
const FIRST_SLICE = 50;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    inputs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    targets: { type: 'string' },
    program: { type: 'string' },
    keep: { type: 'string' },
    tries: { type: 'string', default: '60' },
    findings: { type: 'string', default: '10' },
    patience: { type: 'string', default: '15' },
    replay: { type: 'boolean', default: false },
  },
});

/** Runs this program again in a network of its own; gives its exit code, or undefined where there is no such network. */
function inOwnNetwork() {
  if (process.env[MARK] || process.platform !== 'linux') return undefined;
  const unshare = [...(process.getuid() === 0 ? [] : ['-r']), '-n', 'sh', '-c', NETWORK, 'sh'];
  if (spawnSync('unshare', [...unshare, 'true'], { stdio: 'ignore' }).status !== 0) return undefined;
  const again = [process.execPath, ...process.argv.slice(1)];
  return spawnSync('unshare', [...unshare, ...again], { stdio: 'inherit', env: { ...process.env, [MARK]: '1' } }).status ?? 1;
}

const code = inOwnNetwork();
if (code !== undefined) process.exit(code);
check.patienceMs = Number(values.patience) * 1000;
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const network = process.env[MARK] !== undefined;
const say = (text) => process.stdout.write(`${text}\n`);
/** @typedef {{ program: string, network: boolean, address: string | undefined }} Setting */
const setting = {
  program: resolve(values.program ?? fileURLToPath(new URL('../../dist/main.js', import.meta.url))),
  network,
  address: network ? lanAddress() : undefined,
};
const folder = resolve(values.keep ?? fileURLToPath(new URL('../fixtures/fuzz', import.meta.url)));
const known = [...Object.keys(TARGETS), CODECS];
const asked = values.targets?.split(',') ?? known;
const unknown = asked.find((name) => !known.includes(name));
if (unknown !== undefined) {
  say(`There is no target "${unknown}"; there are ${known.join(', ')}.`);
  process.exit(2);
}
const possible = asked.filter(
  (name) => name === CODECS || ((network || !TARGETS[name].network) && (process.platform === 'linux' || !TARGETS[name].proc)),
);
for (const name of asked) if (!possible.includes(name)) say(`${name}: left out, it needs Linux and network namespaces`);

let bad = 0;
for (const { name, target, cases } of kept(folder)) {
  if (!possible.includes(target)) continue;
  const complaint = await trial(setting, target, cases);
  say(`${name}: ${complaint ?? 'well'}`);
  if (complaint !== undefined) bad++;
}
if (!values.replay) bad += await fuzz();
process.exit(bad > 0 ? 1 : 0);

/** New inputs until the time or the number is over. @returns {Promise<number>} how many findings there were */
async function fuzz() {
  const counts = Object.fromEntries(possible.map((name) => [name, 0]));
  const total = () => Object.values(counts).reduce((sum, count) => sum + count, 0);
  const [began, most] = [performance.now(), values.inputs === undefined ? Number.POSITIVE_INFINITY : Number(values.inputs)];
  const until = values.inputs === undefined ? began + Number(values.seconds) * 1000 : Number.POSITIVE_INFINITY;
  const over = () => performance.now() >= until || total() >= most;
  const next = Object.fromEntries(possible.map((name) => [name, 0]));
  let findings = 0;
  let camera = await Camera.start(setting.program, network);
  let told = began;
  // The first round is a short one, and a whole one: however little time there is, everything is tried.
  for (let round = 0; (round === 0 || !over()) && findings < Number(values.findings); round++) {
    for (const target of possible) {
      if (round > 0 && over()) break;
      if (target === CODECS) {
        const { count, complaint } = await fuzzCodecs(values.seed, next[target], folder);
        next[target] += count;
        counts[target] += count;
        if (complaint) {
          findings++;
          say(`codecs: ${complaint}`);
        }
        continue;
      }
      const { slice: most, send } = TARGETS[target];
      const slice = Math.min(most, FIRST_SLICE * 4 ** round);
      const cases = Array.from({ length: slice }, (_, k) => caseOf(target, values.seed, next[target] + k));
      next[target] += slice;
      const before = check.begin(camera);
      const read = await send(camera, cases, setting.address);
      counts[target] += read;
      const complaint = await check.end(camera, before, cases);
      if (complaint === undefined) continue;
      const said = camera.log.slice(0, 600);
      await camera.stop();
      if (await report(target, complaint, cases, said)) findings++;
      camera = await Camera.start(setting.program, network);
    }
    if (performance.now() - told > 20_000) {
      told = performance.now();
      say(
        `${total()} inputs, ${((told - began) / 1000).toFixed(0)} s, ${camera.memoryMb.toFixed(0)} MB, ${camera.descriptors} descriptors`,
      );
    }
  }
  const seconds = (performance.now() - began) / 1000;
  say(
    `seed ${values.seed}: ${total()} inputs in ${seconds.toFixed(0)} s (${Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ')}), ${findings} findings`,
  );
  say(
    `the camera at the end: ${camera.cpuS.toFixed(1)} s of CPU time, ${camera.memoryMb.toFixed(0)} MB, ${camera.descriptors} descriptors`,
  );
  await camera.stop();
  return findings;
}

/**
 * Makes it small and keeps it.
 * @returns {Promise<boolean>} whether it is a finding: what costs CPU time must do so again
 */
async function report(target, complaint, cases, said) {
  say(`${target}: ${complaint}; making it small`);
  if (said !== '') say(`  ${said.replaceAll('\n', '\n  ')}`);
  const least = await reduce(setting, target, cases, Number(values.tries), (text) => say(`  ${text}`));
  if (least) {
    const bytes = least.flatMap(({ chunks }) => chunks).reduce((sum, { length }) => sum + length, 0);
    say(`  kept as ${save(folder, target, complaint, least)}: ${least.length} case(s), ${bytes} bytes`);
    return true;
  }
  if (/CPU time/.test(complaint)) {
    say('  not again: no finding');
    return false;
  }
  // What grows slowly comes from all that was sent before; the rest may have been a matter of time, and is worth keeping.
  const slow = / before$/.test(complaint);
  say(`  not again by ${cases[0].seed} to ${cases.at(-1).seed} alone${slow ? '' : `; kept as ${save(folder, target, complaint, cases)}`}`);
  return true;
}
