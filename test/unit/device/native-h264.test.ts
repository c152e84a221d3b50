import { beforeEach, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { NativeH264Control } from '../../../src/device/native-h264.ts';
import { SettingsGroup } from '../../../src/device/settings.ts';
import type { H264Settings } from '../../../src/encode/encoder.ts';
import { FakeCamera } from '../../support/onvif-media.ts';

/** Size and rate of a transcoded stream, which this one does not have. */
const CONFIGURED: H264Settings = { width: 640, height: 360, fps: 5, bitrate: 2000, keyframeInterval: 2, profile: 'baseline' };

let camera: FakeCamera;
let kept: Partial<H264Settings>;
let control: NativeH264Control;

beforeEach(() => {
  camera = new FakeCamera();
  kept = {};
  const settings = new SettingsGroup<H264Settings>({
    configured: CONFIGURED,
    isOwners: () => false,
    kept: {
      read: () => kept,
      write: (now) => {
        kept = now as Partial<H264Settings>;
      },
    },
  });
  control = new NativeH264Control({ settings, picture: camera });
});

test('size and rate are those of the camera, and what else there is its own', async () => {
  expect(control.settings()).toEqual({ ...CONFIGURED, width: 1280, height: 720, fps: 15 });
  expect(control.options()).toMatchObject({ sizes: camera.offered.sizes, fps: camera.offered.fps });
  await control.change({ bitrate: 900 });
  expect([kept, camera.changes]).toEqual([{ bitrate: 900 }, []]);
  await control.change({ width: 320, height: 240, fps: 10, keyframeInterval: 4 });
  expect([kept, camera.changes]).toEqual([{ bitrate: 900, keyframeInterval: 4 }, [{ width: 320, height: 240, fps: 10 }]]);
  expect(control.settings()).toMatchObject({ width: 320, height: 240, fps: 10, bitrate: 900, keyframeInterval: 4 });
});

test('what the camera refuses changes nothing', async () => {
  camera.failure = new AppError('SETTING_UNSUPPORTED', 'It has no such size.');
  await expect(control.change({ width: 1, height: 1, bitrate: 700 })).rejects.toThrow('no such size');
  expect(kept).toEqual({});
  expect(control.settings().bitrate).toBe(2000);
});
