// One attack against one program: start, attack, look, and see whether it still serves.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from '../process.mjs';
import { Camera, HTTP_PORT } from './camera.mjs';
import { STANDIN, serves } from './serves.mjs';
import { watch } from './watch.mjs';
import { Wire } from './wire.mjs';

/** What a start leaves to do is done by then. */
const SETTLE_MS = 1500;

/**
 * @param {import('./lan.mjs').Lan} lan
 * @param {string} program path of main.js
 * @param {{ title: string, seconds: number, args?: string[], captured?: boolean, run: Function }} attack `captured`: the pictures
 *   come from a stand-in for rpicam-vid that notes its starts
 */
export async function attack(lan, program, { title, seconds, args = [], captured = false, run }) {
  const stage = mkdtempSync(join(tmpdir(), 'onvif-camera-stage-'));
  if (captured) writeFileSync(join(stage, 'scenario.json'), '{}');
  const source = captured ? ['--source', 'rpicam', '--rpicam-path', STANDIN, '--idle-timeout', '1'] : [];
  const camera = await Camera.start(lan, { program, args: [...source, ...args], env: { RPICAM_STANDIN_DIR: stage } });
  const wire = new Wire();
  try {
    await sleep(SETTLE_MS);
    resetPeak(camera.pid);
    const rss = camera.memory();
    const [pid, cpuBefore, began] = [camera.pid, cpuSeconds(camera.pid), performance.now()];
    const watcher = await watch(pid, HTTP_PORT);
    const captures = () =>
      existsSync(join(stage, 'starts.log')) ? readFileSync(join(stage, 'starts.log'), 'utf8').split('"mjpeg"').length - 1 : 0;
    const outcome = await run({ camera, wire, seconds, serves, captures });
    const { sent, got } = wire;
    const tookS = (performance.now() - began) / 1000;
    const restarted = camera.pid !== pid;
    const cpuNow = camera.alive ? cpuSeconds(camera.pid) : undefined;
    wire.close();
    const { descriptorsFirst, descriptorsPeak, descriptorsLast, rssPeakMb, cpuS: cpuLast, ...latency } = await watcher.end();
    const cpuS = (cpuNow ?? cpuLast) - (restarted ? 0 : cpuBefore);
    const peak = restarted || !camera.alive ? rssPeakMb : Math.max(rssPeakMb, camera.memory().peakMb);
    return {
      title,
      sent,
      got,
      cpuS,
      tookS,
      rssMb: rss.nowMb,
      rssPeakMb: peak,
      // A program that was started anew has another number.
      descriptors: restarted ? [] : [descriptorsFirst, descriptorsPeak, descriptorsLast],
      health: latency,
      outcome,
      serves: camera.alive ? await serves() : `**no**: it ended with ${camera.child.exitCode ?? camera.child.signalCode}`,
      complaints: [
        ...new Set(
          camera
            .entries()
            .filter(({ level }) => level === 'error')
            .map(({ msg }) => String(msg).slice(0, 300)),
        ),
      ].slice(0, 3),
    };
  } catch (error) {
    return { title, sent: wire.sent, failed: String(error?.stack ?? error).slice(0, 600) };
  } finally {
    wire.close();
    await camera.stop();
    rmSync(stage, { recursive: true, force: true });
  }
}

/** The kernel's memory of the peak begins anew (proc(5), clear_refs). */
function resetPeak(pid) {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // Not allowed here: the start counts too.
  }
}
