import { expect, test } from '@jest/globals';
import type { CameraSettings } from '../../../src/camera/settings.ts';
import { schema } from '../../../src/cli/settings.ts';
import { StateStore } from '../../../src/config/state.ts';
import { PictureControl } from '../../../src/device/picture.ts';
import { DeviceSettings } from '../../../src/device/settings.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** A camera that takes what it is told. */
function start(rotation: 0 | 90) {
  const state = new StateStore(makeTempDir());
  const config = schema.parse({ camera: { rotation, width: 1280, height: 720 } });
  const settings = new DeviceSettings({ config, explicit: new Set(), state }).camera;
  const camera = {
    settings: settings.now as CameraSettings,
    /** What the source cannot do. */
    unable: {} as Partial<CameraSettings>,
    get applied(): CameraSettings {
      return { ...camera.settings, ...camera.unable };
    },
    offers: { sizes: [{ width: 640, height: 480 }], fps: { min: 1, max: 60 }, quality: { min: 1, max: 100 } },
    check() {},
    change(next: CameraSettings) {
      camera.settings = next;
    },
  };
  return { state, settings, camera, picture: new PictureControl({ camera, hub: { latest: undefined }, settings }) };
}

test('sizes are those that viewers see: rotated, sides change places', () => {
  expect(start(0).picture.settings()).toEqual({ width: 1280, height: 720, fps: 15, quality: 75 });
  const { picture } = start(90);
  expect(picture.settings()).toEqual({ width: 720, height: 1280, fps: 15, quality: 75 });
  expect(picture.options().sizes).toEqual([{ width: 480, height: 640 }]);
  expect(picture.actual()).toBeUndefined();
});

test('a change is kept as captured, and reaches the camera', async () => {
  const { picture, camera, state } = start(90);
  await picture.change({ width: 480, height: 640 });
  expect([camera.settings.width, camera.settings.height, camera.settings.rotation]).toEqual([640, 480, 90]);
  expect(state.state.camera).toEqual({ width: 640, height: 480, fps: 15, quality: 75 });
  expect(picture.settings()).toMatchObject({ width: 480, height: 640 });
});

test('what the source passes over is not told, and is not lost with a change of something else', async () => {
  const { picture, camera, state } = start(0);
  await picture.change({ width: 1920, height: 1080, quality: 60 });
  camera.unable = { width: 1280, height: 720, quality: 75 };
  expect(picture.settings()).toEqual({ width: 1280, height: 720, fps: 15, quality: 75 });
  await picture.change({ fps: 5 });
  expect(picture.settings()).toEqual({ width: 1280, height: 720, fps: 5, quality: 75 });
  expect(state.state.camera).toEqual({ width: 1920, height: 1080, fps: 5, quality: 60 });
});

test('whoever changes the settings, the camera hears of it', () => {
  const { settings, camera } = start(0);
  settings.change({ hflip: true });
  expect(camera.settings.hflip).toBe(true);
});
