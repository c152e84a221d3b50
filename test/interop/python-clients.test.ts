import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reportClient } from '../support/clients.ts';
import { rtspUrl, withCredentials } from '../support/players.ts';
import { describeNeeding } from '../support/programs.ts';
import { PYTHON_INSTALL_TIMEOUT_MS, PythonClients, pythonObstacle } from '../support/python-clients.ts';
import { PASSWORD, Server } from '../support/server.ts';
import { ToldCamera } from '../support/told-camera.ts';

/** Libraries that scripts, computer vision and Home Assistant are made with. */

const COUNT = 40;
const TIMEOUT_MS = 60_000;

describeNeeding(pythonObstacle(), 'from PyPI', () => {
  let clients: PythonClients;
  let server: Server;
  reportClient('OpenCV', () => clients.version('opencv-python-headless'));
  reportClient('PyAV', () => clients.version('av'));
  reportClient('aiortsp', () => clients.version('aiortsp'));
  reportClient('onvif-zeep-async', () => clients.version('onvif-zeep-async'));
  reportClient('onvif-parsers', () => clients.version('onvif-parsers'));
  reportClient('onvif-zeep', () => clients.version('onvif-zeep'));

  beforeAll(async () => {
    clients = await PythonClients.install();
    const picture = ['--source', 'test', '--width', '640', '--height', '480', '--fps', '20'];
    server = await Server.start({ args: ['--h264', 'on', '--name', 'Front door', ...picture] });
    await server.output(/H\.264 by/);
  }, PYTHON_INSTALL_TIMEOUT_MS);
  afterAll(() => server?.stop());

  const access = () => ['127.0.0.1', String(server.port), 'admin', PASSWORD];

  describe('OpenCV', () => {
    test.each([
      ['H.264 by RTSP', () => rtspUrl(server, '/h264')],
      ['MJPEG by RTSP', () => rtspUrl(server, '/mjpeg')],
      ['MJPEG by HTTP', () => withCredentials(`${server.url}/stream.mjpg`)],
    ])(
      'reads %s',
      async (_title, url) => {
        expect(await clients.run('opencv', url(), String(COUNT))).toEqual({ size: [640, 480], different: COUNT });
      },
      TIMEOUT_MS,
    );
  });

  describe('PyAV', () => {
    test.each(['/h264', '/mjpeg'].flatMap((path) => ['tcp', 'udp'].map((transport) => [path, transport] as const)))(
      'decodes %s by %s, each picture later than the one before',
      async (path, transport) => {
        const { times, ...rest } = (await clients.run('pyav', rtspUrl(server, path), transport, String(COUNT))) as { times: number[] };
        expect(rest).toEqual({ codec: path.slice(1), sizes: [[640, 480]] });
        expect(times).toHaveLength(COUNT);
        expect(times.slice(1).filter((time, at) => time <= times[at]!)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  });

  describe('aiortsp', () => {
    test.each(['/h264', '/mjpeg'].flatMap((path) => ['tcp', 'udp'].map((transport) => [path, transport] as const)))(
      'reads %s by %s without a gap',
      async (path, transport) => {
        expect(await clients.run('aiortsp', rtspUrl(server, path), transport, String(COUNT))).toEqual({ pictures: COUNT, missing: 0 });
      },
      TIMEOUT_MS,
    );
  });

  test(
    'onvif-zeep-async connects, finds H.264 first, takes snapshots by Digest and Basic, and sets the image',
    async () => {
      expect(await clients.run('onvif_zeep_async', ...access())).toEqual({
        serial: expect.stringMatching(/./),
        interfaces: expect.any(Number),
        year: new Date().getUTCFullYear(),
        profiles: [
          ['h264', 'H264'],
          ['sub', 'H264'],
          ['mjpeg', 'JPEG'],
        ],
        stream: `rtsp://127.0.0.1:${server.rtspPort}/h264`,
        media: `${server.url}/onvif/media_service`,
        pictures: { digest: 'ffd8', basic: 'ffd8' },
        brightness: [50, 60],
        infrared: expect.stringContaining('no IrCutFilter'),
        'wrong password': expect.stringMatching(/password|authori[sz]/i),
      });
    },
    TIMEOUT_MS,
  );

  test(
    'onvif-parsers is told by onvif-zeep-async of motion, on and off, within a second',
    async () => {
      const camera = new ToldCamera({ bind: '127.0.0.1', width: '320', height: '240', discovery: 'off', h264: 'off' });
      await camera.start();
      camera.moves(false);
      const listener = clients.start('onvif_events', '127.0.0.1', String(camera.port), 'admin', PASSWORD);
      try {
        const lines = createInterface({ input: listener.stdout })[Symbol.asyncIterator]();
        const motion = async () => {
          for (;;) {
            const { topic, ...entity } = JSON.parse((await lines.next()).value);
            if (topic === 'tns1:VideoSource/MotionAlarm') return entity;
          }
        };
        const sensor = { platform: 'binary_sensor', class: 'motion' };
        expect(await motion()).toEqual({ ...sensor, value: false });
        for (const value of [true, false, true]) {
          const from = performance.now();
          camera.moves(value);
          expect(await motion()).toEqual({ ...sensor, value });
          expect(performance.now() - from).toBeLessThan(1000);
        }
      } finally {
        listener.kill();
        await camera.stop();
        camera.remove();
      }
    },
    TIMEOUT_MS,
  );

  test(
    'onvif-zeep connects, finds H.264 first, and sets the image',
    async () => {
      expect(await clients.run('onvif_zeep', ...access())).toEqual({
        name: ['onvif://www.onvif.org/name/Front%20door'],
        model: expect.stringMatching(/./),
        profiles: ['h264', 'sub', 'mjpeg'],
        stream: `rtsp://127.0.0.1:${server.rtspPort}/h264`,
        contrast: [0, 100, 75],
        'wrong password': expect.stringMatching(/password|authori[sz]/i),
      });
    },
    TIMEOUT_MS,
  );
});
