import { beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../src/core/log.ts';
import type { MachineVitals, PowerState, ProcessorTime } from '../../../src/core/machine-vitals.ts';
import { EventLog } from '../../../src/device/event-log.ts';
import { type DeviceEvent, EventBus } from '../../../src/device/events.ts';
import { MachineEvents } from '../../../src/device/machine-events.ts';
import { tellingProfiles, tellSignalLoss } from '../../../src/device/media-events.ts';
import type { CameraStatus, StreamState } from '../../../src/frames/stream-state.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FakeProfileStore } from '../../support/onvif-media.ts';

class FakeVitals implements MachineVitals {
  time: ProcessorTime | undefined = { busy: 0, total: 0 };
  started: number | undefined = 1_700_000_000_000;
  set: number | undefined;
  state: PowerState | undefined;
  full: boolean | undefined = false;
  processorTime = () => this.time;
  startedAt = () => this.started;
  clockSetAt = () => this.set;
  power = async () => this.state;
  isFull = () => this.full;
}

let clock: FakeClock;
let bus: EventBus;
let vitals: FakeVitals;
let heard: string[];
let machine: MachineEvents;

beforeEach(() => {
  clock = new FakeClock();
  bus = new EventBus({ clock, log: silentLogger });
  heard = [];
  const value = ({ data }: DeviceEvent) => Object.values(data).map((each) => (each instanceof Date ? each.getTime() : each));
  bus.subscribe((event) => heard.push(`${event.topic.split('/').at(-1)} ${value(event).join()}`));
  vitals = new FakeVitals();
  machine = new MachineEvents({ events: bus, vitals, dataDir: '/data', clock, log: silentLogger });
});

const later = async () => {
  heard.length = 0;
  clock.advance(15_000);
  for (let i = 0; i < 5; i++) await Promise.resolve();
  return heard;
};

describe('the machine', () => {
  test('is told of as far as it is known', async () => {
    await machine.start();
    expect(heard).toEqual(['LastReboot 1700000000000', 'StorageFailure false']);
    expect(bus.offered).not.toContain('Device/HardwareFailure/PowerSupplyFailure');
    machine.stop();
    expect(clock.pending).toBe(0);
  });

  test('tells low voltage, heat and a full disk, and when they are over', async () => {
    vitals.state = { underVoltage: false, overheated: false };
    await machine.start();
    expect(heard).toContain('PowerSupplyFailure false');
    vitals.state = { underVoltage: true, overheated: true };
    vitals.full = true;
    expect(await later()).toEqual(['StorageFailure true', 'PowerSupplyFailure true', 'TemperatureCritical true']);
    expect(await later()).toEqual([]);
    vitals.state = { underVoltage: false, overheated: false };
    vitals.full = false;
    expect(await later()).toEqual(['StorageFailure false', 'PowerSupplyFailure false', 'TemperatureCritical false']);
  });

  test('tells how busy the processor is, in steps', async () => {
    let reads = 0;
    vitals.processorTime = () => (reads++ > 0 ? vitals.time : { busy: -1, total: -1 });
    await machine.start();
    expect(heard.join()).not.toContain('ProcessorUsage');
    vitals.time = { busy: 20, total: 100 };
    expect(await later()).toEqual(['ProcessorUsage 20']);
    vitals.time = { busy: 43, total: 200 };
    expect(await later()).toEqual([]);
    vitals.time = { busy: 139, total: 300 };
    expect(await later()).toEqual(['ProcessorUsage 95']);
    vitals.time = { busy: 140, total: 400 };
    expect(await later()).toEqual(['ProcessorUsage 0']);
  });

  test('tells its start anew when the clock was set, not when it drifts', async () => {
    await machine.start();
    vitals.started = 1_700_000_002_000;
    expect(await later()).toEqual([]);
    vitals.started = 1_800_000_000_000;
    vitals.set = 1_800_000_100_000;
    expect(await later()).toEqual(['LastReboot 1800000000000', 'LastClockSynchronization 1800000100000']);
  });
});

test('a camera that fails has lost its signal, one that is off has not', () => {
  let tell: (status: CameraStatus) => void = () => {};
  tellSignalLoss(
    {
      watch: (listener) => {
        tell = listener;
        return () => {};
      },
    },
    bus,
  );
  for (const state of ['idle', 'starting', 'live', 'stalled', 'failed', 'starting', 'live', 'idle'] satisfies StreamState[])
    tell({ state, error: undefined, notices: [], source: undefined });
  expect(heard).toEqual(['SignalLoss false', 'SignalLoss true', 'SignalLoss false']);
});

test('profiles that are made, changed and deleted are told, and no others', () => {
  const tokens: unknown[] = [];
  bus.subscribe(({ source }) => tokens.push(source.Token));
  const store = tellingProfiles(new FakeProfileStore(), bus);
  store.save([
    { token: 'a', name: 'a' },
    { token: 'b', name: 'b' },
  ]);
  store.save([
    { token: 'a', name: 'a', videoSource: 'x' },
    { token: 'b', name: 'b' },
  ]);
  store.save([{ token: 'b', name: 'b' }]);
  expect(tokens).toEqual(['a', 'b', 'a', 'a']);
});

test('the log has the last fifty, the newest first, and counts all', () => {
  const log = new EventLog(bus);
  for (let i = 0; i < 60; i++) bus.tell('Media/ProfileChanged', { Token: String(i) }, {});
  bus.set('VideoSource/SignalLoss', { Source: 'x' }, { State: false });
  for (let i = 0; i < 60; i++) bus.set('Monitoring/ProcessorUsage', { Token: 'x' }, { Value: i });
  expect(log.last).toHaveLength(50);
  expect(log.last[0]).toMatchObject({ source: { Token: '59' } });
  expect([...log.counts]).toEqual([
    ['Media/ProfileChanged', 60],
    ['VideoSource/SignalLoss', 1],
    ['Monitoring/ProcessorUsage', 60],
  ]);
});
