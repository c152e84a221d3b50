import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { programVersion, reportClient } from '../support/clients.ts';
import { Neighbour } from '../support/network/neighbour.ts';
import { inOwnNetwork } from '../support/network/own-network.ts';
import { PictureFolder, yardWithWalker } from '../support/pictures.ts';
import { withCredentials } from '../support/players.ts';
import { needsPerl } from '../support/programs.ts';
import { type RtpMethod, ZONEMINDER, ZoneMinder } from '../support/recorders/zoneminder.ts';
import { STANDIN, Stage } from '../support/rpicam/stage.ts';
import { eventually, PASSWORD, Server } from '../support/server.ts';

/** The recorder ZoneMinder on another machine: finds the camera, reads its profiles and records what it was told, also on motion. */

const NETWORK = '10.87.0';
const DEVICE = `http://${NETWORK}.1:8080/onvif/device_service`;
const FPS = 20;
/** Pictures that are waited for: three seconds of them. */
const PICTURES = 60;

inOwnNetwork(import.meta.filename, ZONEMINDER, () => {
  let neighbour: Neighbour;
  let zoneMinder: ZoneMinder;
  let camera: Server;
  const dataDir = mkdtempSync(join(tmpdir(), 'onvif-camera-'));

  const ON_LAN = ['--bind', '0.0.0.0', '--http-port', '8080', '--rtsp-port', '8554', '--name', 'Front door'];
  const PICTURE = ['--source', 'test', '--width', '640', '--height', '480', '--fps', String(FPS)];
  const start = () => Server.start({ dataDir, args: [...ON_LAN, '--h264', 'on', ...PICTURE] });

  reportClient('ZoneMinder', () => programVersion('zmc', '--version'));

  beforeAll(async () => {
    neighbour = await Neighbour.inLan(NETWORK);
    [zoneMinder, camera] = await Promise.all([ZoneMinder.start(neighbour), start()]);
    await camera.output(/H\.264 by/);
  }, 60_000);
  afterAll(async () => {
    await zoneMinder?.stop();
    await camera?.stop();
    neighbour?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  describe.each(['1.1', '1.2'])('with SOAP %s', (soap) => {
    test('it finds the camera', async () => {
      const found = await zoneMinder.discover(soap);
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(`${DEVICE}, ${soap}, `);
      expect(found[0]).toContain("name='Front%20door'");
    }, 30_000);

    test('it reads the profiles, with the right password', async () => {
      expect(await zoneMinder.profiles(DEVICE, soap, 'admin', PASSWORD)).toEqual([
        { name: 'H.264', encoding: 'H264', size: '640x480', url: `rtsp://${NETWORK}.1:8554/h264` },
        { name: 'H.264, small', encoding: 'H264', size: '480x360', url: `rtsp://${NETWORK}.1:8554/sub` },
        { name: 'MJPEG', encoding: 'JPEG', size: '640x480', url: `rtsp://${NETWORK}.1:8554/mjpeg` },
      ]);
      expect(await zoneMinder.profiles(DEVICE, soap, 'admin', 'wrong').catch(() => [])).toEqual([]);
    }, 30_000);
  });

  test.each<[string, RtpMethod]>([
    ['MJPEG', 'rtpRtsp'],
    ['MJPEG', 'rtpUni'],
    ['H.264', 'rtpRtsp'],
    ['H.264', 'rtpUni'],
  ])(
    'it records %s by %s: no picture twice, without a complaint',
    async (profile, method) => {
      const offers = await zoneMinder.profiles(DEVICE, '1.2', 'admin', PASSWORD);
      const recording = await zoneMinder.record(withCredentials(offers.find(({ name }) => name === profile)!.url), method);
      await recording.until(PICTURES);
      const { pictures, complaints } = recording;
      expect(await recording.end()).toBeGreaterThanOrEqual(PICTURES);
      expect(complaints).toEqual([]);
      const files = pictures.slice(0, PICTURES - 1);
      expect(new Set(files.map((file) => readFileSync(file, 'base64'))).size).toBe(files.length);
      expect(await sharp(files.at(-1)).metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 480 });
    },
    60_000,
  );

  test('it goes on recording after the camera was switched off and on', async () => {
    const recording = await zoneMinder.record(withCredentials(`rtsp://${NETWORK}.1:8554/h264`), 'rtpRtsp');
    await recording.until(PICTURES);
    camera.process.kill('SIGKILL');
    await camera.ended;
    const before = recording.pictures.length;
    camera = await start();
    await recording.until(before + PICTURES);
    await recording.end();
  }, 120_000);

  describe('of a camera that makes H.264 itself', () => {
    const stage = new Stage({ libav: true });
    beforeAll(async () => {
      await camera.stop();
      const picture = ['--source', 'rpicam', '--rpicam-path', STANDIN, '--encoding', 'h264', '--fps', String(FPS)];
      camera = await Server.start({ dataDir, args: [...ON_LAN, '--h264', 'on', ...picture], env: stage.env });
      await camera.output(/H\.264 by/);
    });
    afterAll(() => stage.remove());

    test.each<[string, string, RtpMethod]>([
      ['that H.264', 'h264', 'rtpRtsp'],
      ['that H.264', 'h264', 'rtpUni'],
      ['the smaller stream', 'sub', 'rtpRtsp'],
    ])(
      'it records %s, /%s, by %s, without a complaint',
      async (_stream, path, method) => {
        const recording = await zoneMinder.record(withCredentials(`rtsp://${NETWORK}.1:8554/${path}`), method);
        await recording.until(PICTURES);
        const { complaints } = recording;
        expect(await recording.end()).toBeGreaterThanOrEqual(PICTURES);
        expect(complaints).toEqual([]);
        expect(stage.starts().at(-1)!.argv.join(' ')).toContain('--libav-video-codec libx264');
      },
      60_000,
    );
  });

  needsPerl(
    'SOAP::Lite',
    'its ONVIF listener records when somebody walks through the picture, each time',
    async () => {
      await camera.stop();
      const yard = new PictureFolder().add(await yardWithWalker());
      try {
        const picture = ['--source', `images:${yard.dir}`, '--fps', '8', '--motion', 'on', '--motion-hold-time', '1'];
        camera = await Server.start({ dataDir, args: [...ON_LAN, ...picture] });
        const device = { url: DEVICE, soap: '11', user: 'admin', password: PASSWORD };
        const watch = await zoneMinder.watch(withCredentials(`rtsp://${NETWORK}.1:8554/mjpeg`), device, `${NETWORK}.2`);
        await eventually(async () => (await watch.causes()).length >= 2, 'two recordings', 40);
        expect(new Set(await watch.causes())).toEqual(new Set(['motion']));
        expect(watch.complaints).toEqual([]);
      } finally {
        yard.remove();
      }
    },
    90_000,
  );
});
