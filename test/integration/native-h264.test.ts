import { afterEach, describe, expect, test } from '@jest/globals';
import { encodersOf, programsOf } from '../support/players.ts';
import { needsProgram } from '../support/programs.ts';
import { OnStage } from '../support/rpicam/on-stage.ts';
import { RtspClient } from '../support/rtsp-client.ts';
import { eventually } from '../support/server.ts';
import { askMedia } from '../support/soap.ts';
import { Viewer } from '../support/viewer.ts';

const on = new OnStage();
const clients: RtspClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.vanish();
});

const NATIVE = ['--encoding', 'h264', '--h264', 'on'];
const NO_FFMPEG = ['--h264-ffmpeg-path', '/nonexistent/ffmpeg'];

async function play(path: string): Promise<RtspClient> {
  const client = await RtspClient.connect(on.server.rtspPort);
  clients.push(client);
  expect((await client.playInterleaved(path)).status).toBe(200);
  return client;
}

const watched = async (path: string, count = 5): Promise<RtspClient> => {
  const client = await play(path);
  await client.until(() => client.stream().count >= count, `${count} pictures of ${path}`);
  return client;
};

describe('a camera that gives H.264', () => {
  test.each([
    ['a Pi 5', { libav: true }, 'rpicam-vid, libx264'],
    ['a Pi 4', { platform: 'vc4' }, 'rpicam-vid, the encoder of the Pi'],
  ] as const)('%s plays it without ffmpeg, and says what is missing for the rest', async (_which, scenario, encoder) => {
    await on.start(scenario, [...NATIVE, ...NO_FFMPEG]);
    const client = await watched('/h264');
    expect(client.stream()).toMatchObject({ missed: 0, torn: 0, strange: 0 });
    for (const path of ['/snapshot.jpg', '/stream.mjpg']) {
      const answer = await on.server.fetch(path);
      expect(answer.status).toBe(503);
      expect(await answer.text()).toMatch(/made of it by ffmpeg, which is not installed\. Install it/);
    }
    const status = await on.server.json('/api/v1/status');
    expect(status).toMatchObject({ camera: { state: 'live', notices: [{ code: 'H264_UNAVAILABLE' }] }, h264: { state: 'live', encoder } });
    expect(on.captures()).toHaveLength(1);
    // Who is refused does not keep the camera on.
    const refused = await RtspClient.connect(on.server.rtspPort);
    clients.push(refused);
    expect((await refused.request('DESCRIBE', refused.url('/mjpeg'))).status).toBe(503);
  });

  needsProgram('ffmpeg', 'takes a bit rate from a recorder by one restart of the capture, through which viewers live', async () => {
    await on.start({ libav: true }, NATIVE);
    const client = await watched('/h264');
    const viewer = new Viewer(on.server);
    await viewer.next(2);
    const fields = `<Configuration token="h264_encoder" xmlns:tt="http://www.onvif.org/ver10/schema"><tt:Name>H.264</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>640</tt:Width><tt:Height>480</tt:Height></tt:Resolution><tt:Quality>1</tt:Quality><tt:RateControl><tt:FrameRateLimit>15</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>900</tt:BitrateLimit></tt:RateControl></Configuration><ForcePersistence>true</ForcePersistence>`;
    expect((await askMedia(on.server, 'SetVideoEncoderConfiguration', fields)).status).toBe(200);
    await eventually(() => on.captures().length === 2, 'the next capture');
    expect(on.captures()[1]!.argv.join(' ')).toMatch(/--bitrate 900000 /);
    const { count } = client.stream();
    await client.until(() => client.stream().count > count + 5, 'pictures of the next capture');
    await viewer.next(5);
    expect([client.closed, viewer.closed]).toEqual([false, false]);
    expect((await askMedia(on.server, 'SetSynchronizationPoint', '<ProfileToken>h264</ProfileToken>')).status).toBe(200);
    expect(on.captures()).toHaveLength(2);
    await viewer.close();
  });
});

needsProgram('ffmpeg', 'the small stream is made of its H.264, without a JPEG in between', async () => {
  await on.start({ libav: true }, NATIVE);
  const client = await watched('/sub');
  expect(client.stream()).toMatchObject({ missed: 0, torn: 0, strange: 0 });
  // Never since the start, not only at this moment.
  expect(await (await on.server.fetch('/metrics')).text()).toMatch(/^onvif_camera_jpeg_decoder_starts_total 0$/m);
  expect(programsOf(on.server.pid, '[f=framecrc]')).toEqual([]);
  expect(encodersOf(on.server.pid)).toHaveLength(1);
});

needsProgram('ffmpeg', 'a camera that turns out not to know H.264: JPEGs, encoded here, and the same addresses', async () => {
  await on.start({}, NATIVE);
  const client = await watched('/h264');
  expect(client.stream()).toMatchObject({ torn: 0, strange: 0 });
  const viewer = new Viewer(on.server);
  await viewer.next(2);
  const { h264, camera } = await on.server.json('/api/v1/status');
  expect(h264).toEqual({ state: 'live', encoder: 'libx264' });
  expect(camera).toMatchObject({ state: 'live', notices: [{ code: expect.any(String) }] });
  await viewer.close();
  await watched('/sub');
});

needsProgram('ffmpeg', 'a camera whose encoder turns out not to work: the client who comes first gets what is encoded here', async () => {
  await on.start({ platform: 'vc4', hardwareEncoder: false }, NATIVE);
  const client = await RtspClient.connect(on.server.rtspPort);
  clients.push(client);
  const began = performance.now();
  expect((await client.request('DESCRIBE', client.url('/h264'))).status).toBe(200);
  // Long before the time that is given to a camera.
  expect(performance.now() - began).toBeLessThan(8000);
  expect((await client.playInterleaved('/h264')).status).toBe(200);
  await client.until(() => client.stream().count >= 3, 'pictures');
  expect(client.stream()).toMatchObject({ torn: 0, strange: 0 });
  expect(on.captures().map(({ argv }) => argv[argv.indexOf('--codec') + 1])).toEqual(['h264', 'mjpeg']);
});

describe('a snapshot of a camera that gives H.264, with 8 s from key frame to key frame', () => {
  const SPARSE = [...NATIVE, '--h264-keyframe-interval', '8'];
  /** Takes one. Returns when its picture was taken, milliseconds since the Unix epoch. */
  async function take(): Promise<number> {
    const answer = await on.server.fetch('/snapshot.jpg');
    expect(answer.status).toBe(200);
    await answer.arrayBuffer();
    return 1000 * Number(answer.headers.get('x-timestamp'));
  }
  const decoders = async () =>
    /^onvif_camera_jpeg_decoder_starts_total (\d+)$/m.exec(await (await on.server.fetch('/metrics')).text())?.[1];

  needsProgram('ffmpeg', 'is the newest picture, not the last key frame; for many askers there is one decoding', async () => {
    await on.start({ libav: true }, SPARSE);
    // The key frame is old then, by 3 s and more.
    const client = await watched('/h264', 50);
    const asked = Date.now();
    const times = await Promise.all(Array.from({ length: 10 }, take));
    for (const time of times) expect(asked - time).toBeLessThan(2000);
    expect(await decoders()).toBe('1');
    // Those who ask again at once are given the same, or what has come since.
    for (const time of await Promise.all(Array.from({ length: 10 }, take))) expect(time).toBeGreaterThanOrEqual(Math.min(...times));
    expect(await decoders()).toBe('1');
    expect(client.stream()).toMatchObject({ missed: 0, torn: 0 });
  });

  needsProgram('ffmpeg', 'from a cold camera is one of its first pictures', async () => {
    await on.start({ libav: true }, SPARSE);
    const time = await take();
    const [capture] = on.captures();
    expect(time).toBeGreaterThanOrEqual(capture!.time);
    // Who waited for the second key frame would come 8 s later than the first picture.
    expect(time - capture!.time).toBeLessThan(6000);
    expect(on.captures()).toHaveLength(1);
  });
});
