import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, test } from '@jest/globals';
import { LinuxVitals } from '../../../../src/platform/machine/linux-vitals.ts';
import type { Run } from '../../../../src/platform/run-program.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';

let root: string;
let said: string;
const clock = new FakeClock();

beforeEach(() => {
  root = makeTempDir();
  file('bin/vcgencmd', '', 0o755);
});

function file(name: string, text: string, mode = 0o644) {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), text, { mode });
}
const run: Run = async () => ({ code: 0, stdout: said, stderr: '' }) as Awaited<ReturnType<Run>>;
const vitals = () => new LinuxVitals({ root, searchPath: join(root, 'bin'), clock, run });

test('processor time is all but idling and waiting for disks', () => {
  expect(vitals().processorTime()).toBeUndefined();
  file('proc/stat', 'cpu  100 1 50 800 20 3 4 5 77 7\ncpu0 1 2 3\n');
  expect(vitals().processorTime()).toEqual({ busy: 163, total: 983 });
});

test('the start follows from how long it runs', () => {
  expect(vitals().startedAt()).toBeUndefined();
  file('proc/uptime', '3600.42 7000.00\n');
  expect(vitals().startedAt()).toBe(FakeClock.EPOCH - 3_600_000);
});

test('a time server set the clock when its file was touched', () => {
  expect(vitals().clockSetAt()).toBeUndefined();
  file('run/systemd/timesync/synchronized', '');
  utimesSync(join(root, 'run/systemd/timesync/synchronized'), 1_700_000_000.7, 1_700_000_000.7);
  expect(vitals().clockSetAt()).toBe(1_700_000_000_000);
});

test.each([
  ['throttled=0x0\n', { underVoltage: false, overheated: false }],
  // Both were so some time ago.
  ['throttled=0x50000\n', { underVoltage: false, overheated: false }],
  ['throttled=0x50005\n', { underVoltage: true, overheated: false }],
  ['throttled=0x8\n', { underVoltage: false, overheated: true }],
  ['throttled=0x4', { underVoltage: false, overheated: true }],
  ['VCHI initialization failed\n', undefined],
])('the firmware of a Pi says %j', async (text, power) => {
  said = text;
  expect(await vitals().power()).toBeUndefined();
  file('proc/device-tree/model', 'Raspberry Pi 4 Model B Rev 1.4\0');
  expect(await vitals().power()).toEqual(power);
});

test('a disk with room is not full; of a directory that is not there nothing is said', () => {
  expect(vitals().isFull(root)).toBe(false);
  expect(vitals().isFull(join(root, 'none'))).toBeUndefined();
});
