import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { systemClock } from '../../src/core/clock.ts';
import { programVersion, reportClient } from '../support/clients.ts';
import { complaintsOf, DECODERS, EVENTS, FRAMES, play } from '../support/gstreamer.ts';
import { LiveRtspServer } from '../support/live-rtsp-server.ts';
import { decode } from '../support/players.ts';
import { needsProgram } from '../support/programs.ts';
import { MetadataTrack } from '../support/rtp/metadata-track.ts';

/** Streams with a metadata track beside the picture, played by who knows nothing of metadata. */

reportClient('ffmpeg', () => programVersion('ffmpeg', '-version'));
reportClient('GStreamer rtspsrc', () => programVersion('gst-launch-1.0', '--version'));

const DOCUMENT = '<?xml version="1.0"?><tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"></tt:MetadataStream>';
const RTP_HEADER = 12;
let live: LiveRtspServer;
const metadata = new MetadataTrack(systemClock);
let stopTalking: () => void;

beforeAll(async () => {
  live = new LiveRtspServer({ beside: () => [metadata] });
  await live.server.start();
});
afterAll(() => live.stop());

describe.each([
  ['that sends twenty documents a second', 50],
  ['that is silent', undefined],
])('with a metadata track %s', (_, everyMs) => {
  beforeAll(() => {
    stopTalking = everyMs === undefined ? () => {} : systemClock.every(everyMs, () => metadata.say(DOCUMENT));
  });
  afterAll(() => stopTalking());

  for (const stream of ['mjpeg', 'h264'] as const) {
    for (const transport of ['tcp', 'udp'] as const) {
      needsProgram(
        'ffmpeg',
        `${stream} comes to ffmpeg over ${transport}: 60 frames, all of them different`,
        async () => {
          const { frames, size, stderr } = await decode(live.url(`/${stream}`), transport, 60);
          expect([stderr, size, frames.length]).toEqual(['', '640x480', 60]);
          expect(new Set(frames.map(({ md5 }) => md5)).size).toBe(60);
        },
        60_000,
      );
    }

    for (const transport of ['rtspt', 'rtspu']) {
      needsProgram(
        'gst-launch-1.0',
        `${stream} comes to GStreamer over ${transport}: ${FRAMES} frames without a warning`,
        async () => {
          const { buffers, caps, warnings } = await play(live.url(`/${stream}`).replace('rtsp', transport), DECODERS[stream]);
          expect(complaintsOf(warnings, stream)).toEqual([]);
          expect(buffers).toBe(FRAMES);
          expect(caps).toMatch(/video\/x-raw.*width=\(int\)640, height=\(int\)480/);
        },
        60_000,
      );
    }
  }

  if (everyMs === undefined) return;
  for (const transport of ['rtspt', 'rtspu']) {
    needsProgram(
      'gst-launch-1.0',
      `its documents come to GStreamer over ${transport}, whole`,
      async () => {
        const location = live.url('/mjpeg').replace('rtsp', transport);
        const { buffers, sizes, caps, warnings } = await play(location, EVENTS);
        expect(complaintsOf(warnings, 'mjpeg')).toEqual([]);
        expect([buffers, new Set(sizes)]).toEqual([FRAMES, new Set([RTP_HEADER + DOCUMENT.length])]);
        expect(caps).toContain('encoding-name=(string)VND.ONVIF.METADATA');
      },
      60_000,
    );
  }
});
