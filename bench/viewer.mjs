import { load, startLimit, startOurs } from './servers.mjs';
import { median } from './statistics.mjs';

const ROUNDS = 3;
const WINDOW_S = 8;
const TARGET_S_PER_GB = 3.4;

/** One viewer, the capture through a pipe included; the camera's own CPU time is not. */
export async function viewer(note) {
  const [limit, ours] = [await startLimit(), await startOurs('camera', { auth: 'off' })];
  const runs = [];
  try {
    for (let round = 1; round <= ROUNDS; round++) {
      note(`round ${round} of ${ROUNDS}`);
      const job = { clients: 1, seconds: WINDOW_S };
      runs.push({ limit: await load(limit, job), ours: await load(ours, job) });
    }
  } finally {
    await Promise.all([limit.stop(), ours.stop()]);
  }
  const of = (who, key) => median(runs.map((run) => run[who][key]));
  const cpu = of('ours', 'srv_cpu_s_per_gb');
  const percent = (of('ours', 'srv_cpu_s') / WINDOW_S) * 100;
  return {
    results: [
      {
        what: 'One viewer, capture through the pipe included',
        measured: `${cpu.toFixed(1)} s/GB (${percent.toFixed(1)} % of a core; the C limit without capture: ${of('limit', 'srv_cpu_s_per_gb').toFixed(1)})`,
        target: `≤ ${TARGET_S_PER_GB} s/GB`,
        met: cpu <= TARGET_S_PER_GB,
      },
    ],
  };
}
