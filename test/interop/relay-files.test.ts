import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { parse } from 'yaml';
import { needsProgram, program } from '../support/programs.ts';
import { relayFile } from '../support/relays/files.ts';
import { Server } from '../support/server.ts';

/** What the files of deploy/relays ask the camera for, asked as these programs ask: mediamtx, go2rtc and Frigate are in no Debian package. */

const run = promisify(execFile);
let server: Server;
beforeAll(async () => {
  if (!program('ffmpeg')) return;
  server = await Server.start({ args: ['--source', 'test', '--width', '640', '--height', '360', '--h264', 'on'] });
  await server.output(/H\.264 by/);
}, 60_000);
afterAll(async () => {
  await server?.stop();
});

const read = (name: string): unknown => parse(relayFile(name, { host: '127.0.0.1', server, encode: encodeURIComponent }));

/** What ffmpeg makes of an address: "h264 640x360". */
async function streamAt(url: string): Promise<string> {
  const transport = url.startsWith('rtsp:') ? ['-rtsp_transport', 'tcp'] : [];
  // Beside the picture there are events.
  const show = ['-select_streams', 'v:0', '-show_entries', 'stream=codec_name,width,height', '-of', 'csv=p=0'];
  const [codec, width, height] = (await run('ffprobe', ['-v', 'error', ...transport, ...show, url], { timeout: 20_000 })).stdout
    .trim()
    .split(',');
  return `${codec} ${width}x${height}`;
}

needsProgram('ffmpeg', 'mediamtx.yml: both paths lead to the streams they are named after', async () => {
  const { paths } = read('mediamtx.yml') as { paths: Record<string, { source: string; sourceOnDemand: unknown }> };
  expect(Object.keys(paths)).toEqual(['h264', 'mjpeg']);
  for (const [name, { source }] of Object.entries(paths)) expect(await streamAt(source)).toBe(`${name} 640x360`);
});

needsProgram('ffmpeg', 'go2rtc.yaml: its sources play', async () => {
  const { streams } = read('go2rtc.yaml') as { streams: Record<string, string> };
  expect(await streamAt(streams.pi_camera!)).toBe('h264 640x360');
  expect(await streamAt(streams.pi_camera_mjpeg!)).toBe('mjpeg 640x360');
});

describe('frigate.yml', () => {
  interface Frigate {
    readonly go2rtc: { readonly streams: Record<string, readonly string[]> };
    readonly cameras: Record<
      string,
      { readonly ffmpeg: { readonly inputs: readonly { readonly path: string; readonly roles: readonly string[] }[] } }
    >;
  }
  /** The arguments behind Frigate's preset-rtsp-restream, preset-rtsp-generic and preset-http-mjpeg-generic. */
  const PRESETS = {
    restream: ['-rtsp_transport', 'tcp', '-timeout', '5000000'],
    generic: [
      ...['-avoid_negative_ts', 'make_zero', '-fflags', '+genpts+discardcorrupt', '-rtsp_transport', 'tcp', '-timeout', '5000000'],
      ...['-use_wallclock_as_timestamps', '1'],
    ],
    mjpeg: ['-avoid_negative_ts', 'make_zero', '-fflags', '+genpts+discardcorrupt', '-use_wallclock_as_timestamps', '1'],
  };

  needsProgram('ffmpeg', "its inputs are what its go2rtc calls so, and go2rtc's sources play", async () => {
    const { go2rtc, cameras } = read('frigate.yml') as Frigate;
    for (const [name, { ffmpeg }] of Object.entries(cameras)) {
      expect(ffmpeg.inputs.map(({ path, roles }) => [path, ...roles])).toEqual([
        [`rtsp://127.0.0.1:8554/${name}`, 'record'],
        [`rtsp://127.0.0.1:8554/${name}_sub`, 'detect'],
      ]);
      for (const source of [name, `${name}_sub`]) expect(await streamAt(go2rtc.streams[source]![0]!)).toBe('h264 640x360');
    }
  });

  const cases = [
    ['preset-rtsp-restream', PRESETS.restream, 'h264'],
    ['preset-rtsp-generic', PRESETS.generic, 'h264'],
    ['preset-http-mjpeg-generic', PRESETS.mjpeg, 'mjpeg'],
  ] as const;
  for (const [name, input, codec] of cases) {
    needsProgram(
      'ffmpeg',
      `${name}: detects and records at once`,
      async () => {
        const { go2rtc } = read('frigate.yml') as Frigate;
        const { streams } = read('go2rtc.yaml') as { streams: Record<string, string> };
        const url = codec === 'h264' ? go2rtc.streams.pi_camera![0]! : streams.pi_camera_mjpeg!;
        const extension = codec === 'h264' ? 'mp4' : 'mkv';
        const dir = mkdtempSync(join(tmpdir(), 'onvif-camera-frigate-'));
        const record = [
          '-f',
          'segment',
          '-segment_time',
          '1',
          '-segment_format',
          codec === 'h264' ? 'mp4' : 'matroska',
          '-reset_timestamps',
          '1',
          '-c',
          'copy',
          '-an',
        ];
        const detect = ['-threads', '2', '-r', '5', '-vf', 'scale=320:180', '-f', 'rawvideo', '-pix_fmt', 'yuv420p'];
        try {
          const { stdout, stderr } = await run(
            'ffmpeg',
            [
              '-hide_banner',
              '-loglevel',
              'warning',
              ...input,
              '-i',
              url,
              '-t',
              '5',
              ...record,
              join(dir, `%d.${extension}`),
              '-t',
              '5',
              ...detect,
              'pipe:',
            ],
            { encoding: 'buffer', timeout: 40_000, maxBuffer: 1 << 26 },
          );
          expect(stdout.length / ((320 * 180 * 3) / 2)).toBeGreaterThanOrEqual(20);
          const segments = readdirSync(dir);
          expect(segments.length).toBeGreaterThanOrEqual(2);
          expect(await streamAt(join(dir, segments.sort()[0]!))).toBe(`${codec} 640x360`);
          expect(stderr.toString()).not.toMatch(/error|corrupt|invalid/i);
        } finally {
          rmSync(dir, { recursive: true, force: true });
        }
      },
      60_000,
    );
  }
});
