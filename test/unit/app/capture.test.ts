import { beforeEach, expect, test } from '@jest/globals';
import { Capture } from '../../../src/app/capture.ts';
import type { AppOptions } from '../../../src/app/options.ts';
import { schema } from '../../../src/cli/settings.ts';
import { StateStore } from '../../../src/config/state.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { DeviceSettings } from '../../../src/device/settings.ts';
import { Liveness } from '../../../src/streams/liveness.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { makeFrame } from '../../support/frames.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

const SECOND_MS = 1000;

let clock: FakeClock;
let capture: Capture;
let liveness: Liveness;

beforeEach(() => {
  clock = new FakeClock();
  const dataDir = makeTempDir();
  const config = schema.parse({ camera: { encoding: 'h264' } });
  const options = { config, explicit: new Set<string>(), state: new StateStore(dataDir), dataDir, spec: { kind: 'test' } };
  const surroundings = { searchPath: dataDir, sysfs: dataDir, dev: dataDir, clock, log: silentLogger };
  const all = { ...options, ...surroundings } as unknown as AppOptions;
  capture = new Capture(all, new DeviceSettings(all));
  liveness = new Liveness(() => capture.progress, clock);
  capture.units!.setStatus({ state: 'live', error: undefined, notices: [], source: 'camera' });
});

/** Whether the program counts as alive through all that time. @param act what the camera does each second */
function livesFor(minutes: number, act: (second: number) => void = () => {}): boolean {
  for (let second = 0; second < minutes * 60; second++) {
    clock.advance(SECOND_MS);
    act(second);
    if (!liveness.check()) return false;
  }
  return true;
}

test('one that was asked for H.264 and gives JPEGs gets on as long as they come', () => {
  expect(capture.isNative).toBe(false);
  expect(livesFor(40, (second) => capture.hub.publish(makeFrame(second + 1, clock)))).toBe(true);
  expect(livesFor(31)).toBe(false);
});

test('one that gives H.264 gets on as long as that comes, whatever became of JPEGs', () => {
  Object.defineProperty(capture, 'isNative', { value: true });
  const { hub, units } = capture;
  const unit = { nals: [], keyframe: true, parameterSets: { sps: Buffer.alloc(0), pps: Buffer.alloc(0) }, size: 0 };
  const publish = (sequence: number) => units!.publish({ ...unit, sequence, capturedAt: clock.now(), monotonic: clock.monotonic() });
  expect(livesFor(40, publish)).toBe(true);
  expect(livesFor(31, (second) => hub.publish(makeFrame(second + 1, clock)))).toBe(false);
});
