import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect } from '@jest/globals';
import { Camera } from '../../src/camera/camera.ts';
import type { CameraSettings } from '../../src/camera/settings.ts';
import type { SourceEncoding } from '../../src/camera/source.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/log.ts';
import type { AccessUnit } from '../../src/frames/access-unit.ts';
import { readSps } from '../../src/frames/h264-sps.ts';
import type { CameraStatus } from '../../src/frames/stream-state.ts';
import { settingsWith } from '../support/frames.ts';
import { needsProgram, program } from '../support/programs.ts';
import { eventually } from '../support/server.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const STANDIN = fileURLToPath(new URL('../support/ffmpeg-v4l2', import.meta.url));

let camera: Camera;
let log: string;
let units: AccessUnit[];
let jpegs: number;
let encodings: SourceEncoding[];
let report: CameraStatus | undefined;

afterEach(() => camera.stop());

function start(webcam: object, settings: Partial<CameraSettings> = {}, isOwners = true): void {
  const dir = makeTempDir();
  const [device, described] = [join(dir, 'video0'), join(dir, 'webcam.json')];
  [units, jpegs, encodings, report, log] = [[], 0, [], undefined, `${described}.log`];
  writeFileSync(device, '');
  writeFileSync(described, JSON.stringify(webcam));
  const environment = `FAKE_WEBCAM='${described}' REAL_FFMPEG='${program('ffmpeg')}'`;
  writeFileSync(join(dir, 'ffmpeg'), `#!/bin/sh\n${environment} exec '${process.execPath}' '${STANDIN}' "$@"\n`, { mode: 0o755 });
  camera = new Camera({
    spec: { kind: 'v4l2', device },
    settings: settingsWith({ width: 640, height: 480, ...settings }),
    isOwners: () => isOwners,
    video: { bitrate: 500, keyframeInterval: 1, profile: 'baseline' },
    ...{ rpicamPath: '', searchPath: dir, workDir: dir, sysfs: dir, dev: dir },
    ...{ watched: () => true, clock: systemClock, log: silentLogger },
    onFrame: () => jpegs++,
    onUnit: (unit) => units.push(unit),
    onEncoding: (encoding) => encodings.push(encoding),
    onReport: (now) => (report = now),
  });
  camera.start();
}

const captures = () =>
  readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as string[])
    .filter((argv) => !argv.includes('-list_formats'));
const jpegsCome = () => eventually(() => jpegs >= 3, 'JPEGs');

describe('a webcam with H.264 of its own', () => {
  needsProgram('ffmpeg', 'gives it as it is', async () => {
    start({ formats: ['mjpeg', 'h264', 'yuyv422'] });
    await eventually(() => units.length >= 20, '20 units');
    expect(units[0]!.keyframe).toBe(true);
    expect(readSps(units[0]!.parameterSets.sps)).toMatchObject({ width: 640, height: 480 });
    for (const [at, unit] of units.entries()) if (at > 0) expect(unit.monotonic).toBeGreaterThan(units[at - 1]!.monotonic);
    expect([encodings, camera.encoder, jpegs, captures().length]).toEqual([['H264'], 'the webcam', 0, 1]);
    expect(captures()[0]!.join(' ')).toContain('-input_format h264 -framerate 15 -video_size 640x480');
    expect(report).toMatchObject({ state: 'live', notices: [] });
  });

  needsProgram('ffmpeg', 'gives JPEGs where its pictures are turned', async () => {
    start({ formats: ['mjpeg', 'h264'] }, { rotation: 180 });
    await jpegsCome();
    expect(encodings).toEqual(['JPEG']);
    expect(report!.notices.map(({ message }) => message)).toEqual([
      expect.stringContaining('its pictures are turned, mirrored or given a text'),
    ]);
  });

  needsProgram('ffmpeg', 'gives JPEGs where it cannot be had after all', async () => {
    start({ formats: ['mjpeg', 'h264'], h264: 'refused' });
    await jpegsCome();
    expect([encodings, units.length, captures().length]).toEqual([['H264', 'JPEG'], 0, 3]);
    expect(report!.notices.map(({ message }) => message)).toEqual([expect.stringContaining('ioctl(VIDIOC_STREAMON): Protocol error')]);
  });
});

describe('the quality of JPEGs, which a webcam’s own H.264 is decoded to', () => {
  const unable = () => report!.notices.filter(({ code }) => code === 'SETTING_UNSUPPORTED').map(({ message }) => message);

  needsProgram('ffmpeg', 'keeps no picture back where the H.264 cannot be had, and is named', async () => {
    start({ formats: ['mjpeg', 'h264'], h264: 'refused' }, { quality: 60 });
    await jpegsCome();
    expect([encodings, camera.applied.quality]).toEqual([['H264', 'JPEG'], 75]);
    expect(unable()).toEqual([expect.stringContaining('cannot do camera.quality.')]);
    // What can be changed still can; the quality cannot.
    camera.check({ ...camera.settings, fps: 10 });
    expect(() => camera.check({ ...camera.settings, quality: 50 })).toThrow('camera.quality');
  });

  needsProgram('ffmpeg', 'is passed over there where a client set it', async () => {
    start({ formats: ['mjpeg', 'h264'], h264: 'refused' }, { quality: 60 }, false);
    await jpegsCome();
    expect([encodings, camera.applied.quality, unable()]).toEqual([['H264', 'JPEG'], 75, []]);
  });

  needsProgram('ffmpeg', 'is refused where the webcam has no H.264 to begin with', async () => {
    start({ formats: ['mjpeg', 'yuyv422'] }, { quality: 60 });
    await eventually(() => report?.error !== undefined, 'it has failed');
    expect(report!.error!.message).toContain('cannot do camera.quality.');
  });
});

describe('a webcam without H.264', () => {
  needsProgram('ffmpeg', 'gives JPEGs', async () => {
    start({ formats: ['mjpeg', 'yuyv422'] });
    await jpegsCome();
    expect(encodings).toEqual(['JPEG']);
    expect(report!.notices.map(({ message }) => message)).toEqual([expect.stringContaining('its formats are mjpeg, yuyv422')]);
  });
});
