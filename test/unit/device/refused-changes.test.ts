import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { Camera } from '../../../src/camera/camera.ts';
import { schema } from '../../../src/cli/settings.ts';
import { StateStore } from '../../../src/config/state.ts';
import { AppError } from '../../../src/core/errors.ts';
import { type Logger, silentLogger } from '../../../src/core/log.ts';
import { H264Control } from '../../../src/device/h264.ts';
import { Identity } from '../../../src/device/identity.ts';
import { MulticastControl } from '../../../src/device/multicast.ts';
import { PictureControl } from '../../../src/device/picture.ts';
import { keepPorts } from '../../../src/device/ports.ts';
import { storedProfiles } from '../../../src/device/profiles.ts';
import { DeviceSettings } from '../../../src/device/settings.ts';
import { STREAMS } from '../../../src/device/stream-names.ts';
import { loadUsers } from '../../../src/device/users.ts';
import { MetadataVersions } from '../../../src/discovery/metadata-version.ts';
import { MediaModel } from '../../../src/onvif/media/model.ts';
import type { MulticastGroup } from '../../../src/platform/multicast.ts';
import { Hub } from '../../../src/streams/hub.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { makeDevice } from '../../support/onvif-device.ts';
import { catalogueOf, FakeCamera, faultOf, fullMediaService } from '../../support/onvif-media.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

/** What a client is refused because it cannot be kept does not hold, neither now nor after a restart. */

const CONFIG = schema.parse({});
const REFUSED = expect.objectContaining({ code: 'DATA_DIR' });

let dir: string;
let state: StateStore;
const settings = () => new DeviceSettings({ config: CONFIG, explicit: new Set(), state });
/** From now on nothing can be written. */
const breakDisk = () => rmSync(dir, { recursive: true });
const mendDisk = () => mkdirSync(dir);

beforeEach(() => {
  dir = join(makeTempDir(), 'data');
  state = new StateStore(dir);
});

describe('users', () => {
  const GUEST = { name: 'guest', password: 'secret', level: 'User' } as const;

  test.each([
    ['DeleteUsers', { Username: 'guest' }],
    ['CreateUsers', { User: { Username: 'eva', Password: 'x', UserLevel: 'Operator' } }],
    ['SetUser', { User: { Username: 'guest', Password: 'another', UserLevel: 'Administrator' } }],
  ])('%s', async (operation, request) => {
    const { users } = loadUsers(state, undefined);
    users.replace([...users.list(), GUEST]);
    const before = users.list();
    let told = 0;
    users.onChange(() => told++);
    const { fault, call } = makeDevice({ users });
    breakDisk();
    expect(await fault(operation, request)).toBe('Receiver/Action');
    expect(users.list()).toEqual(before);
    expect(state.state.users).toEqual(before);
    // Nobody is cut off for what did not happen.
    expect(told).toBe(0);
    mendDisk();
    await call(operation, request);
    expect(users.list()).not.toEqual(before);
    expect([told, new StateStore(dir).state.users]).toEqual([1, users.list()]);
  });
});

test('name, location, scopes and discovery mode', () => {
  const identity = new Identity(new DeviceSettings({ config: { ...CONFIG, name: 'Camera' }, explicit: new Set(), state }).identity);
  let told = 0;
  identity.onChange(() => told++);
  breakDisk();
  expect(() => identity.update({ name: 'Door', location: 'Hall', discoverable: false, scopes: ['onvif://x/y'] })).toThrow(REFUSED);
  const { name, location, discoverable, scopes } = identity;
  expect({ name, location, discoverable, scopes, told }).toEqual({ name: 'Camera', location: '', discoverable: true, scopes: [], told: 0 });
});

test('the settings of the capture, which is not restarted', async () => {
  const clock = new FakeClock();
  const hub = new Hub({ demand: { start() {}, stop() {}, retry() {} }, idleTimeout: 30, clock });
  const camera = new Camera({
    spec: { kind: 'test' },
    settings: CONFIG.camera,
    rpicamPath: '',
    searchPath: '',
    workDir: dir,
    sysfs: '/sys',
    dev: '/dev',
    watched: () => false,
    clock,
    log: silentLogger,
    onFrame() {},
    onReport() {},
  });
  await camera.resolve();
  const media = new PictureControl({ camera, hub, settings: settings().camera });
  const before = camera.settings;
  breakDisk();
  await expect(media.change({ fps: 5 })).rejects.toThrow(REFUSED);
  expect(camera.settings).toBe(before);
  mendDisk();
  await media.change({ fps: 5 });
  expect([camera.settings.fps, new StateStore(dir).state.camera.fps]).toEqual([5, 5]);
});

test('what the source cannot do is not kept', async () => {
  const refused = new Error('It cannot.');
  const camera = {
    settings: CONFIG.camera,
    applied: CONFIG.camera,
    offers: undefined,
    check: () => {
      throw refused;
    },
    change() {},
  };
  const { camera: group } = settings();
  const picture = new PictureControl({ camera, hub: { latest: undefined }, settings: group });
  await expect(picture.change({ fps: 5 })).rejects.toBe(refused);
  expect([group.now, state.state.camera]).toEqual([CONFIG.camera, {}]);
});

test('the settings of H.264, whose encoder is not restarted', async () => {
  const noted: string[] = [];
  const stream = { profile: 'Main', changed: () => noted.push('changed'), requestKeyFrame() {} } as const;
  const control = new H264Control({ settings: settings().h264, picture: new FakeCamera(), stream });
  const before = control.settings();
  breakDisk();
  await expect(control.change({ bitrate: 500 })).rejects.toThrow(REFUSED);
  expect([control.settings(), noted]).toEqual([before, []]);
});

describe('multicast', () => {
  const ENCODER = 'mjpeg_encoder';
  const OTHER = { address: '239.1.2.3', port: 6000, ttl: 5 };
  let sent: Map<string, MulticastGroup>;
  let refuses: MulticastGroup | undefined;
  let control: MulticastControl;
  beforeEach(() => {
    sent = new Map();
    refuses = undefined;
    const sender = {
      startMulticast: async (encoder: string, target: MulticastGroup) => {
        if (target.address === refuses?.address) throw new Error('There is no such network.');
        sent.set(encoder, target);
      },
      stopMulticast: (encoder: string) => void sent.delete(encoder),
    };
    control = new MulticastControl({ settings: settings(), maxTtl: 1, streams: STREAMS, sender, onChange: () => {}, log: silentLogger });
  });

  test('the target of a stream that is sent', async () => {
    await control.start(ENCODER);
    const before = control.target(ENCODER);
    breakDisk();
    await expect(control.change(ENCODER, OTHER)).rejects.toThrow(REFUSED);
    expect([control.target(ENCODER), sent.get(ENCODER)]).toEqual([before, before]);
  });

  test('starting', async () => {
    breakDisk();
    await expect(control.start(ENCODER)).rejects.toThrow(REFUSED);
    expect([control.isStarted(ENCODER), sent.size]).toEqual([false, 0]);
  });

  test('stopping', async () => {
    await control.start(ENCODER);
    breakDisk();
    await expect(control.stop(ENCODER)).rejects.toThrow(REFUSED);
    expect([control.isStarted(ENCODER), sent.size]).toEqual([true, 1]);
  });

  test('a target that the network does not take: it goes on to the old one, also after a restart', async () => {
    await control.start(ENCODER);
    const [before, kept] = [control.target(ENCODER), state.state.multicast];
    refuses = OTHER;
    await expect(control.change(ENCODER, OTHER)).rejects.toThrow('no such network');
    expect([control.target(ENCODER), sent.get(ENCODER), new StateStore(dir).state.multicast]).toEqual([before, before, kept]);
  });
});

test('profiles', () => {
  const picture = new FakeCamera();
  const streams = catalogueOf(picture, () => undefined);
  const model = new MediaModel({ streams, picture, profiles: storedProfiles(state), rtsp: undefined, multicast: undefined });
  model.create('One', 'one');
  breakDisk();
  const tokens = () => model.profiles.filter(({ fixed }) => !fixed).map(({ token, videoSource }) => [token, videoSource]);
  expect(() => model.create('Two', 'two')).toThrow('cannot be kept');
  expect(() => model.delete('one')).toThrow('cannot be kept');
  expect(() => model.configure(model.profile('one'), { videoSource: 'video_source_config' })).toThrow('cannot be kept');
  expect(tokens()).toEqual([['one', false]]);
});

test('ports', () => {
  breakDisk();
  expect(() => keepPorts(settings().ports, { http: 8080, rtsp: 8554 }, { http: 81, rtsp: 554 })).toThrow(REFUSED);
  expect(state.state.device.httpPort).toBeUndefined();
});

test('a video encoder configuration of which one half is refused', async () => {
  const { camera, multicast, call } = fullMediaService();
  const before = multicast.target('mjpeg_encoder');
  const Multicast = { Address: { Type: 'IPv4', IPv4Address: '239.9.9.9' }, Port: '7000', TTL: '2' };
  const Configuration = { attributes: { token: 'mjpeg_encoder' }, RateControl: { FrameRateLimit: '5' }, Multicast };
  const set = () => call('SetVideoEncoderConfiguration', { Configuration });
  camera.failure = new AppError('DISK_FULL', 'No room.');
  expect(await faultOf(set())).toBe('Receiver/Action');
  expect([multicast.target('mjpeg_encoder'), camera.asked.fps]).toEqual([before, 15]);
  camera.failure = undefined;
  multicast.failure = new AppError('DISK_FULL', 'No room.');
  expect(await faultOf(set())).toBe('Receiver/Action');
  expect([multicast.target('mjpeg_encoder'), camera.asked.fps]).toEqual([before, 15]);
});

const metadataOf = (store: StateStore, log: Logger, clock = new FakeClock()) =>
  new MetadataVersions({ stored: store.state.metadata, store: (metadata) => store.update({ metadata }), clock, log });

test('the version of what is announced goes on without a disk, which is said once', () => {
  const told: string[] = [];
  const clock = new FakeClock();
  const metadata = metadataOf(state, { ...silentLogger, warn: (message) => void told.push(message) }, clock);
  expect(metadata.next(['a'])).toBe(1);
  breakDisk();
  expect([metadata.next(['b']), metadata.next(['b']), metadata.next(['c']), metadata.next(['c'])]).toEqual([2, 2, 3, 3]);
  expect(told).toEqual([expect.stringMatching(/ENOENT.* is announced all the same/)]);
  mendDisk();
  clock.advance(60_000);
  expect(metadata.next(['c'])).toBe(3);
  expect(new StateStore(dir).state.metadata?.version).toBe(3);
  expect(metadataOf(new StateStore(dir), silentLogger).next(['c'])).toBe(3);
});
