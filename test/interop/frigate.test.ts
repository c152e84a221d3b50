import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { programVersion, reportClient } from '../support/clients.ts';
import { needsProgram } from '../support/programs.ts';
import { Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** Frigate starts ffmpeg with these arguments, its presets, and reads raw pictures from it or has it write files. */

reportClient('ffmpeg', () => programVersion('ffmpeg', '-version'));

/** image2, which reads stills, takes an escape in the address for the number of a file. */
const PASSWORD = 'correct-horse-battery';
const FPS = 20;
const TIMEOUT_MS = 60_000;
const CLOCK = ['-fflags', '+genpts+discardcorrupt', '-use_wallclock_as_timestamps', '1'];
const QUICK = ['-fflags', 'nobuffer', '-flags', 'low_delay', '-strict', 'experimental'];
const START = ['-hide_banner', '-loglevel', 'warning', '-threads', '2'];
const rtsp = (transport: string) => ['-avoid_negative_ts', 'make_zero', ...CLOCK, '-rtsp_transport', transport, '-timeout', '5000000'];
const PRESETS = {
  'preset-rtsp-generic': rtsp('tcp'),
  'preset-rtsp-udp': rtsp('udp'),
  'preset-http-mjpeg-generic': ['-avoid_negative_ts', 'make_zero', ...QUICK, ...CLOCK],
  'preset-http-jpeg-generic': [
    '-r',
    String(FPS),
    '-stream_loop',
    '-1',
    '-f',
    'image2',
    '-avoid_negative_ts',
    'make_zero',
    ...QUICK,
    ...CLOCK,
  ],
};
const run = promisify(execFile);

let server: Server;
beforeAll(async () => {
  const picture = ['--source', 'test', '--width', '320', '--height', '240', '--fps', String(FPS)];
  server = await Server.start({ args: ['--h264', 'on', ...picture], password: PASSWORD });
  await server.output(/H\.264 by/);
});
afterAll(() => server?.stop());

const rtspAddress = () => `rtsp://admin:${PASSWORD}@127.0.0.1:${server.rtspPort}/h264`;
const webAddress = (path: string) => `http://admin:${PASSWORD}@127.0.0.1:${server.port}${path}`;

describe('Frigate', () => {
  for (const [preset, address] of [
    ['preset-rtsp-generic', rtspAddress],
    ['preset-rtsp-udp', rtspAddress],
    ['preset-http-mjpeg-generic', () => webAddress('/stream.mjpg')],
    ['preset-http-jpeg-generic', () => webAddress('/snapshot.jpg')],
  ] as const)
    needsProgram(
      'ffmpeg',
      `detects by ${preset}`,
      async () => {
        const output = ['-r', '5', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-frames:v', '15', 'pipe:'];
        const { stdout } = await run('ffmpeg', [...START, ...PRESETS[preset], '-i', address(), ...output], {
          encoding: 'buffer',
          maxBuffer: 1 << 26,
        });
        const bytes = (320 * 240 * 3) / 2;
        expect(stdout.length).toBe(15 * bytes);
        const pictures = Array.from({ length: 15 }, (_unused, at) => stdout.toString('base64', at * bytes, (at + 1) * bytes));
        expect(new Set(pictures).size).toBeGreaterThan(10);
      },
      TIMEOUT_MS,
    );

  needsProgram(
    'ffmpeg',
    'records by preset-record-generic, without a gap between files',
    async () => {
      const dir = makeTempDir();
      const record = ['-f', 'segment', '-segment_time', '3', '-segment_format', 'mp4', '-reset_timestamps', '1', '-c', 'copy', '-an'];
      const input = [...PRESETS['preset-rtsp-generic'], '-i', rtspAddress()];
      await run('ffmpeg', [...START, ...input, '-frames:v', String(8 * FPS), ...record, join(dir, '%03d.mp4')]);
      const files = readdirSync(dir).sort();
      expect(files.length).toBeGreaterThan(1);
      let packets = 0;
      for (const file of files) {
        const show = ['-v', 'error', '-count_packets', '-show_entries', 'stream=codec_name,nb_read_packets', '-of', 'csv=p=0'];
        const [codec, count] = (await run('ffprobe', [...show, join(dir, file)])).stdout.trim().split(',');
        expect(codec).toBe('h264');
        packets += Number(count);
      }
      expect(packets).toBe(8 * FPS);
    },
    TIMEOUT_MS,
  );
});
