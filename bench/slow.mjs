import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { builtProgram } from './servers.mjs';
import { compiled, pictureFolder } from './tools.mjs';

const RUN = fileURLToPath(new URL('slow-run.mjs', import.meta.url));
/** Oldest pictures on a link that only has a rate, milliseconds, by megabits a second. */
const P99_MS = { 10: 200, 2: 500 };
/** Of the pictures that arrive without all this. */
const LEAST_SHARE = 0.95;
const MOST_CPU = 5;
const KINDS = { mjpeg: 'MJPEG', rtsp: 'RTSP/TCP' };
const SERVERS = { ours: 'ours', unseen: 'ours, queue hidden', ustreamer: 'uStreamer' };

/**
 * Viewers on slow links: how old their pictures are, beside the same program where the kernel hides what waits, which is what it
 * was before, and beside other programs that are there. Needs root and iproute2, and is left out elsewhere.
 */
export async function slow(note) {
  const obstacle = findObstacle();
  if (obstacle !== undefined) {
    note(`left out: ${obstacle}`);
    return { results: [] };
  }
  compiled('slow-cable');
  pictureFolder('rtp');
  const runs = [];
  for (const congestion of congestionControls()) {
    note(`by ${congestion}`);
    const measured = JSON.parse(await inOwnNetwork(congestion, process.execPath, RUN, builtProgram()));
    runs.push(...measured.map((run) => ({ congestion, ...run })));
  }
  return { results: results(runs), table: table(runs) };
}

/** That of this machine and, where the kernel has it, that which Linux has by itself; or one of another's choice. */
function congestionControls() {
  const chosen = process.env.BENCH_CONGESTION_CONTROL;
  if (chosen) return [chosen];
  const read = (name) => readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8').trim();
  const available = read('tcp_available_congestion_control').split(' ');
  return [...new Set([read('tcp_congestion_control'), ...['cubic'].filter((name) => available.includes(name))])];
}

function findObstacle() {
  if (process.getuid() !== 0) return 'it needs root';
  for (const [command, ...args] of [
    ['tc', '-V'],
    ['ip', '-V'],
    ['nsenter', '-V'],
    ['unshare', '-n', 'true'],
  ]) {
    try {
      execFileSync(command, args, { stdio: 'ignore' });
    } catch {
      return `"${[command, ...args].join(' ')}" does not work (apt install iproute2 util-linux)`;
    }
  }
  return undefined;
}

/** Runs a program in a network namespace, in which TCP goes by this congestion control; gives its standard output. */
function inOwnNetwork(congestion, ...command) {
  const options = { maxBuffer: 64 * 1024 * 1024, env: { ...process.env, BENCH_CONGESTION_CONTROL: congestion } };
  return new Promise((resolve, reject) => {
    const child = execFile('unshare', ['-n', ...command], options, (error, stdout) => (error ? reject(error) : resolve(stdout)));
    process.once('exit', () => child.kill());
    child.stderr.pipe(process.stderr);
  });
}

function results(runs) {
  const ours = runs.filter(({ server }) => server === 'ours');
  return ours.flatMap((run) => {
    const { congestion, megabits, kind, lossy, viewers, p50, p99, fps, cpuOfSlow } = run;
    const before = runs.find((each) => each.server === 'unseen' && isSameCase(each, run));
    const what = `${congestion}, ${viewers} by ${KINDS[kind]} at ${megabits} Mbit/s${lossy ? ', lossy' : ''}`;
    const age = {
      what: `${what}: age p50, p99`,
      measured: `${p50.toFixed(0)}, ${p99.toFixed(0)} ms`,
      target: `p99 ≤ ${P99_MS[megabits]} ms`,
      met: p99 <= P99_MS[megabits],
    };
    const share = {
      what: `${what}: pictures a second, and of those with the queue hidden`,
      measured: `${fps.toFixed(1)}, ${((100 * fps) / before.fps).toFixed(0)} %`,
      target: `≥ ${100 * LEAST_SHARE} %`,
      met: fps >= LEAST_SHARE * before.fps,
    };
    const cpu = {
      what: `${what}: CPU for them`,
      measured: `${cpuOfSlow.toFixed(1)} % of a core`,
      target: `≤ ${MOST_CPU} %`,
      met: cpuOfSlow <= MOST_CPU,
    };
    // Where packets are lost, how old pictures become is for TCP to say.
    return [...(lossy ? [] : [age]), share, ...(viewers > 1 ? [cpu] : [])];
  });
}

const isSameCase = (one, other) => ['congestion', 'megabits', 'kind', 'lossy', 'viewers'].every((key) => one[key] === other[key]);

function table(runs) {
  return {
    title: `Slow links, one for each viewer, 1280x720 at 30 pictures a second, 77 KB each, beside two viewers on fast links`,
    head: [
      'TCP',
      'Mbit/s',
      'by',
      'viewers',
      'link',
      'server',
      'age p50, ms',
      'p99, ms',
      'fps',
      'CPU, %',
      'of it for them, %',
      'fps of the fast',
    ],
    rows: runs.map((run) => [
      run.congestion,
      String(run.megabits),
      KINDS[run.kind],
      String(run.viewers),
      run.lossy ? '2 % loss, 50 ms' : 'clean',
      SERVERS[run.server],
      run.p50?.toFixed(0) ?? '–',
      run.p99?.toFixed(0) ?? '–',
      run.fps.toFixed(1),
      run.cpu.toFixed(1),
      run.cpuOfSlow.toFixed(1),
      run.fastFps.toFixed(1),
    ]),
  };
}
