import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readJpegHeader } from '../../src/frames/jpeg.ts';
import { programVersion, reportClient } from '../support/clients.ts';
import { buildGoClients, GO_BUILD_TIMEOUT_MS, type GoClients, goObstacle } from '../support/go-clients.ts';
import { withCredentials } from '../support/players.ts';
import { describeNeeding, installation, program } from '../support/programs.ts';
import { Go2rtc } from '../support/recorders/go2rtc.ts';
import { Server } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { watch } from '../support/watched-pictures.ts';

/** go2rtc pulls from the camera in the ways that people configure it. */

const FPS = 20;
const SECONDS = 3;
const obstacle = goObstacle() ?? (program('ffprobe') ? undefined : `needs ffprobe: ${installation('ffprobe')}`);

describeNeeding(
  obstacle,
  'go2rtc',
  () => {
    let clients: GoClients;
    let server: Server;
    let go2rtc: Go2rtc;
    reportClient('go2rtc', () => programVersion(clients.go2rtc, '--version'));

    beforeAll(async () => {
      clients = await buildGoClients();
      server = await Server.start({
        args: ['--h264', 'on', '--source', 'test', '--width', '640', '--height', '480', '--fps', String(FPS)],
      });
      await server.output(/H\.264 by/);
      const [web, rtsp] = [withCredentials(server.url), withCredentials(`rtsp://127.0.0.1:${server.rtspPort}`)];
      const onvif = web.replace('http:', 'onvif:');
      go2rtc = await Go2rtc.start(clients.go2rtc, {
        h264: `${rtsp}/h264`,
        mjpeg: `${rtsp}/mjpeg`,
        onvif,
        'onvif by token': `${onvif}?subtype=mjpeg`,
        'onvif snapshot': `${onvif}?subtype=h264&snapshot`,
        stream: `${web}/stream.mjpg`,
        snapshot: `${web}/snapshot.jpg`,
      });
    }, GO_BUILD_TIMEOUT_MS);
    afterAll(async () => {
      await go2rtc?.stop();
      await server?.stop();
    });

    test.each([
      ['the RTSP address', 'h264'],
      ["ONVIF, which gives it the first profile's", 'onvif'],
    ])(
      'makes MP4 of %s',
      async (_title, name) => {
        const answer = await fetch(go2rtc.url(`/api/stream.mp4?src=${name}&duration=${SECONDS}`));
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('avc1')]);
        const file = join(makeTempDir(), 'recorded.mp4');
        writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
        const args = [
          '-v',
          'error',
          '-count_frames',
          '-show_entries',
          'stream=codec_name,width,height,nb_read_frames',
          '-of',
          'json',
          file,
        ];
        const { streams } = JSON.parse((await promisify(execFile)('ffprobe', args)).stdout) as { streams: Record<string, unknown>[] };
        expect(streams).toEqual([{ codec_name: 'h264', width: 640, height: 480, nb_read_frames: expect.any(String) }]);
        expect(Number(streams[0]!.nb_read_frames)).toBeGreaterThan((SECONDS * FPS) / 2);
      },
      30_000,
    );

    test('makes HLS of H.264', async () => {
      const args = ['-v', 'error', '-show_entries', 'stream=codec_name,width,height', '-of', 'csv=p=0'];
      const { stdout } = await promisify(execFile)('ffprobe', [...args, go2rtc.url('/api/stream.m3u8?src=h264&mp4')]);
      expect(stdout.trim().split('\n')[0]).toBe('h264,640,480');
    }, 30_000);

    test.each(['mjpeg', 'onvif by token', 'stream', 'snapshot', 'onvif snapshot'])(
      'shows a still of %s',
      async (name) => {
        const answer = await fetch(go2rtc.url(`/api/frame.jpeg?src=${encodeURIComponent(name)}`));
        expect(answer.status).toBe(200);
        expect(readJpegHeader(Buffer.from(await answer.arrayBuffer()))).toMatchObject({ width: 640, height: 480 });
      },
      30_000,
    );

    test.each(['mjpeg', 'stream'])(
      'shows %s moving',
      async (name) => {
        const answer = await fetch(go2rtc.url(`/api/stream.mjpeg?src=${name}`));
        const { pictures } = await watch(answer, (count) => count === 2 * FPS);
        expect(new Set(pictures).size).toBeGreaterThan(FPS);
      },
      30_000,
    );

    test.each(['snapshot', 'onvif snapshot'])(
      "asks for %s in a loop, which goes at the camera's rate",
      async (name) => {
        const answer = await fetch(go2rtc.url(`/api/stream.mjpeg?src=${encodeURIComponent(name)}`));
        const { pictures } = await watch(answer, (count) => count === 2 * FPS);
        // Nearly all: on a busy machine a picture may come so late that the one before is given again.
        expect(new Set(pictures).size).toBeGreaterThan(0.75 * 2 * FPS);
      },
      30_000,
    );

    test('has complained of nothing', () => {
      expect(go2rtc.log.split('\n').filter((line) => /\b(WRN|ERR|FTL)\b/.test(line))).toEqual([]);
    });
  },
  'go',
);
