import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { H264Control } from '../../src/adapters/h264.ts';
import { Identity } from '../../src/adapters/identity.ts';
import { adaptCamera } from '../../src/adapters/media-camera.ts';
import { MulticastControl } from '../../src/adapters/multicast.ts';
import { keepPorts } from '../../src/adapters/ports.ts';
import { loadUsers } from '../../src/adapters/users.ts';
import { Camera } from '../../src/camera/camera.ts';
import { schema } from '../../src/cli/settings.ts';
import { StateStore } from '../../src/config/state.ts';
import { AppError } from '../../src/core/errors.ts';
import { type Logger, silentLogger } from '../../src/core/log.ts';
import { MetadataVersions } from '../../src/discovery/metadata-version.ts';
import { Hub } from '../../src/hub/hub.ts';
import type { MulticastTarget } from '../../src/onvif/media/deps.ts';
import { MediaModel } from '../../src/onvif/media/model.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { makeDevice } from '../support/onvif-device.ts';
import { FakeCamera, faultOf, fullMediaService } from '../support/onvif-media.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** What a client is refused because it cannot be kept does not hold, neither now nor after a restart. */

const CONFIG = schema.parse({});
const REFUSED = expect.objectContaining({ code: 'DATA_DIR' });

let dir: string;
let state: StateStore;
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
  const identity = new Identity(state, 'Camera', false);
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
  const media = adaptCamera(camera, hub, (change) => state.update({ camera: { ...state.state.camera, ...change } }));
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
    offers: undefined,
    check: () => {
      throw refused;
    },
    change() {},
  } as unknown as Camera;
  const kept: unknown[] = [];
  await expect(adaptCamera(camera, {} as Hub, (change) => kept.push(change)).change({ fps: 5 })).rejects.toBe(refused);
  expect(kept).toEqual([]);
});

test('the settings of H.264, whose encoder is not restarted', async () => {
  const noted: string[] = [];
  const stream = { profile: 'Main', changed: () => noted.push('changed'), requestKeyFrame() {} } as const;
  const control = new H264Control({ config: CONFIG.h264, explicit: new Set(), state, camera: new FakeCamera(), stream });
  const before = control.settings();
  breakDisk();
  await expect(control.change({ bitrate: 500 })).rejects.toThrow(REFUSED);
  expect([control.settings(), noted]).toEqual([before, []]);
});

describe('multicast', () => {
  const ENCODER = 'mjpeg_encoder';
  const OTHER = { address: '239.1.2.3', port: 6000, ttl: 5 };
  let sent: Map<string, MulticastTarget>;
  let refuses: MulticastTarget | undefined;
  let control: MulticastControl;
  beforeEach(() => {
    sent = new Map();
    refuses = undefined;
    const sender = {
      startMulticast: async (encoder: string, target: MulticastTarget) => {
        if (target === refuses) throw new Error('There is no such network.');
        sent.set(encoder, target);
      },
      stopMulticast: (encoder: string) => void sent.delete(encoder),
    };
    control = new MulticastControl({ config: CONFIG.rtsp.multicast, explicit: new Set(), state, sender, log: silentLogger });
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
  const store = {
    list: () => state.state.profiles,
    save: (list: readonly { token: string; name: string }[]) => state.update({ profiles: [...list] }),
  };
  const model = new MediaModel({ camera: new FakeCamera(), store, rtsp: undefined, h264: undefined, multicast: undefined });
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
  expect(() => keepPorts(state, { http: false, rtsp: false }, { http: 8080, rtsp: 8554 }, { http: 81, rtsp: 554 })).toThrow(REFUSED);
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
