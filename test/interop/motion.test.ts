import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import sharp from 'sharp';
import { programVersion, reportClient } from '../support/clients.ts';
import { needsProgram } from '../support/programs.ts';
import { eventually, Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** The recorder Motion, also at the heart of motionEye, which reads streams by ffmpeg's libraries and MJPEG by its own code. */

reportClient('Motion', () => programVersion('motion', '-h'));

/** Motion puts it into an address as it is: nothing that means something there. */
const PASSWORD = 'correct-horse-battery';
const PICTURES = 30;

let server: Server;
beforeAll(async () => {
  const picture = ['--source', 'test', '--width', '640', '--height', '480', '--fps', '20'];
  server = await Server.start({ args: ['--h264', 'on', ...picture], password: PASSWORD });
  await server.output(/H\.264 by/);
});
afterAll(() => server?.stop());

/** Has it save every picture of an address; gives them once there are enough, and what it complained of. */
async function record(url: string): Promise<{ files: string[]; complaints: string[] }> {
  const dir = makeTempDir();
  const settings = {
    ...{ daemon: 'off', setup_mode: 'off', log_level: 4, log_file: join(dir, 'log'), target_dir: dir },
    ...{ netcam_url: url, netcam_userpass: `admin:${PASSWORD}`, width: 640, height: 480, framerate: 20 },
    ...{ emulate_motion: 'on', picture_output: 'on', picture_filename: '%s-%q', movie_output: 'off', webcontrol_port: 0, stream_port: 0 },
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
  writeFileSync(join(dir, 'motion.conf'), lines.join(''));
  const motion = spawn('motion', ['-n', '-c', join(dir, 'motion.conf')], { stdio: 'ignore' });
  const ended = once(motion, 'exit');
  const log = () => readFileSync(join(dir, 'log'), 'utf8').split('\n').filter(Boolean);
  const pictures = () => readdirSync(dir).filter((name) => name.endsWith('.jpg'));
  try {
    await eventually(() => pictures().length > PICTURES, `${PICTURES} pictures of ${url}`, 30);
    // The newest may be half written.
    const files = pictures()
      .sort()
      .slice(0, PICTURES)
      .map((name) => join(dir, name));
    return { files, complaints: log().filter((line) => /\[(EMG|ALR|CRT|ERR|WRN)\]/.test(line)) };
  } finally {
    // Else it would write on while the directory is removed.
    motion.kill('SIGINT');
    await ended;
  }
}

describe('Motion records', () => {
  for (const [what, url] of [
    ['MJPEG over RTSP', () => `rtsp://127.0.0.1:${server.rtspPort}/mjpeg`],
    ['H.264 over RTSP', () => `rtsp://127.0.0.1:${server.rtspPort}/h264`],
    ['MJPEG over HTTP, by ffmpeg', () => `${server.url}/stream.mjpg`],
    ['MJPEG over HTTP, by its own code', () => `mjpeg://127.0.0.1:${server.port}/stream.mjpg`],
    ['the address of mjpg-streamer', () => `mjpeg://127.0.0.1:${server.port}/?action=stream`],
  ] as const) {
    needsProgram(
      'motion',
      `${what}: the picture moves, without a complaint`,
      async () => {
        const { files, complaints } = await record(url());
        expect(complaints).toEqual([]);
        expect(new Set(files.map((file) => readFileSync(file, 'base64'))).size).toBeGreaterThan(PICTURES / 2);
        expect(await sharp(files.at(-1)).metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 480 });
      },
      60_000,
    );
  }
});
