// Looks at the camera every 50 ms, from another machine of the network and from the kernel, in a thread of its own so that
// the attack's work does not delay it.
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { cpuSeconds } from '../process.mjs';
import { quantile } from '../statistics.mjs';
import { CAMERA, NEIGHBOUR } from './lan.mjs';

const EVERY_MS = 50;
/** A person has given up by then. */
const GIVE_UP_MS = 5000;
/** Questions that may be open; a camera that hangs is not to be flooded by its watcher. */
const MOST_OPEN = 40;

/** Starts watching; the result's `end()` gives what was seen. Latencies in milliseconds, of questions that were answered. */
export async function watch(pid, port) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { pid, port } });
  await new Promise((resolve) => worker.once('message', resolve));
  return {
    end: async () => {
      const seen = new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      worker.postMessage('end');
      const result = await seen;
      await worker.terminate();
      return result;
    },
  };
}

if (!isMainThread) {
  const { pid, port } = workerData;
  const seen = { latencies: [], failures: 0, descriptorsFirst: descriptors(), descriptorsPeak: 0, rssPeakMb: 0, cpuS: 0 };
  let open = 0;

  function descriptors() {
    try {
      return readdirSync(`/proc/${pid}/fd`).length;
    } catch {
      return 0;
    }
  }

  function askHealth() {
    if (open >= MOST_OPEN) {
      seen.failures++;
      return;
    }
    open++;
    const began = performance.now();
    let ended = false;
    const end = (well) => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      open--;
      if (well) seen.latencies.push(performance.now() - began);
      else seen.failures++;
      request.destroy();
    };
    const where = { host: CAMERA, port, path: '/healthz', agent: false, localAddress: NEIGHBOUR };
    const request = get(where, (response) => response.resume().on('end', () => end(response.statusCode === 200)));
    request.on('error', () => end(false));
    const timer = setTimeout(() => end(false), GIVE_UP_MS);
  }

  function look() {
    seen.descriptorsPeak = Math.max(seen.descriptorsPeak, descriptors());
    try {
      const kb = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
      seen.cpuS = cpuSeconds(pid);
      seen.rssPeakMb = Math.max(seen.rssPeakMb, (kb * 1024) / 1e6);
    } catch {
      // It has ended, or begins anew.
    }
    askHealth();
  }

  const timer = setInterval(look, EVERY_MS);
  parentPort.on('message', async () => {
    clearInterval(timer);
    // Those that are on their way are waited for: the slowest are the ones that matter.
    const until = performance.now() + GIVE_UP_MS;
    while (open > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    const { latencies, ...rest } = seen;
    const at = (q) => (latencies.length > 0 ? quantile(latencies, q) : undefined);
    parentPort.postMessage({
      ...rest,
      asked: latencies.length + seen.failures,
      p50: at(0.5),
      p99: at(0.99),
      max: at(1),
      descriptorsLast: descriptors(),
    });
  });
  parentPort.postMessage('ready');
}
