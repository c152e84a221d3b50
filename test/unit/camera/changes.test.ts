import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Camera, type CameraOptions } from '../../../src/camera/camera.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { settingsWith } from '../../support/frames.ts';
import { makeJpeg } from '../../support/jpegs.ts';
import { eventually } from '../../support/server.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

let dir: string;
let clock: FakeClock;
let camera: Camera;

const make = (options: Partial<CameraOptions> = {}) =>
  new Camera({
    spec: { kind: 'test' },
    settings: settingsWith({ width: 64, height: 64, fps: 1 }),
    rpicamPath: '',
    searchPath: '',
    ...{ workDir: dir, sysfs: dir, dev: dir },
    watched: () => true,
    clock,
    log: silentLogger,
    onFrame() {},
    onReport() {},
    ...options,
  });

beforeEach(() => {
  dir = makeTempDir();
  clock = new FakeClock();
});
afterEach(() => camera.stop());

describe('a change while pictures are captured', () => {
  const starts = () => camera.counters.starts;
  const started = (times: number) => eventually(() => starts() === times, `${times} starts`);
  const change = (brightness: number) => camera.change({ ...camera.settings, brightness });

  beforeEach(async () => {
    camera = make();
    await camera.resolve();
    camera.start();
    await started(1);
  });

  test('makes one restart together with the others of the same second', async () => {
    for (const brightness of [0.1, 0.2, 0.3]) {
      change(brightness);
      await clock.advanceAsync(300);
    }
    expect([camera.settings.brightness, starts()]).toEqual([0.3, 1]);
    await clock.advanceAsync(100);
    await started(2);
    await clock.advanceAsync(5000);
    expect(starts()).toBe(2);
    change(0.4);
    await clock.advanceAsync(1000);
    await started(3);
  });

  test('makes none where the capture was started with it meanwhile', async () => {
    change(0.1);
    await camera.stop();
    camera.start();
    await started(2);
    change(0.2);
    await camera.stop();
    await clock.advanceAsync(5000);
    expect(starts()).toBe(2);
    expect(clock.pending).toBe(0);
  });
});

describe('size, rate and quality that a client set for another source', () => {
  const settings = settingsWith({ width: 1920, height: 1080, fps: 5, quality: 60 });
  const images = () => ({ kind: 'images', dir }) as const;
  beforeEach(() => writeFileSync(join(dir, '1.jpg'), makeJpeg()));

  test('are passed over by one that cannot do them, and told nobody as its own', async () => {
    camera = make({ spec: images(), settings, isOwners: () => false });
    const { source, notices } = await camera.resolve();
    expect([source.unsupported, notices]).toEqual([[], []]);
    expect(camera.applied).toEqual(settingsWith({ fps: 5 }));
    // They are there again with the source that can.
    expect(camera.settings).toEqual(settings);
  });

  test('stay so through the changes that it can do; those that it cannot are refused', async () => {
    camera = make({ spec: images(), settings, isOwners: () => false });
    await camera.resolve();
    for (const change of [{ width: 640 }, { quality: 50 }])
      expect(() => camera.check({ ...settings, ...change })).toThrow(`cannot do camera.${Object.keys(change)[0]}.`);
    camera.change({ ...settings, fps: 10 });
    expect(camera.applied).toEqual(settingsWith({ fps: 10 }));
  });

  test('end the start where they are the owner’s', async () => {
    camera = make({ spec: images(), settings, isOwners: (name) => name === 'quality' });
    await expect(camera.resolve()).rejects.toThrow('cannot do camera.quality.');
  });
});

describe('what is set of an image that the source cannot set', () => {
  const settings = settingsWith({ sharpness: 2, annotate: 'Hof' });

  test('by a client of another source is passed over', async () => {
    camera = make({ settings, isOwners: () => false });
    const { source, notices } = await camera.resolve();
    expect([source.unsupported, notices]).toEqual([[], []]);
    expect(() => camera.check({ ...settings, brightness: 0.5 })).not.toThrow();
    // It is there again with the source that can.
    expect(camera.settings.sharpness).toBe(2);
  });

  test('by the owner ends the start, as does all else', async () => {
    camera = make({ settings, isOwners: (name) => name === 'sharpness' });
    await expect(camera.resolve()).rejects.toThrow('test pattern cannot do camera.sharpness.');
    camera = make({ settings });
    await expect(camera.resolve()).rejects.toThrow('test pattern cannot do camera.sharpness.');
    camera = make({ settings: settingsWith({ roi: [0, 0, 1, 1] }), isOwners: () => false });
    await expect(camera.resolve()).rejects.toThrow('camera.roi');
  });
});

test('a source that knows no H.264 says so where it was asked for, and gives JPEGs', async () => {
  const encodings: unknown[] = [];
  const video = { bitrate: 2000, keyframeInterval: 2, profile: 'baseline' } as const;
  camera = make({ video, onEncoding: (encoding) => encodings.push(encoding) });
  expect(camera.encoding).toBeUndefined();
  const { notices } = await camera.resolve();
  expect(notices.map(({ code, message }) => [code, message])).toEqual([
    ['SETTING_WITHOUT_EFFECT', 'camera.encoding h264 has no effect: test pattern gives JPEGs, of which ffmpeg makes the H.264.'],
  ]);
  expect([camera.encoding, camera.encoder, encodings]).toEqual(['JPEG', undefined, ['JPEG']]);
  // Without effect, and no reason to start anything.
  camera.changeVideo({ ...video, bitrate: 1000 });
  expect(clock.pending).toBe(0);
});
