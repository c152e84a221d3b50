import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { programVersion, reportClient } from '../support/clients.ts';
import { Player, rtspUrl } from '../support/players.ts';
import { needsProgram } from '../support/programs.ts';
import { PASSWORD, Server } from '../support/server.ts';

/** Both streams by RTSP, played by GStreamer. */

reportClient('GStreamer rtspsrc', () => programVersion('gst-launch-1.0', '--version'));

const FRAMES = 50;
/** A pipeline without a picture would wait for ever. */
const TIMEOUT_MS = 40_000;
let server: Server;
beforeAll(async () => {
  server = await Server.start({ args: ['--h264', 'on', '--source', 'test', '--width', '640', '--height', '480', '--fps', '20'] });
  await server.output(/H\.264 by/);
});
afterAll(() => server?.stop());

/** Decodes frames until there are {@link FRAMES}: the sizes that it saw of them, and all warnings. */
async function play(
  location: string,
  decoder: string,
): Promise<{ buffers: number; timestamps: number[]; caps: string; warnings: string[] }> {
  const source = ['rtspsrc', `location=${location}`, 'user-id=admin', `user-pw=${PASSWORD}`, 'latency=200', 'drop-on-latency=false'];
  const check = ['identity', 'name=check', 'silent=false', `eos-after=${FRAMES + 1}`];
  const { stdout, stderr } = await promisify(execFile)(
    'gst-launch-1.0',
    ['-v', ...source, ...`! ${decoder} !`.split(' '), ...check, ...'! fakesink sync=false'.split(' ')],
    // Warnings and errors of every element.
    { timeout: TIMEOUT_MS, maxBuffer: 1 << 26, env: { ...process.env, GST_DEBUG: '2', GST_DEBUG_NO_COLOR: '1', LC_ALL: 'C' } },
  ).catch((error: { code: unknown; stdout: string; stderr: string }) => {
    // The exit code says no more than the ERROR lines, and those of its ending are none of ours.
    if (error.code === 1) return error;
    throw error;
  });
  const seen = [...stdout.matchAll(/chain +\*+ \(check:sink\) \((\d+) bytes, dts: \S+, pts: (\d+):(\d+):([\d.]+)/g)];
  return {
    buffers: seen.length,
    timestamps: seen.map(([, , hours, minutes, seconds]) => Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)),
    caps: /check\.GstPad:sink: caps = (.*)$/m.exec(stdout)?.[1] ?? '',
    warnings: `${stdout}\n${stderr}`.split('\n').filter((line) => /\b(WARN|ERROR|WARNING)\b/.test(line)),
  };
}

/**
 * Said, in one way or another, when the pipeline has had its frames and stops reading while it tells the server to pause.
 * A write that it cancels itself before the first byte it calls an end of file, and that an error.
 */
const ENDING = /(receive|PAUSE) interrupted|Operation was cancelled|Received end-of-file|Could not write to resource/;
/**
 * The group of pictures that is there when an H.264 client comes, from DESCRIBE on, is sent at once, faster than its
 * timestamps run: GStreamer sets its clock anew.
 */
const CAUGHT_UP = /decreasing timestamp/;

const locationOf = (transport: string, path: string, webPath: string): string =>
  transport === 'rtsph' ? `rtsph://127.0.0.1:${server.port}${webPath}` : `${transport}://127.0.0.1:${server.rtspPort}${path}`;

const DECODERS = { mjpeg: 'rtpjpegdepay ! jpegdec', h264: 'rtph264depay ! h264parse ! avdec_h264' };

describe('GStreamer', () => {
  for (const [stream, webPath] of [
    ['mjpeg', '/stream.mjpg'],
    ['h264', '/h264'],
  ] as const) {
    for (const transport of ['rtspu', 'rtspt', 'rtsph']) {
      needsProgram(
        'gst-launch-1.0',
        `plays ${stream} over ${transport}: ${FRAMES} frames without a warning`,
        async () => {
          const { buffers, timestamps, caps, warnings } = await play(locationOf(transport, `/${stream}`, webPath), DECODERS[stream]);
          expect(warnings.filter((line) => !ENDING.test(line) && !(stream === 'h264' && CAUGHT_UP.test(line)))).toEqual([]);
          expect(buffers).toBe(FRAMES);
          expect(caps).toMatch(/video\/x-raw.*width=\(int\)640, height=\(int\)480/);
          if (stream === 'h264') return;
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
      expect(warnings.filter((line) => !ENDING.test(line) && !CAUGHT_UP.test(line))).toEqual([]);
      expect(buffers).toBe(FRAMES);
    } finally {
      await first.stop();
    }
  });
});
