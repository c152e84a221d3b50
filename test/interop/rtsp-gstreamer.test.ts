import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { programVersion, reportClient } from '../support/clients.ts';
import { complaintsOf, DECODERS, EVENTS, FRAMES, GStreamerPackets, play } from '../support/gstreamer.ts';
import { told } from '../support/onvif-events.ts';
import { Player, rtspUrl } from '../support/players.ts';
import { needsProgram } from '../support/programs.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { eventually, Server } from '../support/server.ts';

/** Both streams by RTSP, played by GStreamer. */

reportClient('GStreamer rtspsrc', () => programVersion('gst-launch-1.0', '--version'));

let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--h264', 'on', '--source', 'test', '--width', '640', '--height', '480', '--fps', '20'] });
  await server.output(/H\.264 by/);
});
afterAll(() => server?.stop());

const locationOf = (transport: string, path: string, webPath: string): string =>
  transport === 'rtsph' ? `rtsph://127.0.0.1:${server.port}${webPath}` : `${transport}://127.0.0.1:${server.rtspPort}${path}`;

describe('GStreamer', () => {
  for (const [stream, webPath, width, height] of [
    ['mjpeg', '/stream.mjpg', 640, 480],
    ['h264', '/h264', 640, 480],
    ['sub', '/sub', 480, 360],
  ] as const) {
    for (const transport of ['rtspu', 'rtspt', 'rtsph']) {
      needsProgram(
        'gst-launch-1.0',
        `plays ${stream} over ${transport}: ${FRAMES} frames without a warning`,
        async () => {
          const { buffers, timestamps, caps, warnings } = await play(locationOf(transport, `/${stream}`, webPath), DECODERS[stream]);
          expect(complaintsOf(warnings, stream)).toEqual([]);
          expect(buffers).toBe(FRAMES);
          expect(caps).toContain(`width=(int)${width}, height=(int)${height}`);
          if (stream !== 'mjpeg') return;
          for (const [at, time] of timestamps.slice(1).entries()) expect(time).toBeGreaterThan(timestamps[at]!);
        },
        60_000,
      );
    }
  }

  needsProgram('gst-launch-1.0', 'plays h264 when it comes late', async () => {
    const first = Player.packets(rtspUrl(server, '/h264'));
    try {
      await first.until((lines) => lines.length >= 30, '30 packets');
      const { buffers, warnings } = await play(locationOf('rtspt', '/h264', '/h264'), DECODERS.h264);
      expect(complaintsOf(warnings, 'h264')).toEqual([]);
      expect(buffers).toBe(FRAMES);
    } finally {
      await first.stop();
    }
  });

  for (const transport of ['rtspu', 'rtspt']) {
    needsProgram('gst-launch-1.0', `hands on the events beside h264 over ${transport}, every state at first`, async () => {
      const packets = new GStreamerPackets(locationOf(transport, '/h264', '/h264'), EVENTS);
      try {
        // Motion is off, and the machine says of itself what it can.
        await eventually(
          () =>
            packets
              .documents()
              .flatMap((xml) => told({ xml }))
              .includes('SignalLoss Initialized State=false'),
          'events',
          20,
        ).catch((error: Error) => {
          throw new Error(`${error.message}, of GStreamer: ${packets.output}`);
        });
        expect(packets.documents()[0]).toMatch(/^<\?xml [^>]*><tt:MetadataStream .*<\/tt:MetadataStream>$/s);
      } finally {
        await packets.stop();
      }
    });
  }

  needsProgram('gst-launch-1.0', 'plays what a camera encodes itself', async () => {
    const stage = new Stage({ libav: true });
    const camera = ['--source', 'rpicam', '--rpicam-path', STANDIN, '--encoding', 'h264', '--width', '640', '--height', '480'];
    const native = await Server.start({ args: [...camera, '--h264', 'on'], env: stage.env });
    try {
      for (const transport of ['rtspu', 'rtspt']) {
        const { buffers, caps, warnings } = await play(`${transport}://127.0.0.1:${native.rtspPort}/h264`, DECODERS.h264);
        expect(complaintsOf(warnings, 'h264')).toEqual([]);
        expect(buffers).toBe(FRAMES);
        expect(caps).toContain('width=(int)640, height=(int)480');
      }
    } finally {
      await native.stop();
      stage.remove();
    }
  });
});
