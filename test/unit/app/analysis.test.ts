import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Analysis } from '../../../src/app/analysis.ts';
import type { Capture } from '../../../src/app/capture.ts';
import type { AppOptions } from '../../../src/app/options.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { type DeviceEvent, EventBus } from '../../../src/device/events.ts';
import { Hub } from '../../../src/streams/hub.ts';
import { FakeClock } from '../../support/fake-clock.ts';

let clock: FakeClock;
let events: EventBus;
let lines: string[];
let nights: boolean[];
let capture: Capture;
let analysis: Analysis;
let heard: DeviceEvent[];

const MOTION = { enabled: false, detector: 'camera', sensitivity: 50, smallestArea: 0.3, holdTime: 2, zones: [], masks: [] };

function start(motion: object, exposure = 'normal'): void {
  const config = { motion: { ...MOTION, ...motion }, imageHealth: { enabled: false }, camera: { exposure } };
  const log = { ...silentLogger, info: (line: string) => void lines.push(line) };
  const hub = new Hub({ demand: { start() {}, stop() {}, retry() {} }, idleTimeout: 0, clock });
  const camera = { settings: { exposure }, setNight: (isNight: boolean) => void nights.push(isNight) };
  capture = { hub, camera, onSensed() {} } as unknown as Capture;
  analysis = new Analysis({ config, clock, log } as unknown as AppOptions, { capture, events: { bus: events } });
  events.subscribe((event) => heard.push(event));
  analysis.start();
}

beforeEach(() => {
  clock = new FakeClock();
  events = new EventBus({ clock, log: silentLogger });
  [lines, nights, heard] = [[], [], []];
});
afterEach(() => analysis.stop());

test('who listens for motion while it is off is told how to turn it on: in the notices as long as somebody does, in the log once', () => {
  start({});
  expect(events.offered).toEqual(['VideoSource/MotionAlarm', 'RuleEngine/CellMotionDetector/Motion']);
  expect(analysis.status).toEqual({ motion: undefined, night: undefined, notices: [] });
  const listen = () =>
    events.subscribe(
      () => {},
      (topic) => topic === 'VideoSource/MotionAlarm',
    );
  // The second time is a subscription that a recorder makes anew.
  for (const _ of [1, 2]) {
    const leave = [listen(), listen()];
    expect(analysis.status.notices.map(({ code }) => code)).toEqual(['MOTION_OFF']);
    for (const end of leave) end();
    expect(analysis.status.notices).toEqual([]);
  }
  expect(lines.filter((line) => line.includes('--motion on'))).toHaveLength(1);
});

test('motion is told under both topics, true and false', () => {
  start({ enabled: true });
  capture.hub.setStatus({ ...capture.hub.status, state: 'live' });
  capture.onSensed({ kind: 'watching' });
  clock.advance(4000);
  capture.onSensed({ kind: 'motion', region: '', moving: true });
  clock.advance(1000);
  expect(analysis.status.motion).toEqual({ moving: true, by: 'camera' });
  capture.onSensed({ kind: 'motion', region: '', moving: false });
  clock.advance(5000);
  const told = (topic: string) => heard.filter((event) => event.topic === topic).map(({ data }) => Object.values(data)[0]);
  expect(told('VideoSource/MotionAlarm')).toEqual([false, true, false]);
  expect(told('RuleEngine/CellMotionDetector/Motion')).toEqual([false, true, false]);
  expect(analysis.status.notices).toEqual([]);
});

test('night is told, and the exposure changes with it', () => {
  start({}, 'auto-night');
  for (let second = 0; second < 20; second++) {
    capture.onSensed({ kind: 'light', lux: 1, exposure: undefined });
    clock.advance(1001);
  }
  expect(nights).toEqual([false, true]);
  expect(heard.filter(({ topic }) => topic === 'VideoSource/DayNight').map(({ data }) => data)).toEqual([
    { Night: false },
    { Night: true },
  ]);
  expect(lines.at(-1)).toContain('night');
});
