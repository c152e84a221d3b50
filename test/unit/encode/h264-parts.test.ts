import { describe, expect, test } from '@jest/globals';
import { encodedSize } from '../../../src/encode/encoded-size.ts';
import { codecArguments, type EncodingPlan, ffmpegArguments } from '../../../src/encode/ffmpeg/arguments.ts';
import { KeyFrameSchedule } from '../../../src/encode/ffmpeg/key-frame-schedule.ts';
import { codecFor } from '../../../src/encode/ffmpeg/probe.ts';
import { PictureGroup } from '../../../src/encode/picture-group.ts';
import { RateWatch } from '../../../src/encode/rate-watch.ts';
import type { AccessUnit } from '../../../src/frames/access-unit.ts';

describe('KeyFrameSchedule', () => {
  const times = (count: number, interval: number, jitter = 0) =>
    Array.from({ length: count }, (_, k) => 1000 + k * interval + (k % 2 === 0 ? jitter : -jitter));

  test('the first picture, then one per interval, whatever the jitter', () => {
    for (const jitter of [0, 10, 25]) {
      const schedule = new KeyFrameSchedule(2000, 1000 / 15);
      const keys = times(100, 1000 / 15, jitter).flatMap((time, k) => (schedule.next(time) ? [k] : []));
      expect(keys).toEqual([0, 30, 60, 90]);
    }
  });

  test('one that is asked for comes with the next picture, and the interval begins anew', () => {
    const schedule = new KeyFrameSchedule(2000, 100);
    const keys = times(50, 100).flatMap((time, k) => {
      if (k === 13) schedule.request();
      return schedule.next(time) ? [k] : [];
    });
    expect(keys).toEqual([0, 13, 33]);
  });

  test('however often they are asked for, they are 300 ms apart', () => {
    const schedule = new KeyFrameSchedule(10_000, 40);
    const keys = times(50, 40).flatMap((time, k) => {
      schedule.request();
      return schedule.next(time) ? [k] : [];
    });
    expect(keys).toEqual([0, 8, 16, 24, 32, 40, 48]);
  });
});

describe('PictureGroup', () => {
  const unit = (sequence: number, keyframe: boolean, size = 10): AccessUnit => ({
    nals: [],
    keyframe,
    parameterSets: { sps: Buffer.alloc(0), pps: Buffer.alloc(0) },
    size,
    sequence,
    capturedAt: 0,
    monotonic: 0,
  });
  const sequences = (group: PictureGroup) => group.units.map(({ sequence }) => sequence);

  test('runs from the last key frame on', () => {
    const group = new PictureGroup();
    group.add(unit(1, false));
    expect(sequences(group)).toEqual([]);
    for (const sequence of [2, 3, 4]) group.add(unit(sequence, sequence === 2));
    expect(sequences(group)).toEqual([2, 3, 4]);
    const before = group.units;
    group.add(unit(5, true));
    expect(sequences(group)).toEqual([5]);
    expect(before).toHaveLength(3);
  });

  test('is given up when it grows too large, in number or in bytes, until the next key frame', () => {
    for (const size of [1, 2 << 20]) {
      const group = new PictureGroup();
      for (let k = 0; k < 700; k++) {
        group.add(unit(k, k === 0, size));
        expect(group.units.length * size).toBeLessThanOrEqual(8 << 20);
        expect(group.units.length).toBeLessThanOrEqual(600);
      }
      expect(sequences(group)).toEqual([]);
      group.add(unit(700, true));
      expect(sequences(group)).toEqual([700]);
    }
  });
});

describe('RateWatch', () => {
  test('a rate is wrong when it has been off for five seconds, not after a gap', () => {
    const watch = new RateWatch(15);
    expect(watch.isWrong(30, 0)).toBe(false);
    expect(watch.isWrong(18, 4000)).toBe(false);
    expect(watch.isWrong(8, 5000)).toBe(false);
    expect(watch.isWrong(8, 10_000)).toBe(false);
    expect(watch.isWrong(8, 10_001)).toBe(true);
  });
});

describe("ffmpeg's arguments", () => {
  const settings = { width: 0, height: 0 };
  const plan: EncodingPlan = {
    codec: 'libx264',
    from: { width: 1280, height: 720 },
    to: { width: 1280, height: 720 },
    frameRate: 15,
    bitrate: 2000,
    keyframeInterval: 2,
    profile: 'baseline',
    mostFps: 15,
  };

  test('the size is as captured or as set, and even', () => {
    expect(encodedSize(settings, { width: 641, height: 481 })).toEqual({ width: 640, height: 480 });
    expect(encodedSize({ ...settings, width: 640, height: 360 }, { width: 1280, height: 720 })).toEqual({ width: 640, height: 360 });
    expect(encodedSize({ ...settings, width: 640 }, { width: 1, height: 720 })).toEqual({ width: 2, height: 720 });
  });

  test('libx264 is told the rate of what it gets, which may be less than what is read', () => {
    const [name, value] = codecArguments({ ...plan, frameRate: 9.97 }).slice(-2);
    expect([name, value]).toEqual(['-x264-params', 'fps=9970/1000']);
  });

  test('a sub stream beside it has a graph and an output of its own', () => {
    const alone = ffmpegArguments(plan);
    const both = ffmpegArguments(plan, { ...plan, to: { width: 320, height: 180 }, bitrate: 300 });
    expect(both.slice(0, alone.length)).toEqual(alone);
    const own = both.slice(alone.length).join(' ');
    expect(own).toMatch(/^-map 0:v:0 -vf select='gte\(mod\(round\(t\*1000000\),8\),4\)',scale=w=320:h=180.* -b:v 300k .* pipe:3$/);
  });

  test('scale only where the sizes differ', () => {
    expect(ffmpegArguments(plan).join(' ')).not.toContain('w=');
    expect(ffmpegArguments({ ...plan, to: { width: 854, height: 480 } }).join(' ')).toContain('scale=w=854:h=480');
  });

  test.each<[number, number, string | undefined, boolean]>([
    [1280, 720, undefined, false],
    [854, 480, undefined, true],
    [640, 360, '1', false],
    [640, 358, '1', true],
    [642, 360, undefined, true],
    [426, 240, '1', true],
    [320, 180, '2', false],
    [2, 2, '3', true],
  ])('the decoder halves the picture as often as %ix%i allows', (width, height, lowres, scales) => {
    const args = ffmpegArguments({ ...plan, to: { width, height } });
    const at = args.indexOf('-lowres');
    expect(at === -1 ? undefined : args[at + 1]).toBe(lowres);
    expect(at).toBeLessThan(args.indexOf('-i'));
    expect(args.join(' ').includes('scale=w=')).toBe(scales);
  });

  test('libx264 only is told what only libx264 knows', () => {
    expect(codecArguments(plan)).toEqual(expect.arrayContaining(['-tune', '-forced-idr', '-sc_threshold']));
    const hardware = codecArguments({ ...plan, codec: 'h264_v4l2m2m' });
    for (const option of ['-tune', '-forced-idr', '-preset', '-sc_threshold']) expect(hardware).not.toContain(option);
  });

  test.each<[Partial<EncodingPlan>, readonly string[], string]>([
    [{}, ['-profile:v', 'baseline', '-level:v', '3.1'], '66'],
    [{ profile: 'main' }, ['-profile:v', 'main', '-coder', '1', '-level:v', '3.1'], '77'],
    [{ profile: 'high', mostFps: 60 }, ['-profile:v', 'high', '-coder', '1', '-8x8dct', '1', '-level:v', '3.2'], '100'],
    // Measured at more than what is asked for: the level is that of what is asked for.
    [{ frameRate: 31, mostFps: 30 }, ['-profile:v', 'baseline', '-level:v', '3.1'], '66'],
  ])('the profile of %j is asked for by name or number, with what it consists of, and never a B picture', (change, software, number) => {
    const args = codecArguments({ ...plan, ...change });
    expect(args.slice(args.indexOf('-profile:v')).slice(0, software.length)).toEqual(software);
    const hardware = codecArguments({ ...plan, ...change, codec: 'h264_v4l2m2m' });
    expect(hardware.slice(-2)).toEqual(['-profile:v', number]);
    for (const each of [args, hardware]) expect(each.slice(each.indexOf('-bf')).slice(0, 2)).toEqual(['-bf', '0']);
  });

  test('the hardware encodes what it is large enough for', () => {
    const choice = { ffmpeg: '/usr/bin/ffmpeg', hardware: true, software: true };
    expect(codecFor(choice, { width: 1920, height: 1080 })).toBe('h264_v4l2m2m');
    expect(codecFor(choice, { width: 2592, height: 1944 })).toBe('libx264');
    expect(codecFor({ ...choice, software: false }, { width: 2592, height: 1944 })).toBe('h264_v4l2m2m');
    expect(codecFor({ ...choice, hardware: false }, { width: 640, height: 480 })).toBe('libx264');
  });
});
