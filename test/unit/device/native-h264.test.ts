import { expect, test } from '@jest/globals';
import { schema } from '../../../src/cli/settings.ts';
import { StateStore } from '../../../src/config/state.ts';
import { AppError } from '../../../src/core/errors.ts';
import { NativeH264Control } from '../../../src/device/native-h264.ts';
import { DeviceSettings } from '../../../src/device/settings.ts';
import { FakeCamera } from '../../support/onvif-media.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** Profile High, level 4, 640x480. */
const SPS = Buffer.from('67640028acd940a03db0110000030001000003001e0f183196', 'hex');

const start = (unsettable: () => { readonly sps: Buffer | undefined } | undefined) =>
  new NativeH264Control({
    settings: new DeviceSettings({ config: schema.parse({}), explicit: new Set(), state: new StateStore(makeTempDir()) }).h264,
    picture: new FakeCamera(),
    unsettable,
  });

test('H.264 of an encoder that does as it is set has the settings, and all that can be set', async () => {
  const control = start(() => undefined);
  await control.change({ profile: 'main', bitrate: 3000 });
  expect(control.settings()).toMatchObject({ width: 1280, height: 720, fps: 15, profile: 'main', bitrate: 3000 });
  expect(control.options()).toMatchObject({ profiles: ['baseline', 'main', 'high'], bitrate: { min: 64, max: 50_000 } });
});

test('H.264 of an encoder that takes no settings has the profile that its stream tells, and nothing to set but the picture', () => {
  let sps: Buffer | undefined;
  const control = start(() => ({ sps }));
  expect(control.settings().profile).toBe('baseline');
  sps = SPS;
  expect(control.settings().profile).toBe('high');
  expect(control.options()).toMatchObject({
    profiles: ['high'],
    bitrate: { min: 2000, max: 2000 },
    keyframeInterval: { min: 2, max: 2 },
  });
});

test('size and rate are changed of the camera; what it refuses changes nothing', async () => {
  const settings = new DeviceSettings({ config: schema.parse({}), explicit: new Set(), state: new StateStore(makeTempDir()) }).h264;
  const camera = new FakeCamera();
  const control = new NativeH264Control({ settings, picture: camera, unsettable: () => undefined });
  await control.change({ width: 320, height: 240, fps: 10, keyframeInterval: 4 });
  expect(camera.changes).toEqual([{ width: 320, height: 240, fps: 10 }]);
  expect(settings.now).toMatchObject({ width: 0, height: 0, fps: 0, keyframeInterval: 4 });
  camera.failure = new AppError('SETTING_UNSUPPORTED', 'It has no such size.');
  await expect(control.change({ width: 1, height: 1, bitrate: 700 })).rejects.toThrow('no such size');
  expect(control.settings()).toMatchObject({ width: 320, bitrate: 2000 });
});
