import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { readJpegHeader } from '../../src/frames/jpeg.ts';
import { programVersion, reportClient } from '../support/clients.ts';
import { MISTAKEN } from '../support/players.ts';
import { needsProgram } from '../support/programs.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { PASSWORD, Server } from '../support/server.ts';

/** Programs we did not write, against the stand-in for the Pi's camera. */

reportClient('ffmpeg', () => programVersion('ffmpeg', '-version'));
reportClient('curl', () => programVersion('curl', '--version'));

const run = promisify(execFile);
const user = `admin:${PASSWORD}`;
let stage: Stage;
let server: Server;
/** The address with the credentials in it, as people type it into other programs. */
const withUser = (path: string) => server.url.replace('//', `//${encodeURIComponent('admin')}:${encodeURIComponent(PASSWORD)}@`) + path;

beforeAll(async () => {
  stage = new Stage();
  server = await Server.start({
    args: ['--source', 'rpicam', '--rpicam-path', STANDIN, '--width', '640', '--height', '480', '--fps', '30'],
    env: stage.env,
  });
});
afterAll(async () => {
  await server.stop();
  stage.remove();
});

describe('ffmpeg', () => {
  for (const [title, format] of [
    ['told that it is MJPEG', ['-f', 'mpjpeg']],
    ['finding out by itself', []],
  ] as const) {
    needsProgram('ffmpeg', `reads 100 pictures of the stream without an error, ${title}`, async () => {
      const { stdout, stderr } = await run('ffmpeg', [
        ...['-hide_banner', '-loglevel', 'warning', ...format, '-i', withUser('/stream.mjpg')],
        ...['-frames:v', '100', '-f', 'framemd5', '-'],
      ]);
      const frames = stdout.split('\n').filter((line) => /^0,/.test(line));
      expect(frames).toHaveLength(100);
      // A frozen picture would decode without an error, too.
      expect(new Set(frames.map((line) => line.split(',').at(-1))).size).toBeGreaterThan(10);
      // Full-range JPEG is "deprecated pixel format" to its scaler; that is said of every MJPEG source.
      const complaints = stderr.replace(MISTAKEN, '').split('\n');
      expect(complaints.filter((line) => line !== '' && !/deprecated pixel format/.test(line))).toEqual([]);
    });
  }

  needsProgram('ffprobe', 'sees a baseline JPEG in the snapshot', async () => {
    const args = [
      '-v',
      'error',
      '-show_entries',
      'stream=codec_name,profile,pix_fmt,width,height',
      '-of',
      'csv=p=0',
      withUser('/snapshot.jpg'),
    ];
    expect((await run('ffprobe', args)).stdout.trim()).toBe('mjpeg,Baseline,640,480,yuvj420p');
  });
});

describe('curl', () => {
  for (const scheme of ['--basic', '--digest', '--anyauth']) {
    needsProgram('curl', `logs in with ${scheme}`, async () => {
      const { stdout } = await run('curl', ['-sS', '--fail', scheme, '-u', user, `${server.url}/snapshot.jpg`], { encoding: 'buffer' });
      expect(readJpegHeader(stdout)).toMatchObject({ width: 640, height: 480 });
    });
  }

  needsProgram('curl', 'gets a whole picture as the first bytes after the headers of the stream', async () => {
    // Ends with an error when the time is over: a stream has no end.
    const { stdout } = await run('curl', ['-sS', '--digest', '-u', user, '-m', '2', `${server.url}/stream.mjpg`], {
      encoding: 'buffer',
      maxBuffer: 1 << 26,
    }).catch((error: { stdout: Buffer }) => error);
    const [, length] = /^--frame\r\nContent-Type: image\/jpeg\r\nContent-Length: (\d+)\r\nX-Timestamp: [\d.]+\r\n\r\n/.exec(
      stdout.toString('latin1', 0, 200),
    )!;
    const from = stdout.indexOf('\r\n\r\n') + 4;
    const jpeg = stdout.subarray(from, from + Number(length));
    expect(readJpegHeader(jpeg)).toMatchObject({ width: 640, height: 480 });
    expect(jpeg.subarray(-2)).toEqual(Buffer.of(0xff, 0xd9));
  });
});
