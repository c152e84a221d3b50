import { expect, test } from '@jest/globals';
import { schema } from '../../../src/cli/settings.ts';
import { StateStore } from '../../../src/config/state.ts';
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
