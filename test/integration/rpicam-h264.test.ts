import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Camera } from '../../src/camera/camera.ts';
import type { CameraSettings } from '../../src/camera/settings.ts';
import type { MotionWatch, SourceEncoding, VideoSettings } from '../../src/camera/source.ts';
import { systemClock } from '../../src/core/clock.ts';
import { type Logger, silentLogger } from '../../src/core/log.ts';
import type { AccessUnit } from '../../src/frames/access-unit.ts';
import { readSps } from '../../src/frames/h264-sps.ts';
import type { Sensed } from '../../src/frames/sensed.ts';
import type { CameraStatus } from '../../src/frames/stream-state.ts';
import { settingsWith } from '../support/frames.ts';
import { type Scenario, STANDIN, Stage } from '../support/rpicam/stage.ts';
import { eventually } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** Encoded by the camera itself: 640x480 with this interval is a recording, which takes no ffmpeg. */
const VIDEO: VideoSettings = { bitrate: 500, keyframeInterval: 1, profile: 'baseline' };
const PI5: Scenario = { libav: true, startDelayMs: 10 };

let stage: Stage;
let camera: Camera;
let units: AccessUnit[];
let jpegs: number;
let encodings: SourceEncoding[];
let report: CameraStatus | undefined;
let warnings: string[];
let sensed: Sensed[];

const log: Logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };

beforeEach(() => {
  stage = new Stage();
  [units, jpegs, encodings, warnings, sensed, report] = [[], 0, [], [], [], undefined];
});
afterEach(async () => {
  await camera.stop();
  stage.remove();
});

async function start(scenario: Scenario, settings: Partial<CameraSettings> = {}, motion?: MotionWatch): Promise<void> {
  stage.play(scenario);
  const dir = makeTempDir();
  const rpicamPath = join(dir, 'rpicam-vid');
  writeFileSync(rpicamPath, `#!/bin/sh\nRPICAM_STANDIN_DIR='${stage.dir}' exec '${process.execPath}' '${STANDIN}' "$@"\n`, { mode: 0o755 });
  camera = new Camera({
    spec: { kind: 'rpicam', camera: 0 },
    settings: settingsWith({ width: 640, height: 480, ...settings }),
    video: VIDEO,
    ...{ rpicamPath, searchPath: '/usr/bin:/bin', workDir: dir, sysfs: dir, dev: dir, motion },
    ...{ watched: () => true, clock: systemClock, log },
    onFrame: () => jpegs++,
    onUnit: (unit) => units.push(unit),
    onEncoding: (encoding) => encodings.push(encoding),
    onSensed: (what) => sensed.push(what),
    onReport: (now) => (report = now),
  });
  camera.start();
}

const captures = () => stage.starts().filter(({ argv }) => argv.includes('--codec'));
const given = (count: number) => eventually(() => units.length >= count, `${count} units`);
const optionOf = (name: string, capture = captures().at(-1)!) => capture.argv[capture.argv.indexOf(name) + 1];

/** Sequence and times rise, and each start begins with a key frame that has its parameter sets. */
function expectGoodUnits(): void {
  for (const [at, unit] of units.entries()) {
    const before = units[at - 1];
    if (before) {
      expect(unit.sequence).toBe(before.sequence + 1);
      expect(unit.monotonic).toBeGreaterThan(before.monotonic);
    }
    expect(Math.abs(unit.monotonic - performance.now())).toBeLessThan(60_000);
    expect(Math.abs(unit.capturedAt - Date.now())).toBeLessThan(60_000);
  }
  expect(units[0]!.keyframe).toBe(true);
  expect(readSps(units[0]!.parameterSets.sps)).toMatchObject({ width: 640, height: 480 });
}

/** Milliseconds from unit to unit, by the Theil–Sen estimator, the median of what any two say: on a loaded machine some come late. */
function spacingOf(some: readonly AccessUnit[]): number {
  const steps = some.flatMap((unit, k) => some.slice(0, k).map((before, m) => (unit.monotonic - before.monotonic) / (k - m)));
  return steps.sort((a, b) => a - b)[steps.length >> 1]!;
}

describe.each<[string, Scenario, string]>([
  ['libx264 of a Pi 5', PI5, 'libx264'],
  ['the encoder of a Pi 4', { platform: 'vc4', startDelayMs: 10 }, 'the encoder of the Pi'],
])('H.264 from rpicam-vid, by %s', (_name, scenario, encoder) => {
  test('gives units, in time, from a key frame on, and no JPEG', async () => {
    await start(scenario);
    await given(2);
    // No reason to start again: the quality of JPEGs, and what is so already.
    camera.change({ ...camera.settings, quality: 50 });
    camera.changeVideo({ ...VIDEO });
    await given(36);
    expect(captures()).toHaveLength(1);
    expectGoodUnits();
    expect(units.slice(0, 16).map(({ keyframe }) => keyframe)).toEqual([true, ...Array(14).fill(false), true]);
    expect([camera.encoding, camera.encoder, encodings, jpegs]).toEqual(['H264', encoder, ['H264'], 0]);
    expect(report).toMatchObject({ state: 'live', notices: [] });
    const spacing = spacingOf(units.slice(1));
    expect(spacing).toBeGreaterThan(60);
    expect(spacing).toBeLessThan(75);
    expect(warnings).toEqual([]);
  });

  test('goes on with a key frame after a capture that died', async () => {
    await start({ ...scenario, dieAfterFrames: 4, dieMidFrame: true });
    await eventually(() => captures().length === 2, 'a second capture');
    const before = units.length;
    stage.play(scenario);
    await given(before + 4);
    expectGoodUnits();
    expect(units[before]!.keyframe).toBe(true);
    expect(encodings).toEqual(['H264']);
  });

  test('takes other settings over with one restart', async () => {
    await start(scenario);
    await given(3);
    expect([optionOf('--bitrate'), optionOf('--intra')]).toEqual(['500000', '15']);
    camera.changeVideo({ ...VIDEO, bitrate: 800 });
    camera.changeVideo({ ...VIDEO, bitrate: 900 });
    await eventually(() => captures().length === 2, 'a second capture');
    expect(optionOf('--bitrate')).toBe('900000');
    const before = units.length;
    await given(before + 3);
    expectGoodUnits();
    expect(captures()).toHaveLength(2);
  });
});

describe('what the camera tells besides', () => {
  const motion: MotionWatch = { sensitivity: 50, smallestArea: 0.01, regions: [{ x: 0, y: 0, width: 1, height: 1 }] };

  test('motion is told beside libav, without the metadata of which it dies', async () => {
    await start({ ...PI5, moves: [{ from: 3, to: 9 }] }, {}, motion);
    await given(12);
    expect(sensed.map(({ kind }) => kind)).toEqual(['begin', 'watching', 'motion', 'motion']);
    expect(captures()[0]!.argv).not.toContain('--metadata');
    expect(captures()).toHaveLength(1);
  });

  test('the encoder of a Pi 4 lets the light be known too', async () => {
    await start({ platform: 'vc4', startDelayMs: 10 }, {}, motion);
    await given(12);
    await eventually(() => sensed.some(({ kind }) => kind === 'light'), 'the light');
  });
});

describe('a clock that is set back', () => {
  test('ends the capture, which is started again at once, and that is said once', async () => {
    await start({ ...PI5, clockSetBackAtFrame: 10 });
    await given(10);
    const ended = performance.now();
    stage.play(PI5);
    await given(20);
    expect(performance.now() - ended).toBeLessThan(3000);
    expectGoodUnits();
    expect(units[10]!.keyframe).toBe(true);
    expect(captures()).toHaveLength(2);
    expect(warnings).toEqual([
      expect.stringMatching(/^The clock of this machine was set back, which ended rpicam-vid; it is started again\./),
    ]);
    expect(report).toMatchObject({ state: 'live', error: undefined });
  });
});

describe('a camera that cannot', () => {
  const jpegsCome = () => eventually(() => jpegs >= 3, 'JPEGs');

  test.each<[string, Scenario, Partial<CameraSettings>, RegExp]>([
    ['a Pi 5 without the package', {}, {}, /no encoder for H\.264\..*rpicam-apps-encoder/],
    [
      'a Pi 4 with a picture too large for its encoder',
      { platform: 'vc4' },
      { width: 2592, height: 1944 },
      /no more than 1920x1080 pixels\. It gives JPEGs/,
    ],
  ])('%s gives JPEGs, without a try that must fail', async (_name, scenario, settings, reason) => {
    await start({ ...scenario, startDelayMs: 10 }, settings);
    await jpegsCome();
    expect([camera.encoding, encodings, captures().length, units.length]).toEqual(['JPEG', ['JPEG'], 1, 0]);
    const [notice] = report!.notices;
    expect(`${notice!.message} ${notice!.hint}`).toMatch(reason);
    expect(warnings).toHaveLength(1);
  });

  test('an old release gives JPEGs', async () => {
    await start({ olderVersion: '1.4.0', startDelayMs: 10 });
    await jpegsCome();
    expect(report!.notices[0]!.message).toContain('this release is too old');
  });

  test('a Pi 4 whose encoder cannot be opened gives JPEGs after one try', async () => {
    await start({ platform: 'vc4', hardwareEncoder: false, startDelayMs: 10 });
    await jpegsCome();
    expect([encodings, captures().length]).toEqual([['H264', 'JPEG'], 2]);
    expect(report).toMatchObject({ state: 'live', error: undefined });
    expect(report!.notices.map(({ code }) => code)).toEqual(['CAMERA_H264']);
    expect(warnings).toEqual([expect.stringContaining('the encoder of this Pi cannot be opened')]);
    // What is known once is not tried again.
    camera.change({ ...camera.settings, brightness: 0.1 });
    await eventually(() => captures().length === 3, 'the next capture');
    expect(optionOf('--codec')).toBe('mjpeg');
  });

  test('a Pi 4 without its encoder but with libav takes libx264', async () => {
    await start({ platform: 'vc4', hardwareEncoder: false, libav: true, startDelayMs: 10 });
    await given(3);
    expect([camera.encoder, encodings, captures().length]).toEqual(['libx264', ['H264'], 2]);
    expect(report!.notices).toEqual([]);
  });

  test('one that is only busy is waited for', async () => {
    await start({ ...PI5, busy: true });
    await eventually(() => report?.error?.code === 'CAMERA_BUSY', 'the camera is busy');
    stage.play(PI5);
    await given(2);
    expect(encodings).toEqual(['H264']);
  });
});

test('a release before 1.6 is told in words what --low-latency stands for', async () => {
  await start({ ...PI5, olderVersion: '1.5.0' });
  await given(3);
  expect(optionOf('--libav-video-codec-opts')).toContain('tune=zerolatency');
  expect(captures()[0]!.argv).not.toContain('--low-latency');
});

test('a low rate is captured as it is, since no unit can be left out', async () => {
  await start(PI5, { fps: 5 });
  await given(2);
  expect([optionOf('--framerate'), optionOf('--intra')]).toEqual(['5', '5']);
});
