import { beforeEach, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { schema } from '../../../src/cli/settings.ts';
import type { Config } from '../../../src/config/schema.ts';
import { StateStore } from '../../../src/config/state.ts';
import { H264Control } from '../../../src/device/h264.ts';
import { DeviceSettings } from '../../../src/device/settings.ts';
import { makeMediaService } from '../../../src/onvif/media/service.ts';
import { FakeImaging } from '../../support/onvif-imaging.ts';
import { CONTEXT, catalogueOf, FakeCamera, FakeProfileStore, sentBack } from '../../support/onvif-media.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const CONFIG = schema.parse({});

let dir: string;
let camera: FakeCamera;
let noted: string[];
beforeEach(() => {
  dir = makeTempDir();
  camera = new FakeCamera();
  noted = [];
});

/** As after a start with these settings of the owner, set by him as far as they are given. */
function start(given: Partial<Config['h264']> = {}): H264Control {
  return new H264Control({
    settings: new DeviceSettings({
      config: { ...CONFIG, h264: { ...CONFIG.h264, ...given } },
      explicit: new Set(Object.keys(given).map((key) => `h264.${key}`)),
      state: new StateStore(dir),
    }).h264,
    picture: camera,
    stream: { changed: () => noted.push('changed'), requestKeyFrame: () => noted.push('key frame') },
  });
}

const sizeOf = (control: H264Control) => {
  const { width, height } = control.settings();
  return `${width}x${height}`;
};

describe('the settings', () => {
  test('are those of the captured pictures where nothing else is said', () => {
    const control = start();
    expect(control.settings()).toEqual({ width: 1280, height: 720, fps: 15, bitrate: 2000, keyframeInterval: 2, profile: 'baseline' });
    camera.real = { width: 1296, height: 972, fps: 7 };
    expect(sizeOf(control)).toBe('1296x972');
    camera.asked = { ...camera.asked, fps: 7.5 };
    expect(control.settings().fps).toBe(7.5);
  });

  test.each([
    [{}, true],
    [{ fps: 15 }, true],
    [{ fps: 30 }, true],
    [{ fps: 14.9 }, false],
    [{ fps: 5 }, false],
  ])('with %j every picture of 15 per second is encoded: %s', (given, all) => {
    expect(start(given).settingsFor({ width: 1280, height: 720 }).asCaptured).toBe(all);
  });

  test.each([
    [{ width: 640 }, '640x360'],
    [{ height: 480 }, '854x480'],
    [{ width: 640, height: 480 }, '640x480'],
    [{ width: 1920, height: 1080 }, '1280x720'],
    [{ width: 2560, height: 720 }, '1280x360'],
    [{ width: 1920 }, '1280x720'],
    [{ width: 641, height: 361 }, '642x362'],
    [{ width: 1, height: 1 }, '2x2'],
  ])('%j of 1280x720 are %s: even, and never larger', (given, size) => {
    expect(sizeOf(start(given))).toBe(size);
  });

  test('of an odd picture lose a row or a column', () => {
    camera.real = { width: 641, height: 361, fps: 1 };
    expect(sizeOf(start())).toBe('640x360');
  });

  test('are never faster than the camera', () => {
    expect(start({ fps: 5 }).settings().fps).toBe(5);
    expect(start({ fps: 30 }).settings().fps).toBe(15);
  });

  test('for a certain picture do not ask the camera', () => {
    camera.real = { width: 640, height: 480, fps: 15 };
    expect(start().settingsFor({ width: 320, height: 240 })).toMatchObject({ width: 320, height: 240 });
  });
});

describe('the options', () => {
  test('are shares of the captured size, the rates up to that of the camera, and the ranges of the settings', () => {
    const { sizes, ...rest } = start().options();
    expect(sizes.map(({ width, height }) => `${width}x${height}`)).toEqual([
      '1280x720',
      '960x540',
      '854x480',
      '640x360',
      '426x240',
      '320x180',
    ]);
    expect(rest).toEqual({
      fps: { min: 1, max: 15 },
      bitrate: { min: 64, max: 50_000 },
      keyframeInterval: { min: 0.1, max: 60 },
      profiles: ['baseline', 'main', 'high'],
    });
  });

  test('have the present size too, and nothing too small to see', () => {
    camera.asked = { width: 320, height: 240, fps: 0.5, quality: 75 };
    const { sizes, fps } = start({ width: 200 }).options();
    expect(sizes.map(({ width, height }) => `${width}x${height}`)).toEqual([
      '320x240',
      '240x180',
      '214x160',
      '200x150',
      '160x120',
      '106x80',
    ]);
    expect(fps).toEqual({ min: 0.5, max: 0.5 });
  });

  test('every size that is offered can be set and is read again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 16, max: 4608 }), fc.integer({ min: 16, max: 3456 }), async (width, height) => {
        camera.real = { width, height, fps: 15 };
        const control = start();
        for (const size of control.options().sizes) {
          expect([size.width % 2, size.height % 2, size.width <= width, size.height <= height]).toEqual([0, 0, true, true]);
          await control.change(size);
          expect(control.settings()).toMatchObject(size);
        }
      }),
      // Each change is written to the disk.
      { numRuns: 10 },
    );
  });
});

describe('a change', () => {
  test('reaches the encoder and outlives a restart', async () => {
    const control = start();
    const settings = { width: 640, height: 360, fps: 5, bitrate: 800, keyframeInterval: 4, profile: 'high' } as const;
    await control.change(settings);
    expect(control.settings()).toEqual(settings);
    expect(noted).toEqual(['changed']);
    await control.change({ bitrate: 900 });
    expect(start().settings()).toEqual({ ...settings, bitrate: 900 });
  });

  test('does not come back where the owner set something', async () => {
    await start({ bitrate: 3000 }).change({ bitrate: 800, fps: 5 });
    expect(start({ bitrate: 3000 }).settings()).toMatchObject({ bitrate: 3000, fps: 5 });
    expect(start().settings()).toMatchObject({ bitrate: 800, fps: 5 });
  });

  test('to the captured size and rate follows the camera from then on', async () => {
    const control = start({ width: 640, fps: 5 });
    await control.change({ width: 1280, height: 720, fps: 15 });
    camera.asked = { width: 1920, height: 1080, fps: 30, quality: 75 };
    expect(control.settings()).toMatchObject({ width: 1920, height: 1080, fps: 30 });
  });

  test('of a recorder back and forth, at a camera with a fraction of a rate', async () => {
    camera.asked = { ...camera.asked, fps: 7.5 };
    const control = start();
    const { operations } = makeMediaService({
      streams: catalogueOf(camera, () => control),
      picture: camera,
      imaging: new FakeImaging(),
      profiles: new FakeProfileStore(),
      rtsp: { port: 8554 },
      multicast: undefined,
    });
    const call = (name: string, request: object) =>
      operations.find((each) => each.name === name)!.handle({ ...request }, CONTEXT) as Promise<{ Configuration: object }>;
    const token = { ConfigurationToken: 'h264_encoder' };
    const before = await call('GetVideoEncoderConfiguration', token);
    expect(before.Configuration).toMatchObject({ RateControl: { FrameRateLimit: 8 }, H264: { GovLength: 15 } });
    const slow = { RateControl: { FrameRateLimit: '4', EncodingInterval: '1', BitrateLimit: '2000' } };
    await call('SetVideoEncoderConfiguration', { Configuration: { ...(sentBack(before.Configuration) as object), ...slow } });
    expect(control.settings().fps).toBe(4);
    await call('SetVideoEncoderConfiguration', { Configuration: sentBack(before.Configuration) });
    expect(await call('GetVideoEncoderConfiguration', token)).toEqual(before);
    expect(control.settings().fps).toBe(7.5);
  });
});

test('a key frame is asked of the encoder', () => {
  start().requestKeyFrame();
  expect(noted).toEqual(['key frame']);
});
