import { beforeEach, expect, test } from '@jest/globals';
import { schema } from '../../../src/cli/settings.ts';
import { StateStore } from '../../../src/config/state.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { EventBus } from '../../../src/device/events.ts';
import { H264Control } from '../../../src/device/h264.ts';
import { tellConfigurationChanges } from '../../../src/device/media-events.ts';
import { PictureControl } from '../../../src/device/picture.ts';
import { DeviceSettings } from '../../../src/device/settings.ts';
import { H264, MJPEG, SUB } from '../../../src/device/stream-names.ts';
import type { StreamState } from '../../../src/frames/stream-state.ts';
import { Hub } from '../../../src/streams/hub.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { makeFrame } from '../../support/frames.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

let settings: DeviceSettings;
let hub: Hub;
let told: string[];

beforeEach(() => {
  const clock = new FakeClock();
  const bus = new EventBus({ clock, log: silentLogger });
  settings = new DeviceSettings({ config: schema.parse({}), explicit: new Set(), state: new StateStore(makeTempDir()) });
  hub = new Hub({ demand: { start() {}, stop() {}, retry() {} }, idleTimeout: 0, clock });
  const camera = {
    settings: settings.camera.now,
    get applied() {
      return camera.settings;
    },
    offers: undefined,
    check() {},
    change(next: typeof settings.camera.now) {
      camera.settings = next;
    },
  };
  const picture = new PictureControl({ camera, hub, settings: settings.camera });
  const stream = { profile: 'Baseline', changed() {}, requestKeyFrame() {} } as const;
  const encoded = [H264, SUB].map(({ encoder, id }) => ({
    encoder,
    control: new H264Control({ settings: settings[id], picture, stream }),
  }));
  told = [];
  bus.subscribe(({ topic, source }) => told.push(`${topic} ${source.Token} ${source.Type}`));
  tellConfigurationChanges({ streams: [...encoded, { encoder: MJPEG.encoder, control: picture }], settings, picture, hubs: [hub] }, bus);
});

const isIn = (state: StreamState) => hub.setStatus({ state, error: undefined, notices: [], source: undefined });
const pictures = (width: number, height: number) => {
  for (let i = 0; i < 3; i++) hub.publish(makeFrame(1, undefined, { width, height }));
};
const configurations = (...tokens: string[]) => tokens.map((token) => `Media/ConfigurationChanged ${token}`);
const taken = () => told.splice(0);

test('of the settings those are told that say how a stream is encoded, and not those of the image', () => {
  settings.camera.change({ brightness: 0.5, annotate: 'Hof' });
  settings.camera.change({ quality: settings.camera.now.quality });
  expect(taken()).toEqual([]);
  settings.camera.change({ quality: 50 });
  settings.h264.change({ bitrate: 500 });
  settings.sub.change({ fps: 5 });
  expect(taken()).toEqual(configurations(...['mjpeg', 'h264', 'sub'].map((id) => `${id}_encoder VideoEncoder`)));
});

test('a stream that is encoded as captured changes with what is captured, as soon as pictures show it', () => {
  pictures(1280, 720);
  expect(taken()).toEqual([]);
  settings.camera.change({ width: 1920, height: 1080 });
  expect(taken()).toEqual(configurations('mjpeg_encoder VideoEncoder'));
  pictures(1280, 720);
  expect(taken()).toEqual([]);
  pictures(1920, 1080);
  // The small stream has a size of its own.
  expect(taken()).toEqual(configurations('video_source_config VideoSource', 'h264_encoder VideoEncoder'));
  settings.camera.change({ fps: 5 });
  expect(taken()).toEqual(configurations(...['h264', 'sub', 'mjpeg'].map((id) => `${id}_encoder VideoEncoder`)));
});

test('a camera that goes off and on again with pictures of the same size, though not the one asked for, has changed nothing', () => {
  pictures(640, 480);
  expect(taken()).toEqual(configurations('video_source_config VideoSource', 'h264_encoder VideoEncoder', 'sub_encoder VideoEncoder'));
  for (const state of ['idle', 'starting', 'live'] as const) isIn(state);
  pictures(640, 480);
  expect(taken()).toEqual([]);
});
