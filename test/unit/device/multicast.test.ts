import { beforeEach, describe, expect, test } from '@jest/globals';
import { schema } from '../../../src/cli/settings.ts';
import type { Config } from '../../../src/config/schema.ts';
import { StateStore } from '../../../src/config/state.ts';
import { AppError } from '../../../src/core/errors.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { MulticastControl } from '../../../src/device/multicast.ts';
import { DeviceSettings } from '../../../src/device/settings.ts';
import { STREAMS } from '../../../src/device/stream-names.ts';
import { groupOf, type MulticastGroup } from '../../../src/platform/multicast.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const CONFIG = schema.parse({});
const [JPEG, H264] = ['mjpeg_encoder', 'h264_encoder'] as const;

let dir: string;
/** What the sender was told, and what it sends. */
let told: string[];
let sent: Map<string, MulticastGroup>;
let warnings: string[];
/** The encoders of the streams that were moved. */
let moved: string[];
/** Thrown by the next start of the sender. */
let failure: Error | undefined;
beforeEach(() => {
  dir = makeTempDir();
  told = [];
  sent = new Map();
  warnings = [];
  moved = [];
  failure = undefined;
});

/** As after a start with these settings of the owner, set by him as far as they are given. */
function start(given: Partial<Config['rtsp']['multicast']> = {}): MulticastControl {
  sent.clear();
  const multicast = { ...CONFIG.rtsp.multicast, ...given };
  return new MulticastControl({
    settings: new DeviceSettings({
      config: { ...CONFIG, rtsp: { ...CONFIG.rtsp, multicast } },
      explicit: new Set(Object.keys(given).map((key) => `rtsp.multicast.${key}`)),
      state: new StateStore(dir),
    }),
    maxTtl: multicast.ttl,
    streams: STREAMS,
    sender: {
      startMulticast: async (encoder, target) => {
        await Promise.resolve();
        if (failure) throw failure;
        told.push(`start ${encoder}`);
        sent.set(encoder, target);
      },
      stopMulticast: (encoder) => {
        told.push(`stop ${encoder}`);
        sent.delete(encoder);
      },
    },
    onChange: (encoder) => void moved.push(encoder),
    log: { ...silentLogger, warn: (message) => void warnings.push(message) },
  });
}

const group = () => groupOf(new StateStore(dir).state.uuid);

describe('the target', () => {
  test("is a group of the camera's own, with a pair of ports for each stream", () => {
    const control = start();
    expect(control.target(JPEG)).toEqual({ address: group(), port: 5004, ttl: 1 });
    expect(control.target(H264)).toEqual({ address: group(), port: 5006, ttl: 1 });
    expect(() => control.target('other')).toThrow('there is no encoder other');
  });

  test('is what clients made of it, unless the owner set it', async () => {
    await start({ ttl: 5 }).change(JPEG, { address: '239.1.2.3', port: 6000, ttl: 5 });
    expect(start({ ttl: 5 }).target(JPEG)).toEqual({ address: '239.1.2.3', port: 6000, ttl: 5 });
    expect(start().target(H264)).toEqual({ address: group(), port: 5006, ttl: 1 });
    expect(start({ address: '239.9.9.9', port: 7000 }).target(JPEG)).toEqual({ address: '239.9.9.9', port: 7000, ttl: 1 });
    expect(start({ ttl: 2 }).target(JPEG)).toEqual({ address: '239.1.2.3', port: 6000, ttl: 2 });
  });

  test('has no TTL above what the owner set, whatever clients set before; less of it stays', async () => {
    const control = start({ ttl: 9 });
    expect(control.maxTtl).toBe(9);
    await control.change(JPEG, { address: '239.1.2.3', port: 6000, ttl: 8 });
    expect([start().target(JPEG).ttl, start({ ttl: 3 }).target(JPEG).ttl, start({ ttl: 9 }).target(JPEG).ttl]).toEqual([1, 3, 8]);
  });

  test.each([
    ['an address', { address: '239.255.255.250', port: 6000, ttl: 1 }, () => ({ address: group(), port: 6000, ttl: 1 })],
    ['a port', { address: '239.1.2.3', port: 5352, ttl: 1 }, () => ({ address: '239.1.2.3', port: 5004, ttl: 1 })],
  ])('is the default again where %s was kept that is allowed no longer', async (_what, kept, target) => {
    await start().change(JPEG, kept);
    expect(start().target(JPEG)).toEqual(target());
  });
});

describe('streams that were started', () => {
  test('are sent until they are stopped, and not twice', async () => {
    const control = start();
    await control.start(JPEG);
    await control.start(JPEG);
    expect([...sent]).toEqual([[JPEG, control.target(JPEG)]]);
    expect([control.isStarted(JPEG), control.isStarted(H264)]).toEqual([true, false]);
    await control.stop(JPEG);
    await control.stop(JPEG);
    await control.stop(H264);
    expect(told).toEqual([`start ${JPEG}`, `stop ${JPEG}`]);
    expect(control.isStarted(JPEG)).toBe(false);
  });

  test('are sent again after a restart, each as soon as it can be', async () => {
    const before = start();
    await before.start(JPEG);
    await before.start(H264);
    const control = start();
    expect([control.isStarted(JPEG), control.isStarted(H264)]).toEqual([true, true]);
    expect([...sent.keys()]).toEqual([]);
    await control.resume([JPEG]);
    expect([...sent.keys()]).toEqual([JPEG]);
    await control.resume([JPEG, H264]);
    expect([...sent.keys()]).toEqual([JPEG, H264]);
    await control.stop(H264);
    const after = start();
    await after.resume([JPEG, H264]);
    expect([...sent.keys()]).toEqual([JPEG]);
  });

  test('that cannot be sent again are told of, and can be started when it works', async () => {
    await start().start(JPEG);
    const control = start();
    failure = new AppError('BIND_FAILED', 'There is no network.');
    await control.resume([JPEG]);
    expect(warnings).toEqual([`${JPEG} cannot be sent by multicast as before: There is no network.`]);
    expect(control.isStarted(JPEG)).toBe(true);
    failure = undefined;
    await control.start(JPEG);
    expect([...sent.keys()]).toEqual([JPEG]);
  });

  test('that cannot be started are not started after a restart either', async () => {
    const control = start();
    failure = new AppError('BIND_FAILED', 'There is no network.');
    await expect(control.start(JPEG)).rejects.toBe(failure);
    expect([control.isStarted(JPEG), start().isStarted(JPEG)]).toEqual([false, false]);
  });

  test('move with their target, and stay started', async () => {
    const control = start({ ttl: 5 });
    await control.start(JPEG);
    const target = { address: '239.1.2.3', port: 6000, ttl: 5 };
    await control.change(JPEG, target);
    expect(told).toEqual([`start ${JPEG}`, `stop ${JPEG}`, `start ${JPEG}`]);
    expect(sent.get(JPEG)).toEqual(target);
    await control.change(H264, { ...target, port: 6002 });
    expect(sent.has(H264)).toBe(false);
    // Where it is already is no news.
    await control.change(JPEG, target);
    expect(moved).toEqual([JPEG, H264]);
    expect([start().isStarted(JPEG), start({ ttl: 5 }).target(JPEG)]).toEqual([true, target]);
  });

  test('that cannot be moved stay where they were, and nobody is told', async () => {
    const control = start();
    await control.start(JPEG);
    const before = control.target(JPEG);
    failure = new AppError('BIND_FAILED', 'There is no network.');
    await expect(control.change(JPEG, { ...before, port: 6000 })).rejects.toBe(failure);
    expect([control.target(JPEG), moved]).toEqual([before, []]);
  });
});

test('clients that ask at the same time are served one after the other', async () => {
  const control = start();
  await Promise.all([control.start(JPEG), control.start(JPEG), control.stop(JPEG), control.start(JPEG), control.start(H264)]);
  expect(told).toEqual([`start ${JPEG}`, `stop ${JPEG}`, `start ${JPEG}`, `start ${H264}`]);
});
