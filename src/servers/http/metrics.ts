import { Counter, Gauge, Registry } from 'prom-client';
import type { Vitals } from './status.ts';

const STATES = ['idle', 'starting', 'live', 'stalled', 'failed'];

/** Prometheus metrics, read from the vitals at each scrape: nothing is counted twice. */
export function makeMetrics(vitals: () => Vitals): () => Promise<{ type: string; text: string }> {
  const registry = new Registry();
  const gauge = (name: string, help: string, value: (now: Vitals) => number) =>
    new Gauge({
      name: `onvif_camera_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value(vitals()));
      },
    });
  const counter = (name: string, help: string, value: (now: Vitals) => number) =>
    new Counter({
      name: `onvif_camera_${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(value(vitals()));
      },
    });
  new Gauge({
    name: 'onvif_camera_state',
    help: '1 for the state the camera is in',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const state of STATES) this.set({ state }, vitals().status.state === state ? 1 : 0);
    },
  });
  gauge('fps', 'Pictures per second, measured', (now) => now.fps);
  gauge('viewers', 'Open MJPEG streams', (now) => now.viewers);
  gauge('uptime_seconds', 'Seconds since the start', (now) => now.uptime);
  gauge('resident_memory_bytes', 'Resident memory of the process', () => process.memoryUsage.rss());
  counter('cpu_seconds', 'CPU time of the process', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  counter('captures', 'Captures started', (now) => now.capture.starts);
  counter('frames_captured', 'Pictures taken from the camera', (now) => now.capture.frames);
  counter('pictures_dropped', 'Damaged pictures dropped', (now) => now.capture.droppedPictures);
  counter('bytes_dropped', 'Bytes from the camera that belonged to no picture', (now) => now.capture.droppedBytes);
  counter('frames_sent', 'Pictures sent to MJPEG viewers', (now) => now.streams.framesSent);
  counter('frames_skipped', 'Pictures that slow MJPEG viewers missed', (now) => now.streams.framesSkipped);
  counter('bytes_sent', 'Bytes sent to MJPEG viewers', (now) => now.streams.bytesSent);
  counter('viewers_dropped', 'MJPEG viewers dropped because they took nothing', (now) => now.streams.viewersDropped);
  return async () => ({ type: registry.contentType, text: await registry.metrics() });
}
