import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { schema } from '../../../src/cli/settings.ts';
import { StateStore } from '../../../src/config/state.ts';
import { DeviceSettings, SettingsGroup } from '../../../src/device/settings.ts';
import { H264, MJPEG } from '../../../src/device/stream-names.ts';
import { groupOf } from '../../../src/platform/multicast.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

let dir: string;
beforeEach(() => {
  dir = join(makeTempDir(), 'data');
});

/** As after a start with these settings of the owner, by key. */
function start(given: Readonly<Record<string, unknown>> = {}): DeviceSettings {
  const config = structuredClone(schema.parse({})) as Record<string, unknown>;
  for (const [key, value] of Object.entries(given)) {
    const path = key.split('.');
    const last = path.pop()!;
    const parent = path.reduce((part, step) => part[step] as Record<string, unknown>, config);
    parent[last] = value;
  }
  return new DeviceSettings({ config: schema.parse(config), explicit: new Set(Object.keys(given)), state: new StateStore(dir) });
}

describe('what the owner set beats what clients set, and that the defaults', () => {
  test.each<[string, (settings: DeviceSettings) => unknown, (settings: DeviceSettings) => void, unknown, string, unknown]>([
    ['the capture', (now) => now.camera.now.fps, (now) => now.camera.change({ fps: 5 }), 15, 'camera.fps', 20],
    ['H.264', (now) => now.h264.now.bitrate, (now) => now.h264.change({ bitrate: 500 }), 2000, 'h264.bitrate', 3000],
    ['the name', (now) => now.identity.now.name, (now) => now.identity.change({ name: 'Door' }), 'Pi Camera', 'name', 'Mine'],
    ['a port', (now) => now.ports.now.rtsp, (now) => now.ports.change({ rtsp: 554 }), 8554, 'rtsp.port', 9554],
    [
      'multicast',
      (now) => now.multicast(MJPEG).now.port,
      (now) => now.multicast(MJPEG).change({ port: 6000 }),
      5004,
      'rtsp.multicast.port',
      7000,
    ],
  ])('%s', (_name, read, change, preset, key, owners) => {
    expect(read(start())).toBe(preset);
    change(start());
    const clients = read(start());
    expect(clients).not.toBe(preset);
    expect(read(start({ [key]: owners }))).toBe(owners);
    // It is not forgotten meanwhile.
    expect(read(start())).toBe(clients);
  });

  test('a client may change what the owner set until the next start', () => {
    const settings = start({ 'camera.fps': 20 });
    settings.camera.change({ fps: 5 });
    expect(settings.camera.now.fps).toBe(5);
    expect(start({ 'camera.fps': 20 }).camera.now.fps).toBe(20);
  });

  test('which ones the owner set is known', () => {
    const { camera, identity, ports } = start({ 'camera.fps': 20, 'http.port': 81 });
    expect([camera.isOwners('fps'), camera.isOwners('width')]).toEqual([true, false]);
    expect([ports.isOwners('http'), ports.isOwners('rtsp')]).toEqual([true, false]);
    expect([identity.isOwners('name'), identity.isOwners('location')]).toEqual([false, false]);
    expect(start({ name: 'Mine' }).identity.isOwners('name')).toBe(true);
  });
});

describe('a change', () => {
  test('is heard of when it holds, until nobody wants to hear any more', () => {
    const { h264 } = start();
    const heard: number[] = [];
    const cancel = h264.onChange(({ bitrate }) => heard.push(bitrate, h264.now.bitrate));
    h264.change({ bitrate: 500 });
    cancel();
    h264.change({ bitrate: 600 });
    expect(heard).toEqual([500, 500]);
  });

  test('keeps what was not changed as it is kept: a default may be another one in the next version', () => {
    const { camera } = start();
    camera.change({ fps: 5 });
    camera.change({ quality: 50 });
    expect(new StateStore(dir).state.camera).toEqual({ fps: 5, quality: 50 });
  });

  test('of one group leaves the others in the same part of the state alone', () => {
    const settings = start();
    settings.ports.change({ http: 81 });
    settings.identity.change({ location: 'Hall' });
    settings.ports.change({ rtsp: 554 });
    expect(new StateStore(dir).state.device).toEqual({ location: 'Hall', discoverable: true, scopes: [], httpPort: 81, rtspPort: 554 });
  });

  test('can be taken back, with what is kept of it', () => {
    const { h264 } = start();
    h264.change({ bitrate: 500 });
    const takeBack = h264.change({ bitrate: 600, fps: 5 });
    takeBack();
    expect([h264.now.bitrate, h264.now.fps, new StateStore(dir).state.h264]).toEqual([500, 0, { bitrate: 500 }]);
  });

  test('that cannot be kept does not hold, and nobody hears of it', () => {
    const { h264 } = start();
    let heard = 0;
    h264.onChange(() => heard++);
    rmSync(dir, { recursive: true });
    expect(() => h264.change({ bitrate: 500 })).toThrow(expect.objectContaining({ code: 'DATA_DIR' }));
    expect([h264.now.bitrate, heard]).toEqual([2000, 0]);
    mkdirSync(dir);
    h264.change({ bitrate: 500 });
    expect([h264.now.bitrate, heard]).toEqual([500, 1]);
  });
});

describe('multicast', () => {
  test('each stream has ports of its own beside one group', () => {
    const settings = start();
    const address = groupOf(new StateStore(dir).state.uuid);
    expect(settings.multicast(MJPEG).now).toEqual({ address, port: 5004, ttl: 1, autoStart: false });
    expect(settings.multicast(H264).now).toEqual({ address, port: 5006, ttl: 1, autoStart: false });
  });

  test('the owner sets the largest TTL; what is not allowed any more counts for nothing', () => {
    const state = new StateStore(dir);
    state.update({ multicast: { mjpeg_encoder: { address: '224.0.0.251', port: 3702, ttl: 9, autoStart: true } } });
    const { address, port, ttl, autoStart } = start({ 'rtsp.multicast.ttl': 4 }).multicast(MJPEG).now;
    expect({ address, port, ttl, autoStart }).toEqual({ address: groupOf(state.state.uuid), port: 5004, ttl: 4, autoStart: true });
  });
});

test('a group can stand alone', () => {
  let kept: { one?: number | undefined; two?: string | undefined } = { two: 'kept' };
  const group = new SettingsGroup<{ one: number; two: string }>({
    configured: { one: 1, two: 'default' },
    isOwners: (key) => key === 'one',
    kept: {
      read: () => kept,
      write: (next) => {
        kept = next;
      },
    },
  });
  expect(group.now).toEqual({ one: 1, two: 'kept' });
  group.change({ one: 2 });
  expect([group.now, kept]).toEqual([
    { one: 2, two: 'kept' },
    { one: 2, two: 'kept' },
  ]);
});
