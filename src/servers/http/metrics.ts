import { Counter, Gauge, Registry } from 'prom-client';
import type { EncoderCounters } from '../../encode/encoder.ts';
import { STREAM_STATES } from '../../frames/stream-state.ts';
import type { EventsApiOptions } from './api/events.ts';
import type { Vitals } from './status.ts';

/**
 * Returns what writes the metrics in the Prometheus text format. They are read from the vitals at each scrape: nothing is
 * counted twice.
 */
export function makeMetrics(vitals: () => Vitals, events: EventsApiOptions): () => Promise<{ type: string; text: string }> {
  const registry = new Registry();
  /** Those of this scrape: they are gone through once for all figures, which the registry asks for in one turn. */
  let seen = vitals();
  const gauge = (name: string, help: string, value: (now: Vitals) => number) =>
    new Gauge({
      name: `onvif_camera_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(value(seen));
      },
    });
  const counter = (name: string, help: string, value: (now: Vitals) => number) =>
    new Counter({
      name: `onvif_camera_${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(value(seen));
      },
    });
  new Gauge({
    name: 'onvif_camera_state',
    help: '1 for the state the camera is in',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const state of STREAM_STATES) this.set({ state }, seen.status.state === state ? 1 : 0);
    },
  });
  new Counter({
    name: 'onvif_camera_events_total',
    help: 'Events told since the start',
    labelNames: ['topic'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [topic, count] of events.log.counts) this.inc({ topic }, count);
    },
  });
  new Gauge({
    name: 'onvif_camera_event_state',
    help: 'States as events tell them: 1 for yes, 0 for no, times in seconds since 1970',
    labelNames: ['topic', 'source'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { topic, source, data } of events.feed.current())
        for (const value of Object.values(data))
          if (typeof value !== 'string') this.set({ topic, source: Object.values(source).join(',') }, numberOf(value));
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
  gauge('motion', '1 while something moves, as far as motion is looked for', (now) => (now.scene.motion?.moving ? 1 : 0));
  counter('faults', 'Errors in the program that nobody expected; the log has them', (now) => now.faults);
  counter('captures', 'Captures started', (now) => now.capture.starts);
  counter('frames_captured', 'Pictures taken from the camera', (now) => now.capture.frames);
  counter('pictures_dropped', 'Damaged pictures dropped', (now) => now.capture.droppedPictures);
  counter('bytes_dropped', 'Bytes from the camera that belonged to no picture', (now) => now.capture.droppedBytes);
  counter('frames_sent', 'Pictures sent to MJPEG viewers', (now) => now.streams.framesSent);
  counter('frames_skipped', 'Pictures that slow MJPEG viewers missed', (now) => now.streams.framesSkipped);
  counter('bytes_sent', 'Bytes sent to MJPEG viewers', (now) => now.streams.bytesSent);
  counter('viewers_dropped', 'MJPEG viewers dropped because they took nothing', (now) => now.streams.viewersDropped);
  counter('connections_closed', 'Web connections closed for want of room', (now) => now.connectionsClosed);
  gauge('rtsp_sessions', 'Open RTSP sessions', (now) => now.rtsp?.sessions ?? 0);
  counter('rtsp_sessions_opened', 'RTSP sessions set up', (now) => now.rtsp?.counters.sessions ?? 0);
  counter('rtsp_packets_sent', 'RTP packets sent', (now) => now.rtsp?.counters.packetsSent ?? 0);
  counter('rtsp_bytes_sent', 'Bytes of RTP sent', (now) => now.rtsp?.counters.bytesSent ?? 0);
  counter('rtsp_packets_lost', 'RTP packets that clients report as lost', (now) => now.rtsp?.counters.packetsLost ?? 0);
  counter('rtsp_frames_skipped', 'Pictures that slow RTSP clients missed', (now) => now.rtsp?.counters.framesSkipped ?? 0);
  counter(
    'rtsp_sessions_dropped',
    'RTSP sessions dropped because their client took nothing',
    (now) => now.rtsp?.counters.sessionsDropped ?? 0,
  );
  counter('rtsp_sessions_timed_out', 'RTSP sessions of whose clients nothing was heard', (now) => now.rtsp?.counters.sessionsTimedOut ?? 0);
  counter('rtsp_connections_refused', 'RTSP connections closed for want of room', (now) => now.rtsp?.counters.connectionsRefused ?? 0);
  counter('h264_encoder_starts', 'H.264 encoders started', (now) => encoded(now, 'starts'));
  counter('h264_frames_encoded', 'Pictures encoded as H.264', (now) => encoded(now, 'units'));
  counter('h264_frames_skipped', 'Pictures that the H.264 encoder had no time for', (now) => encoded(now, 'skipped'));
  counter('h264_bytes', 'Bytes of H.264', (now) => encoded(now, 'bytes'));
  counter('jpeg_decoder_starts', "Decoders started that make JPEGs of a camera's H.264", (now) => now.decoded?.starts ?? 0);
  counter('jpeg_frames_decoded', "JPEGs made of a camera's H.264", (now) => now.decoded?.frames ?? 0);
  counter('jpeg_units_skipped', "Pictures of a camera's H.264 that the decoder had no time for", (now) => now.decoded?.skipped ?? 0);
  return async () => {
    seen = vitals();
    return { type: registry.contentType, text: await registry.metrics() };
  };
}

const numberOf = (value: number | boolean | Date): number => (value instanceof Date ? value.getTime() / 1000 : Number(value));

/** Sum of a counter over all streams of H.264. */
function encoded({ video }: Vitals, counter: keyof EncoderCounters): number {
  let sum = 0;
  for (const stream of video) {
    const source = stream.encoding === 'H264' ? stream.source() : undefined;
    if (source && source !== 'trying') sum += source.counters[counter];
  }
  return sum;
}
