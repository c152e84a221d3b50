import { load, startLimit, startOurs, WARM_UP_S } from './servers.mjs';
import { median } from './statistics.mjs';

const WINDOW_S = 2.5;
const ROUNDS = 5;
/** With few viewers one round says enough less. */
const FEW_ROUNDS = 3;
const FEW = [1, 10, 50];
const MANY = [100, 200];
const TARGET_RATIO = 1.3;
const TARGET_RSS_MB = 85;
const OPTIONS = { auth: 'off', 'idle-timeout': 'always' };
const SOURCES = { camera: 'pictures through a pipe', images: 'pictures from files' };

/**
 * Fan-out to many viewers: CPU time per delivered gigabyte, against the C program that only sends, from memory. All are
 * measured in turn, within seconds, and a ratio is the median of the rounds' ratios: what else the machine does hits all.
 */
export async function fanout(note) {
  const servers = { limit: await startLimit(), camera: await startOurs('camera', OPTIONS), images: await startOurs('images', OPTIONS) };
  const runs = new Map([...FEW, ...MANY].map((clients) => [clients, []]));
  try {
    note(`warming up for ${Object.keys(servers).length * WARM_UP_S} s`);
    for (const server of Object.values(servers)) await load(server, { clients: MANY[0], seconds: WARM_UP_S });
    for (let round = 1; round <= ROUNDS; round++) {
      for (const [clients, done] of runs) {
        const many = MANY.includes(clients);
        if (!many && round > FEW_ROUNDS) continue;
        note(`${clients} clients, round ${round}`);
        const figures = {};
        for (const name of many ? ['limit', 'camera', 'images'] : ['limit', 'camera']) {
          figures[name] = await load(servers[name], { clients, seconds: WINDOW_S });
        }
        done.push(figures);
      }
    }
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
  const rows = [...runs].map(([clients, done]) => summary('camera', clients, done));
  rows.push(...MANY.map((clients) => summary('images', clients, runs.get(clients))));
  return { results: results(rows), table: table(rows) };
}

function summary(source, clients, rounds) {
  const of = (key, who = source) => median(rounds.map((figures) => figures[who][key]));
  return {
    source,
    clients,
    fpsMin: of('fps_min'),
    fpsMedian: of('fps_median'),
    gapP99: of('gap_p99_ms'),
    limit: of('srv_cpu_s_per_gb', 'limit'),
    ours: of('srv_cpu_s_per_gb'),
    ratio: median(rounds.map((figures) => figures[source].srv_cpu_s_per_gb / figures.limit.srv_cpu_s_per_gb)),
    rss: of('srv_rss_peak_mb'),
  };
}

function results(rows) {
  const many = rows.filter((row) => MANY.includes(row.clients));
  const rss = Math.max(...many.map((row) => row.rss));
  return [
    ...many.map(({ clients, source, ratio }) => ({
      what: `CPU per GB at ${clients} clients, ratio to the C limit (${SOURCES[source]})`,
      measured: ratio.toFixed(2),
      target: `≤ ${TARGET_RATIO}`,
      met: ratio <= TARGET_RATIO,
    })),
    { what: 'Memory with 200 viewers', measured: `${rss.toFixed(0)} MB`, target: `≤ ${TARGET_RSS_MB} MB`, met: rss <= TARGET_RSS_MB },
  ];
}

function table(rows) {
  return {
    title: 'Fan-out, 1280x720 at 30 pictures a second',
    head: ['clients', 'source', 'fps, slowest', 'fps, median', 'gap p99, ms', 'CPU s/GB', 'C limit, s/GB', 'ratio', 'RSS, MB'],
    rows: rows.map((row) => [
      String(row.clients),
      row.source,
      row.fpsMin.toFixed(1),
      row.fpsMedian.toFixed(1),
      row.gapP99.toFixed(0),
      row.ours.toFixed(2),
      row.limit.toFixed(2),
      row.ratio.toFixed(2),
      row.rss.toFixed(0),
    ]),
  };
}
