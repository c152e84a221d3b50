import { expect, test } from '@jest/globals';
import type { SourceOffers } from '../../../src/camera/offers.ts';
import type { CameraSettings } from '../../../src/camera/settings.ts';
import { schema } from '../../../src/cli/settings.ts';
import { StateStore } from '../../../src/config/state.ts';
import { AppError } from '../../../src/core/errors.ts';
import { ImagingControl } from '../../../src/device/imaging.ts';
import { DeviceSettings } from '../../../src/device/settings.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** A camera that takes what it is told, after another start with the same directory, too. */
function start(dir = makeTempDir(), owners: Readonly<Record<string, unknown>> = {}) {
  const config = schema.parse({ camera: owners });
  const explicit = new Set(Object.keys(owners).map((key) => `camera.${key}`));
  const settings = new DeviceSettings({ config, explicit, state: new StateStore(dir) }).camera;
  const offers: SourceOffers = { sizes: [], fps: { min: 1, max: 30 }, quality: undefined, imaging: { brightness: { min: -1, max: 1 } } };
  const changes: CameraSettings[] = [];
  const camera = {
    settings: settings.now as CameraSettings,
    offers: offers as SourceOffers | undefined,
    check({ sharpness }: CameraSettings) {
      if (sharpness !== 1) throw new AppError('SETTING_UNSUPPORTED', 'no');
    },
  };
  settings.onChange((now) => {
    changes.push(now);
    camera.settings = now;
  });
  return { dir, camera, changes, settings, imaging: new ImagingControl({ camera, settings }) };
}

test('tells what the source offers; before it was found, nothing', () => {
  const { imaging, camera } = start();
  expect(imaging.offers()).toEqual({ brightness: { min: -1, max: 1 } });
  expect(imaging.annotate()).toBeUndefined();
  camera.offers = { ...camera.offers!, imaging: undefined };
  expect([imaging.offers(), imaging.isSettable()]).toEqual([undefined, false]);
  camera.offers = undefined;
  expect([imaging.offers(), imaging.isSettable()]).toEqual([undefined, true]);
});

test('a change outlives the next start, unless it was not to; of it, what is sent back is none', () => {
  const { dir, imaging, changes } = start();
  imaging.change({ brightness: 0.5, awbGains: [1, 2] }, true);
  imaging.change({ contrast: 2 }, false);
  expect(imaging.settings()).toMatchObject({ brightness: 0.5, awbGains: [1, 2], contrast: 2 });
  imaging.change({ brightness: 0.5, awbGains: [1, 2] }, true);
  imaging.change({ contrast: 2 }, false);
  expect(changes).toHaveLength(2);
  expect(start(dir).imaging.settings()).toMatchObject({ brightness: 0.5, awbGains: [1, 2], contrast: 1 });
});

test('what was not to be kept is kept when it is sent once more to be', () => {
  const { dir, imaging } = start();
  imaging.change({ brightness: 0.5 }, true);
  imaging.change({ brightness: 0.7 }, false);
  expect(start(dir).imaging.settings().brightness).toBe(0.5);
  imaging.change({ brightness: 0.7 }, true);
  expect(start(dir).imaging.settings().brightness).toBe(0.7);
});

test('the owner’s setting comes back at the next start, and sending it back keeps nothing', () => {
  const { dir, imaging } = start(undefined, { brightness: 0.1 });
  imaging.change({ brightness: 0.1 }, true);
  expect(start(dir).imaging.settings().brightness).toBe(0);
  imaging.change({ brightness: 0.4 }, true);
  expect(imaging.settings().brightness).toBe(0.4);
  expect(start(dir, { brightness: 0.1 }).imaging.settings().brightness).toBe(0.1);
});

test('what the source cannot do changes nothing', () => {
  const { dir, imaging, changes } = start();
  expect(() => imaging.change({ brightness: 0.4, sharpness: 2 }, true)).toThrow('no');
  expect(changes).toEqual([]);
  expect(start(dir).imaging.settings()).toMatchObject({ brightness: 0, sharpness: 1 });
});
