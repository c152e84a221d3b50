import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, residentMegabytes } from './process.mjs';
import { load, startOurs } from './servers.mjs';
import { median } from './statistics.mjs';
import { bundled } from './tools.mjs';

/** Whole sittings, each with new processes: memory is known once per process. */
const SITTINGS = Number(process.env.BENCH_SITTINGS ?? 3);
const STARTS = 3;
const ROUNDS = 3;
const WINDOW_S = 2.5;
const WARM_UP_S = 8;
/** The camera is off before and has to be started by the first viewer, beside the others' work. */
const CAMERA_START_S = 4;
/** Longer than the pause between two loads of one server. */
const IDLE_TIMEOUT_S = 3;
/** As in the measurement "idle". */
const SETTLE_MS = 20_000;
const ONE_VIEWER = 1;
const MANY_VIEWERS = 100;
/** Of pictures, each over a connection of its own. */
const BURSTS = 8;
const BURST_REQUESTS = 200;

/** What is measured of each variant; less is better. */
const FIGURES = {
  startCpuMs: ['CPU to start, ms', 0],
  readyMs: ['ready, ms', 0],
  idleMb: ['idle, MB', 1],
  fewCpu: [`${ONE_VIEWER} viewer, CPU s/GB`, 2],
  manyCpu: [`${MANY_VIEWERS} viewers, CPU s/GB`, 3],
  viewedMb: [`${MANY_VIEWERS} viewers, MB`, 1],
  againMb: ['idle again, MB', 1],
  burstMb: [`bursts of ${BURST_REQUESTS} requests, MB`, 1],
};

/**
 * What each setting of src/platform/memory.ts gains: the program with all of them, without each, and without any, measured in
 * turn. Gains are medians over the sittings of how much more it is without the setting than with all, in percent; the figures of a
 * second program with all settings say what is noise. About five minutes per sitting: BENCH_SITTINGS says how many.
 */
export async function v8Settings(note) {
  const { V8_SETTINGS } = await import(await bundled('src/platform/memory.ts', 'memory.mjs'));
  const variants = {
    all: '0',
    'all, a second time': '0',
    ...Object.fromEntries(V8_SETTINGS.map((name) => [`without ${name}`, name])),
    none: '1',
  };
  const sittings = [];
  for (let k = 1; k <= SITTINGS; k++) {
    sittings.push(await sit(variants, (text) => note(`sitting ${k} of ${SITTINGS}, ${text}`)));
    note(JSON.stringify(sittings.at(-1)));
  }
  return { results: [], table: table(Object.keys(variants), sittings) };
}

/** One sitting: figures by the names of the variants. */
async function sit(variants, note) {
  const names = Object.keys(variants);
  const start = (name) =>
    startOurs('camera', { auth: 'off', 'idle-timeout': IDLE_TIMEOUT_S }, 'large', [], { ONVIF_CAMERA_PLAIN_V8: variants[name] });
  const samples = Object.fromEntries(names.map((name) => [name, Object.fromEntries(Object.keys(FIGURES).map((key) => [key, []]))]));
  const servers = {};
  try {
    for (let round = 1; round <= STARTS; round++) {
      note(`start ${round}`);
      for (const name of names) {
        const server = await start(name);
        samples[name].readyMs.push(server.readyMs);
        samples[name].startCpuMs.push(cpuSeconds(server.pid) * 1000);
        if (round < STARTS) await server.stop();
        else servers[name] = server;
      }
    }
    note('idle');
    await sleep(SETTLE_MS);
    for (const name of names) samples[name].idleMb.push(residentMegabytes(servers[name].pid));
    note('warming up');
    for (const name of names) await load(servers[name], { clients: MANY_VIEWERS, seconds: WARM_UP_S, warmUp: CAMERA_START_S });
    for (let round = 1; round <= ROUNDS; round++) {
      note(`viewers, round ${round}`);
      // Back and forth, as the machine drifts.
      for (const name of round % 2 === 0 ? names.toReversed() : names) {
        const many = await load(servers[name], { clients: MANY_VIEWERS, seconds: WINDOW_S, warmUp: CAMERA_START_S });
        samples[name].manyCpu.push(many.srv_cpu_s_per_gb);
        samples[name].viewedMb.push(many.srv_rss_peak_mb);
        const few = await load(servers[name], { clients: ONE_VIEWER, seconds: WINDOW_S });
        samples[name].fewCpu.push(few.srv_cpu_s_per_gb);
      }
    }
    await sleep(SETTLE_MS);
    for (const name of names) samples[name].againMb.push(residentMegabytes(servers[name].pid));
    note('bursts');
    for (const name of names) samples[name].burstMb.push(await residentAfterBursts(servers[name]));
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
  return Object.fromEntries(
    names.map((name) => [name, Object.fromEntries(Object.entries(samples[name]).map(([key, values]) => [key, median(values)]))]),
  );
}

/** Resident memory at its highest, after each of some bursts of requests. */
async function residentAfterBursts(server) {
  let highest = 0;
  for (let burst = 0; burst < BURSTS; burst++) {
    await Promise.all(Array.from({ length: BURST_REQUESTS }, () => picture(server.url('/snapshot.jpg'))));
    highest = Math.max(highest, residentMegabytes(server.pid));
  }
  return highest;
}

const picture = (url) =>
  new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => response.resume().on('end', resolve)).on('error', reject);
  });

function table(names, sittings) {
  const cell = (name, key) => {
    const [, digits] = FIGURES[key];
    const value = median(sittings.map((figures) => figures[name][key])).toFixed(digits);
    if (name === 'all') return value;
    const more = median(sittings.map((figures) => (figures[name][key] / figures.all[key] - 1) * 100));
    return `${value} (${more < 0 ? '−' : '+'}${Math.abs(more).toFixed(0)} %)`;
  };
  return {
    title: `V8's settings, ${sittings.length} sittings`,
    head: ['settings', ...Object.values(FIGURES).map(([title]) => title)],
    rows: names.map((name) => [name, ...Object.keys(FIGURES).map((key) => cell(name, key))]),
  };
}
