import { hasGStreamer, PICTURES, rtspLoad, startGStreamer, startRtspLimit } from './rtsp-servers.mjs';
import { startOurs, WARM_UP_S } from './servers.mjs';
import { median } from './statistics.mjs';

const ROUNDS = 5;
const WINDOW_S = 3;
const LOADS = [
  { mode: 'tcp', clients: 1 },
  { mode: 'tcp', clients: 10 },
  { mode: 'tcp', clients: 50 },
  { mode: 'udp', clients: 50 },
];
/** What 50 viewers are to cost at most, as a ratio to another server. */
const TARGETS = [
  { mode: 'tcp', beside: 'limit', name: 'the C limit', ratio: 1.2 },
  { mode: 'tcp', beside: 'gstreamer', name: "GStreamer's server", ratio: 0.5 },
  { mode: 'udp', beside: 'gstreamer', name: "GStreamer's server", ratio: 1.3 },
];

/**
 * The JPEG stream by RTSP: CPU time per delivered gigabyte of RTP, beside the C program that only sends and beside
 * GStreamer's server. All are measured in turn, and a ratio is the median of the rounds' ratios.
 */
export async function rtsp(note) {
  const ours = await startOurs('camera', { auth: 'off', 'idle-timeout': 'always' }, PICTURES);
  const servers = { ours, limit: await startRtspLimit() };
  if (hasGStreamer()) servers.gstreamer = await startGStreamer();
  else note('without GStreamer: apt install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-bad');
  const runs = LOADS.map((load) => ({ ...load, rounds: [] }));
  try {
    note(`warming up for ${Object.keys(servers).length * WARM_UP_S} s`);
    for (const server of Object.values(servers)) await rtspLoad(server, { clients: 50, seconds: WARM_UP_S });
    for (let round = 1; round <= ROUNDS; round++) {
      for (const { mode, clients, rounds } of runs) {
        note(`${clients} by ${mode}, round ${round} of ${ROUNDS}`);
        const figures = {};
        for (const [name, server] of Object.entries(servers)) figures[name] = await rtspLoad(server, { mode, clients, seconds: WINDOW_S });
        rounds.push(figures);
      }
    }
  } finally {
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  }
  return { results: results(runs, servers), table: table(runs, servers) };
}

const cpu = (figures, who) => figures[who].srv_cpu_s_per_gb;
const ratioTo = (rounds, beside) => median(rounds.map((figures) => cpu(figures, 'ours') / cpu(figures, beside)));

function results(runs, servers) {
  return TARGETS.filter(({ beside }) => servers[beside]).map(({ mode, beside, name, ratio }) => {
    const { rounds, clients } = runs.find((run) => run.mode === mode && run.clients === 50);
    const measured = ratioTo(rounds, beside);
    return {
      what: `RTSP, CPU per GB of ${clients} ${mode.toUpperCase()} viewers, ratio to ${name}`,
      measured: measured.toFixed(2),
      target: `≤ ${ratio}`,
      met: measured <= ratio,
    };
  });
}

function table(runs, servers) {
  return {
    title: 'RTSP, the JPEG stream, 1280x720 at 30 pictures a second, 77 KB each (CPU s/GB)',
    head: [
      'viewers',
      'by',
      'fps, slowest',
      'lost packets',
      'gap p99, ms',
      'ours',
      'C limit',
      'GStreamer',
      'to limit',
      'to GStreamer',
      'RSS, MB',
    ],
    rows: runs.map(({ mode, clients, rounds }) => {
      const of = (key, who = 'ours') => median(rounds.map((figures) => figures[who][key]));
      const beside = (text) => (servers.gstreamer ? text() : '–');
      return [
        String(clients),
        mode.toUpperCase(),
        of('fps_min').toFixed(1),
        String(rounds.reduce((sum, { ours }) => sum + ours.lost_packets, 0)),
        of('gap_p99_ms').toFixed(0),
        of('srv_cpu_s_per_gb').toFixed(2),
        of('srv_cpu_s_per_gb', 'limit').toFixed(2),
        beside(() => of('srv_cpu_s_per_gb', 'gstreamer').toFixed(2)),
        ratioTo(rounds, 'limit').toFixed(2),
        beside(() => ratioTo(rounds, 'gstreamer').toFixed(2)),
        of('srv_rss_peak_mb').toFixed(0),
      ];
    }),
  };
}
