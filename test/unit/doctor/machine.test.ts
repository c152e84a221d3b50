import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { AppError } from '../../../src/core/errors.ts';
import { bootConfigChecks, parseBootConfig } from '../../../src/doctor/boot-config.ts';
import { allGroups } from '../../../src/doctor/checks.ts';
import { machineChecks } from '../../../src/doctor/machine.ts';
import { OLDEST_NODE, programChecks } from '../../../src/doctor/program.ts';
import { type FileSystemSize, storageChecks } from '../../../src/doctor/storage.ts';
import { timeChecks } from '../../../src/doctor/time.ts';
import { find, makeState, makeSurroundings } from '../../support/doctor.ts';
import { asOrdinaryUser } from '../../support/ordinary-user.ts';
import { makeMachine, PI_FILES, tzif } from '../../support/system-tools/tree.ts';

const PI = PI_FILES;

describe('node', () => {
  test.each([
    ['20.19.0', 'ok'],
    ['24.1.0', 'ok'],
    ['20.18.3', 'error'],
    ['18.19.0', 'error'],
  ])('%s is %s', async (nodeVersion, level) => {
    expect(await find(programChecks(makeSurroundings({}, { nodeVersion })), 'node')).toMatchObject({ level });
  });

  test('the oldest one is that of package.json', () => {
    const { engines } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'));
    expect(engines.node).toBe(`>=${OLDEST_NODE.join('.')}`);
  });
});

describe('image-library', () => {
  test('is needed for the test pattern, and good to have elsewhere', async () => {
    const checks = (source: string) => programChecks(makeSurroundings({ config: { camera: { source } } }));
    expect(await find(checks('test'), 'image-library')).toMatchObject({ level: 'error', fix: expect.stringContaining('npm install') });
    expect(await find(checks('rpicam'), 'image-library')).toMatchObject({
      level: 'warning',
      seen: 'sharp cannot be loaded: not installed',
    });
    const there = makeSurroundings(
      {},
      { loadImageLibrary: () => Promise.resolve(() => ({ raw: () => ({ toBuffer: async () => new Uint8Array() }) })) },
    );
    expect(await find(programChecks(there), 'image-library')).toMatchObject({ level: 'ok' });
  });
});

describe('settings', () => {
  test('that are wrong are told as the start tells them', async () => {
    const surroundings = makeSurroundings();
    const fault = new AppError('CONFIG_INVALID', 'onvif-camera.yaml line 4: camera.width is 1; it must be 64 to 8192.');
    const settings = { ...surroundings.settings, fault };
    expect(await find(programChecks({ ...surroundings, settings }), 'settings')).toEqual({
      level: 'error',
      seen: fault.message,
      fix: fault.hint,
    });
    expect(await find(programChecks(surroundings), 'settings')).toMatchObject({ level: 'ok' });
  });
});

describe('state', () => {
  const stateOf = (write: (dataDir: string) => void) => {
    const surroundings = makeSurroundings();
    mkdirSync(surroundings.settings.dataDir, { mode: 0o700 });
    write(surroundings.settings.dataDir);
    return find(programChecks(surroundings), 'state');
  };

  test('is well where there is none yet, and where there is one', async () => {
    expect(await find(programChecks(makeSurroundings()), 'state')).toMatchObject({
      level: 'ok',
      seen: expect.stringContaining('not there yet'),
    });
    const users = [{ name: 'admin', password: 'correct horse', level: 'Administrator' }];
    const found = await stateOf((dir) => writeFileSync(join(dir, 'state.json'), JSON.stringify(makeState({ users }))));
    expect(found).toMatchObject({ level: 'ok', seen: expect.stringMatching(/1 user$/) });
  });

  test('that is damaged, of a newer version, or open to others is told', async () => {
    expect(await stateOf((dir) => writeFileSync(join(dir, 'state.json'), '{'))).toMatchObject({
      level: 'error',
      seen: 'data/state.json is damaged',
      fix: expect.stringContaining('new password'),
    });
    expect(await stateOf((dir) => writeFileSync(join(dir, 'state.json'), '{"version":99}'))).toMatchObject({
      level: 'error',
      seen: expect.stringContaining('newer onvif-camera'),
    });
    expect(await stateOf((dir) => chmodSync(dir, 0o770))).toMatchObject({ level: 'warning', fix: expect.stringContaining('chmod go-w') });
    expect(await stateOf((dir) => chmodSync(dir, 0o777))).toMatchObject({ level: 'error', seen: expect.stringContaining('everybody') });
  });
});

describe('memory', () => {
  test.each([
    [60, 'warning'],
    [30, 'error'],
    [300, 'ok'],
  ])('%d MB free is %s', async (available, level) => {
    const text = `MemTotal:         443392 kB\nMemAvailable:     ${available * 1024} kB\nCmaTotal:         262144 kB\nCmaFree:          131072 kB\n`;
    const found = await find(machineChecks(makeSurroundings({ files: { '/proc/meminfo': text } })), 'memory');
    expect(found).toMatchObject({ level, seen: `${available} of 433 MB free, 128 of 256 MB for camera pictures (CMA)` });
  });

  test('is skipped where the system does not tell', async () => {
    expect(await find(machineChecks(makeSurroundings()), 'memory')).toMatchObject({ level: 'skipped' });
  });
});

test('load is a warning where there is more to do than processors for it', async () => {
  const cores = cpus().length;
  expect(
    await find(
      machineChecks(makeSurroundings(), () => [9, cores * 2, 0]),
      'load',
    ),
  ).toMatchObject({ level: 'warning' });
  expect(
    await find(
      machineChecks(makeSurroundings(), () => [99, cores, 99]),
      'load',
    ),
  ).toMatchObject({ level: 'ok' });
});

describe('temperature', () => {
  test.each([
    ['51540', 'ok', '51.5 °C'],
    ['76000', 'warning', '76.0 °C'],
    ['82300', 'error', '82.3 °C'],
  ])('%s is %s', async (text, level, seen) => {
    const files = { '/sys/class/thermal/thermal_zone0/temp': `${text}\n`, '/sys/class/thermal/cooling_device0/type': 'x' };
    expect(await find(machineChecks(makeSurroundings({ files })), 'temperature')).toMatchObject({ level, seen });
  });

  test('is skipped without a thermometer', async () => {
    expect(await find(machineChecks(makeSurroundings()), 'temperature')).toMatchObject({ level: 'skipped' });
  });
});

describe('power and throttling', () => {
  const FIRMWARE = '/sys/devices/platform/soc/soc:firmware/get_throttled';
  test.each([
    ['0', 'ok', 'ok'],
    ['1', 'error', 'ok'],
    ['50005', 'error', 'warning'],
    ['50000', 'warning', 'warning'],
    ['80008', 'ok', 'warning'],
  ])('the word %s of the firmware: power is %s, throttling %s', async (word, power, throttling) => {
    const fromFile = machineChecks(makeSurroundings({ files: { ...PI, [FIRMWARE]: `${word}\n` } }));
    const fromTool = machineChecks(makeSurroundings({ files: PI, tools: { vcgencmd: `echo throttled=0x${word}` } }));
    for (const checks of [fromFile, fromTool]) {
      expect(await find(checks, 'power')).toMatchObject({ level: power });
      expect(await find(checks, 'throttling')).toMatchObject({ level: throttling });
    }
  });

  test('the alarm of the hwmon driver is under-voltage now', async () => {
    const files = { ...PI, '/sys/class/hwmon/hwmon1/name': 'rpi_volt\n', '/sys/class/hwmon/hwmon1/in0_lcrit_alarm': '1\n' };
    expect(await find(machineChecks(makeSurroundings({ files })), 'power')).toMatchObject({
      level: 'error',
      seen: expect.stringContaining('under-voltage now'),
      fix: expect.stringContaining('5.1 V'),
    });
  });

  test('are skipped where nothing tells', async () => {
    for (const id of ['power', 'throttling']) {
      expect(await find(machineChecks(makeSurroundings()), id)).toMatchObject({ level: 'skipped', seen: 'this is no Raspberry Pi' });
      expect(await find(machineChecks(makeSurroundings({ files: PI })), id)).toMatchObject({ seen: 'the firmware does not tell' });
    }
  });
});

describe('disk-space', () => {
  const disk = (more: Partial<FileSystemSize>) => (): FileSystemSize => ({
    ...{ bsize: 4096, blocks: 7_000_000, bavail: 5_000_000, files: 1e6, ffree: 9e5 },
    ...more,
  });
  const MB = 1e6 / 4096;
  test.each<[string, Partial<FileSystemSize>, string]>([
    ['gigabytes', {}, 'ok'],
    ['100 MB', { bavail: 100 * MB }, 'warning'],
    ['10 MB', { bavail: 10 * MB }, 'error'],
    ['no inodes', { ffree: 1000 }, 'error'],
    ['btrfs, which counts no inodes', { files: 0, ffree: 0 }, 'ok'],
    ['a small disk that is half empty', { blocks: 50 * MB, bavail: 25 * MB }, 'ok'],
  ])('%s', async (_, size, level) => {
    expect(await find(storageChecks(makeSurroundings(), disk(size)), 'disk-space')).toMatchObject({ level });
  });
});

describe('disk-writable', () => {
  test('is tried, and nothing is left of the trial', async () => {
    const surroundings = makeSurroundings();
    mkdirSync(surroundings.settings.dataDir);
    expect(await find(storageChecks(surroundings), 'disk-writable')).toMatchObject({ level: 'ok' });
    expect(readdirSync(surroundings.settings.dataDir)).toEqual([]);
  });

  test('names the directory and who may not', async () => {
    const surroundings = makeSurroundings();
    // Where not even root may.
    const settings = { ...surroundings.settings, dataDir: '/proc/sys/kernel' };
    expect(await find(storageChecks({ ...surroundings, settings }), 'disk-writable')).toMatchObject({
      level: 'error',
      seen: expect.stringContaining('pi cannot write in /proc/sys/kernel'),
      fix: expect.stringContaining('--data-dir'),
    });
  });
});

describe('disk-errors', () => {
  const card = (options: string, errors: string) =>
    find(
      storageChecks(
        makeSurroundings({
          files: {
            '/proc/mounts': `proc /proc proc rw 0 0\n/dev/mmcblk0p2 / ext4 ${options} 0 0\n/dev/mmcblk0p1 /boot/firmware vfat rw 0 0\n`,
            '/sys/fs/ext4/mmcblk0p2/errors_count': `${errors}\n`,
          },
        }),
      ),
      'disk-errors',
    );
  test('a card that was turned read-only, or has errors, is about to die', async () => {
    expect(await card('rw,noatime', '0')).toMatchObject({ level: 'ok', seen: '/dev/mmcblk0p2, /dev/mmcblk0p1: no errors counted' });
    expect(await card('ro,noatime', '0')).toMatchObject({ level: 'error', seen: '/ (/dev/mmcblk0p2) is mounted read-only' });
    expect(await card('rw,errors=remount-ro', '3')).toMatchObject({ level: 'warning', seen: expect.stringContaining('3 errors') });
    expect(await find(storageChecks(makeSurroundings()), 'disk-errors')).toMatchObject({ level: 'skipped' });
  });
});

describe('config-txt', () => {
  const bootConfig = (text: string | undefined, config: object = {}) =>
    find(
      bootConfigChecks(
        makeSurroundings({ config, files: { ...PI, ...(text === undefined ? {} : { '/boot/firmware/config.txt': text }) } }),
      ),
      'config-txt',
    );
  test.each<[string, string, string]>([
    ['as it comes', '# camera\ncamera_auto_detect=1\ndtoverlay=vc4-kms-v3d\n[cm4]\notg_mode=1\n[all]\n', 'ok'],
    ['an overlay of a sensor', 'camera_auto_detect=0\ndtoverlay=imx219,cam0\n', 'ok'],
    ['the legacy camera', 'start_x=1\ngpu_mem=128\n', 'error'],
    ['the legacy camera by its file', 'start_file=start4x.elf\ncamera_auto_detect=1\n', 'error'],
    ['the legacy camera, but on another board', '[pi3]\nstart_x=1\n[all]\ncamera_auto_detect=1\n', 'ok'],
    ['the legacy camera, on this board', '[pi4]\nstart_x=1\n[all]\ncamera_auto_detect=1\n', 'error'],
    ['nothing of a camera', 'dtparam=audio=on\n#camera_auto_detect=1\n', 'warning'],
    ['much memory for graphics', 'camera_auto_detect=1\ngpu_mem=256\n', 'warning'],
  ])('%s', async (_, text, level) => {
    expect(await bootConfig(text)).toMatchObject({ level });
  });

  test('names the place and what to write', async () => {
    expect(await bootConfig('start_x=1\n')).toMatchObject({
      seen: '/boot/firmware/config.txt turns on the legacy camera (start_x=1), which libcamera cannot use',
      fix: expect.stringContaining('camera_auto_detect=1'),
    });
    const old = makeSurroundings({ files: { ...PI, '/boot/config.txt': 'start_x=1\n' } });
    expect(await find(bootConfigChecks(old), 'config-txt')).toMatchObject({ seen: expect.stringContaining('/boot/config.txt') });
  });

  test('is skipped where it does not matter', async () => {
    expect(await bootConfig(undefined)).toMatchObject({ level: 'skipped' });
    expect(await bootConfig('start_x=1\n', { camera: { source: 'v4l2' } })).toMatchObject({ level: 'skipped' });
    expect(await find(bootConfigChecks(makeSurroundings()), 'config-txt')).toMatchObject({ level: 'skipped' });
  });

  test.each([
    ['[pi02]\na=1\n', 'Raspberry Pi Zero 2 W Rev 1.0', true],
    ['[pi0]\na=1\n', 'Raspberry Pi Zero W Rev 1.1', true],
    ['[pi5]\na=1\n', 'Raspberry Pi 4 Model B', false],
    ['[pi4]\na=1\n', 'Raspberry Pi Compute Module 4 Rev 1.0', true],
    ['[cm4]\na=1\n', 'Raspberry Pi 4 Model B', false],
    ['[none]\na=1\n', 'Raspberry Pi 4 Model B', false],
    ['[gpio4=1]\na=1\n', 'Raspberry Pi 4 Model B', true],
  ])('%j on %s: %s', (text, board, holds) => {
    expect(parseBootConfig(text, board)).toEqual(holds ? [{ key: 'a', value: '1' }] : []);
  });
});

describe('time', () => {
  const clockAt = (now: number) => ({ ...makeSurroundings().clock, now: () => now });

  test('a clock that was not set is an error, as is one before what was written', async () => {
    const at = (now: number) => makeSurroundings({}, { clock: clockAt(now) });
    expect(await find(timeChecks(at(Date.UTC(1970, 0, 1, 0, 3))), 'clock')).toMatchObject({
      level: 'error',
      seen: expect.stringContaining('1970-01-01'),
    });
    expect(await find(timeChecks(at(Date.UTC(2026, 5, 1))), 'clock')).toEqual({ level: 'ok', seen: '2026-06-01T00:00:00Z' });
    const behind = at(Date.UTC(2026, 5, 1));
    mkdirSync(behind.settings.dataDir);
    const state = join(behind.settings.dataDir, 'state.json');
    writeFileSync(state, '');
    utimesSync(state, new Date(), Date.UTC(2026, 5, 1, 5) / 1000);
    expect(await find(timeChecks(behind), 'clock')).toMatchObject({ level: 'error', seen: expect.stringContaining('5.0 h after that') });
  });

  test('who keeps the clock is asked as the camera asks', async () => {
    const synchronized = makeMachine({ '/run/systemd/timesync/synchronized': '' });
    expect(await find(timeChecks(makeSurroundings(), synchronized), 'ntp')).toMatchObject({ level: 'ok' });
    expect(await find(timeChecks(makeSurroundings(), makeMachine({})), 'ntp')).toMatchObject({
      level: 'warning',
      fix: expect.stringContaining('timedatectl set-ntp true'),
    });
  });

  test('the time zone is named; none is a warning', async () => {
    const files = {
      '/etc/localtime': '->/usr/share/zoneinfo/Europe/Berlin',
      '/usr/share/zoneinfo/Europe/Berlin': tzif('CET-1CEST,M3.5.0,M10.5.0/3'),
    };
    expect(await find(timeChecks(makeSurroundings({ files })), 'time-zone')).toEqual({
      level: 'ok',
      seen: 'Europe/Berlin (CET-1CEST,M3.5.0,M10.5.0/3)',
    });
    expect(await find(timeChecks(makeSurroundings()), 'time-zone')).toMatchObject({
      level: 'warning',
      fix: expect.stringContaining('set-timezone'),
    });
  });
});

describe('a user who may not look into the data directory', () => {
  test('is sent to root, and is told of no fault that may be none', async () => {
    const surroundings = makeSurroundings({ config: { camera: { source: 'test' }, bind: '127.0.0.1' } });
    const { dataDir } = surroundings.settings;
    chmodSync(join(dataDir, '..'), 0o755);
    mkdirSync(dataDir, { mode: 0o700 });
    if (process.geteuid?.() !== 0) chmodSync(dataDir, 0);
    const groups = allGroups(surroundings).flatMap(({ checks }) => checks);
    await asOrdinaryUser(async () => {
      expect(await find(groups, 'state')).toMatchObject({ level: 'error', fix: expect.stringContaining('sudo onvif-camera doctor') });
      for (const id of ['disk-writable', 'port-http', 'port-rtsp', 'camera-picture', 'ws-discovery', 'service', 'walk-login'])
        expect({ id, ...(await find(groups, id)) }).toMatchObject({
          level: 'skipped',
          seen: expect.stringContaining('sudo onvif-camera doctor'),
        });
      expect(await find(groups, 'clock')).toMatchObject({ level: 'ok' });
    });
    chmodSync(dataDir, 0o700);
  });
});

test('root is content with the directory of the user that the service has', async () => {
  const surroundings = makeSurroundings({}, { user: { uid: 0, name: 'root', groups: [0] } });
  const { dataDir } = surroundings.settings;
  mkdirSync(dataDir, { mode: 0o700 });
  if (process.geteuid?.() === 0) chownSync(dataDir, 12_345, 12_345);
  expect(await find(programChecks(surroundings), 'state')).toMatchObject({
    level: 'ok',
    seen: `${dataDir} is empty; the first start fills it`,
  });
});
