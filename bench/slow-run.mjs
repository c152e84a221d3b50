// node slow-run.mjs MAIN [PATTERN [SERVERS]]
//
// What slow.mjs runs in a network namespace of its own: prints one line of JSON, a list of what was measured.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from './process.mjs';
import { accepts, freePort, load, Server, startOurs, until, useBuild } from './servers.mjs';
import { SlowLink } from './slow-links.mjs';
import { quantile } from './statistics.mjs';
import { compiled, pictureFolder } from './tools.mjs';

const [, , main, filter = '', wanted = ''] = process.argv;
// PATTERN picks cases by their names, as they stand in the notes, and SERVERS what is measured: "ours|ustreamer".
useBuild(main);
const MOST_VIEWERS = 5;
const FAST_VIEWERS = 2;
const WARM_UP_S = 5;
/**
 * In seconds. At 2 Mbit/s come some three pictures a second, and where packets are lost one window is unlike the next: in so long, enough
 * for a 99th percentile that is not the oldest one.
 */
const windowOf = ({ megabits, viewers, lossy }) => (viewers > 1 ? (megabits > 2 ? 15 : 20) : megabits > 2 ? (lossy ? 30 : 15) : 45);
const RTSP_PORT = 8554;
/** What the kernel shows of connections is hidden from the program: so it goes on as it would without it. */
const HIDE = ['unshare', '-m', '--propagation', 'private', 'sh', '-c', 'mount -t tmpfs none /proc/$$/net && exec "$@"', 'sh'];
const note = (text) => process.stderr.write(`slow: ${text}\n`);

const CASES = [10, 2].flatMap((megabits) =>
  ['mjpeg', 'rtsp'].flatMap((kind) =>
    [false, true].flatMap((lossy) => [1, MOST_VIEWERS].map((viewers) => ({ megabits, kind, lossy, viewers }))),
  ),
);

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
execFileSync('ip', ['link', 'set', 'lo', 'up']);
const links = [];
for (let number = 1; number <= MOST_VIEWERS; number++) links.push(await SlowLink.open(number));
const options = { auth: 'off', bind: '0.0.0.0', 'idle-timeout': 'always' };
const servers = {
  ours: await startOurs('camera', { ...options, 'rtsp-port': RTSP_PORT }, 'rtp'),
  unseen: await startOurs('camera', { ...options, 'rtsp-port': RTSP_PORT + 2 }, 'rtp', HIDE),
};
if (spawnSync('ustreamer', ['--version']).status === 0) servers.ustreamer = await startUstreamer();
else note('without uStreamer: apt install ustreamer');
const results = [];
try {
  for (const each of CASES) {
    const label = `${each.viewers} by ${each.kind}, ${each.megabits} Mbit/s${each.lossy ? ', 2 % loss, 50 ms' : ''}`;
    if (!new RegExp(filter).test(label)) continue;
    for (const [name, server] of Object.entries(servers)) {
      if ((each.kind === 'rtsp' && name === 'ustreamer') || !new RegExp(wanted).test(name)) continue;
      const result = await measure(each, name, server);
      results.push({ ...each, server: name, ...result });
      note(`${label}, ${name}: ${result.p50?.toFixed(0)}, ${result.p99?.toFixed(0)} ms, ${result.fps.toFixed(1)} pictures a second`);
    }
  }
} finally {
  await Promise.all(Object.values(servers).map((server) => server.stop()));
  for (const link of links) await link.close();
}
process.stdout.write(`${JSON.stringify(results)}\n`);

async function measure({ kind, viewers, ...link }, name, server) {
  const used = links.slice(0, viewers);
  const times = { warmUp: WARM_UP_S, window: windowOf({ ...link, viewers }) };
  for (const each of used) each.shape(link);
  const mjpeg = name === 'ustreamer' ? '/stream' : '/stream.mjpg';
  const [port, path] = kind === 'rtsp' ? [RTSP_PORT + (name === 'ours' ? 0 : 2), '/mjpeg'] : [server.port, mjpeg];
  // The fast ones alone first, for what they cost.
  const alone = await load(server, { clients: FAST_VIEWERS, seconds: 4, warmUp: 1, path: mjpeg });
  const watching = used.map((each) => each.watch(kind, port, path, times));
  const fast = load(server, { clients: FAST_VIEWERS, seconds: times.window - 1, warmUp: times.warmUp, path: mjpeg });
  await sleep(times.warmUp * 1000);
  const cpu = cpuSeconds(server.pid);
  await sleep((times.window - 1) * 1000);
  const cpuShare = (cpuSeconds(server.pid) - cpu) / (times.window - 1);
  const seen = await Promise.all(watching);
  const ages = seen.flatMap((each) => each.ages);
  return {
    fps: seen.reduce((sum, each) => sum + each.fps, 0) / viewers,
    p50: quantile(ages, 0.5),
    p99: quantile(ages, 0.99),
    cpu: cpuShare * 100,
    cpuOfSlow: (cpuShare - alone.srv_cpu_s / alone.secs) * 100,
    fastFps: (await fast).fps_min,
  };
}

/** uStreamer with the same pictures, from what it takes for a webcam; its times are those at which it begins to send a picture. */
async function startUstreamer() {
  const port = await freePort();
  const args = ['-d', '/dev/video0', '-m', 'MJPEG', '-c', 'HW', '-r', '1280x720', '-f', '30', '--host', '0.0.0.0', '-p', String(port)];
  const env = { ...process.env, FAKE_WEBCAM: pictureFolder('rtp'), LD_PRELOAD: compiled('fake-webcam.so') };
  const server = new Server(spawn('ustreamer', args, { env, stdio: 'ignore' }), port, undefined);
  await until(server, () => accepts(port));
  return server;
}
