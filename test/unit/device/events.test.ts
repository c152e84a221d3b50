import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Logger, silentLogger } from '../../../src/core/log.ts';
import { ALL_TOPICS, TOPICS } from '../../../src/device/event-topics.ts';
import { type DeviceEvent, EventBus } from '../../../src/device/events.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const SOURCE = { Source: 'video_source' };
const MOTION = 'VideoSource/MotionAlarm';

let clock: FakeClock;
let bus: EventBus;
let heard: DeviceEvent[];
let errors: string[];

beforeEach(() => {
  clock = new FakeClock();
  errors = [];
  const log: Logger = { ...silentLogger, error: (message) => errors.push(message) };
  bus = new EventBus({ clock, log });
  heard = [];
  bus.subscribe((event) => heard.push(event));
});

describe('a state', () => {
  test('is told when it is first known, and then only when it changes', () => {
    bus.set(MOTION, SOURCE, { State: false });
    bus.set(MOTION, SOURCE, { State: false });
    clock.advance(1000);
    bus.set(MOTION, SOURCE, { State: true });
    bus.set(MOTION, SOURCE, { State: true });
    expect(heard).toEqual([
      { topic: MOTION, kind: 'initialized', source: SOURCE, data: { State: false }, time: FakeClock.EPOCH },
      { topic: MOTION, kind: 'changed', source: SOURCE, data: { State: true }, time: FakeClock.EPOCH + 1000 },
    ]);
  });

  test('is remembered with the time since when it is so', () => {
    bus.set(MOTION, SOURCE, { State: false });
    clock.advance(1000);
    bus.set(MOTION, SOURCE, { State: true });
    clock.advance(1000);
    bus.set(MOTION, SOURCE, { State: true });
    const state = { topic: MOTION, kind: 'initialized', source: SOURCE, data: { State: true }, time: FakeClock.EPOCH + 1000 };
    expect(bus.current()).toEqual([state]);
  });

  test('is one for each source', () => {
    bus.set('Device/HardwareFailure/StorageFailure', { Token: 'a' }, { Failed: true });
    bus.set('Device/HardwareFailure/StorageFailure', { Token: 'b' }, { Failed: false });
    expect(bus.current().map(({ source, data }) => [source.Token, data.Failed])).toEqual([
      ['a', true],
      ['b', false],
    ]);
  });

  test('is not remembered without end', () => {
    for (let i = 0; i < 300; i++) bus.set('Device/HardwareFailure/StorageFailure', { Token: `disk ${i}` }, { Failed: false });
    expect(bus.current()).toHaveLength(256);
    expect(errors).toHaveLength(44);
    bus.set('Device/HardwareFailure/StorageFailure', { Token: 'disk 0' }, { Failed: true });
    expect(heard.at(-1)).toMatchObject({ source: { Token: 'disk 0' }, data: { Failed: true } });
  });
});

test('what happens is told each time and not remembered', () => {
  bus.tell('Media/ProfileChanged', { Token: 'mjpeg' }, {});
  bus.tell('Media/ProfileChanged', { Token: 'mjpeg' }, {});
  expect(heard.map(({ kind }) => kind)).toEqual(['moment', 'moment']);
  expect(bus.current()).toEqual([]);
});

test('topics are offered in the order of the table, also those of which something was told', () => {
  bus.offer('Media/ProfileChanged');
  bus.set('VideoSource/SignalLoss', SOURCE, { State: false });
  bus.offer(MOTION, MOTION);
  expect(bus.offered).toEqual([MOTION, 'VideoSource/SignalLoss', 'Media/ProfileChanged']);
});

describe('listeners', () => {
  test('hear nothing after they have gone, and do not disturb one another', () => {
    const cancel = bus.subscribe(() => {
      throw new Error('broken');
    });
    const late: DeviceEvent[] = [];
    bus.subscribe((event) => late.push(event));
    bus.set(MOTION, SOURCE, { State: true });
    expect(errors).toEqual(['A listener to events failed: broken']);
    expect(late).toEqual(heard);
    cancel();
    cancel();
    bus.set(MOTION, SOURCE, { State: false });
    expect(errors).toHaveLength(1);
    expect(late).toHaveLength(2);
  });

  test('may go while they are called', () => {
    const cancel = bus.subscribe(() => cancel());
    const late: DeviceEvent[] = [];
    bus.subscribe((event) => late.push(event));
    bus.set(MOTION, SOURCE, { State: true });
    expect(late).toHaveLength(1);
  });

  test('are counted by the topics because of which they listen', () => {
    let changes = 0;
    bus.onWantedChange(() => changes++);
    expect(bus.isWanted(MOTION)).toBe(false);
    const cancel = bus.subscribe(
      () => {},
      (topic) => topic === MOTION,
    );
    expect(bus.isWanted(MOTION)).toBe(true);
    expect(bus.isWanted('VideoSource/SignalLoss')).toBe(false);
    cancel();
    expect(bus.isWanted(MOTION)).toBe(false);
    expect(changes).toBe(2);
  });
});

test('properties carry exactly one data item: clients read the first and no other', () => {
  for (const topic of ALL_TOPICS) expect(Object.keys(TOPICS[topic].data)).toHaveLength(TOPICS[topic].property ? 1 : 0);
});
