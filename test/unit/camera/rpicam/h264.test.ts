import { describe, expect, test } from '@jest/globals';
import { rpicamArguments } from '../../../../src/camera/rpicam/arguments.ts';
import { H264Ways, h264Arguments, h264FrameRate } from '../../../../src/camera/rpicam/h264.ts';
import type { RpicamCamera } from '../../../../src/camera/rpicam/list.ts';
import { isRoutine } from '../../../../src/camera/rpicam/messages.ts';
import type { VideoSettings } from '../../../../src/camera/source.ts';
import { AppError } from '../../../../src/core/errors.ts';
import { settingsWith } from '../../../support/frames.ts';

const VIDEO: VideoSettings = { bitrate: 2000, keyframeInterval: 2, profile: 'baseline' };
const sensor = (id: string): RpicamCamera => ({ index: 0, model: 'imx219', id, width: 3280, height: 2464, modes: [] });
const PI5 = sensor('/base/axi/pcie@120000/rp1/i2c@88000/imx219@10');
const PI4 = sensor('/base/soc/i2c0mux/i2c@1/imx219@10');
const ways = (on: RpicamCamera, version: string | undefined, libav: boolean | undefined) =>
  new H264Ways('rpicam-vid', on, { version, libav });
const HD = { width: 1280, height: 720 };
const ended = (words: string) => new AppError('CAPTURE_ENDED', words);

describe('the command line', () => {
  test('of a Pi 5 is the one that was measured', () => {
    const settings = settingsWith({});
    const encoder = { args: h264Arguments('libx264', settings, VIDEO), frameRate: h264FrameRate(settings) };
    expect(rpicamArguments(settings, 0, undefined, [], encoder).join(' ')).toBe(
      [
        '--codec libav --libav-video-codec libx264 --libav-format flv --libav-video-codec-opts threads=2;maxrate=2000000;bufsize=2000000',
        '--low-latency --bitrate 2000000 --intra 30 -t 0 -n --flush -o - --camera 0 --width 1280 --height 720 --framerate 15',
      ].join(' '),
    );
  });

  test('of a Pi 4 takes its encoder, with parameter sets in front of each key frame', () => {
    expect(h264Arguments('hardware', settingsWith({}), { ...VIDEO, profile: 'high' }).join(' ')).toBe(
      '--codec h264 --inline --profile high --bitrate 2000000 --intra 30',
    );
  });

  test.each([
    ['main', 'coder=1'],
    ['high', 'coder=1;8x8dct=1'],
  ] as const)('x264 makes profile %s of what that has', (profile, tools) => {
    const args = h264Arguments('libx264-in-words', settingsWith({}), { ...VIDEO, profile });
    expect(args.join(' ')).toContain(`thread_type=slice;threads=2;maxrate=2000000;bufsize=2000000;${tools} --bitrate`);
    expect(args.join(' ')).toContain('preset=ultrafast;tune=zerolatency;bf=0;');
  });

  test.each([
    [{ width: 1920, height: 1080, fps: 30 }, 2000, []],
    [{ width: 1920, height: 1080, fps: 30 }, 25_000, ['--level', '4.1']],
    [{ width: 1920, height: 1080, fps: 60 }, 2000, ['--level', '4.2']],
  ] as const)('the encoder of a Pi 4 is told a level where it has to be above its usual one: %j', (size, bitrate, level) => {
    const args = h264Arguments('hardware', settingsWith(size), { ...VIDEO, bitrate });
    const at = args.indexOf('--level');
    expect(at === -1 ? [] : args.slice(at, at + 2)).toEqual(level);
  });

  test.each([
    [{ fps: 1 }, 1],
    [{ fps: 0.5 }, 0.5],
    [{ fps: 25, exposure: 'night' as const }, 8],
    [{ fps: 25, shutter: 100_000 }, 10],
  ])('%j is captured at %d a second, as no picture can be left out', (change, rate) => {
    expect(h264FrameRate(settingsWith(change))).toBe(rate);
  });
});

describe('the ways to H.264', () => {
  test.each<[string, RpicamCamera, string | undefined, boolean | undefined, string | undefined]>([
    ['a Pi 5 with its package', PI5, '1.13.0', true, 'libx264'],
    ['a Pi 5 without it', PI5, '1.13.0', false, undefined],
    ['a Pi 5 of before 1.9, which does not say', PI5, '1.7.0', undefined, 'libx264'],
    ['a Pi 5 of before 1.6', PI5, '1.5.2', undefined, 'libx264-in-words'],
    ['a Pi 5 of before 1.4.4', PI5, '1.4.3', undefined, undefined],
    ['a Pi 5 whose release is unknown', PI5, undefined, undefined, undefined],
    ['a Pi 4', PI4, '1.13.0', true, 'hardware'],
    ['a Pi 4 with rpicam-apps-lite', PI4, '1.13.0', false, 'hardware'],
    ['a Pi 4 with an old release', PI4, '1.0.1', undefined, 'hardware'],
  ])('%s', (_name, on, version, libav, way) => {
    expect(ways(on, version, libav).bestFor(HD)).toBe(way);
  });

  test('a picture too large for the encoder of a Pi 4', () => {
    expect(ways(PI4, '1.13.0', true).bestFor({ width: 2592, height: 1944 })).toBe('libx264');
    const without = ways(PI4, '1.13.0', false);
    expect(without.bestFor({ width: 2592, height: 1944 })).toBeUndefined();
    expect(without.whyNot()).toMatchObject({ code: 'CAMERA_H264', message: expect.stringContaining('no more than 1920x1080 pixels') });
    expect(without.bestFor(HD)).toBe('hardware');
  });

  test('a refusal is believed at once, and the next way is taken', () => {
    const both = ways(PI4, '1.13.0', true);
    expect(both.failed('hardware', 'ERROR: *** failed to open V4L2 H264 encoder ***', ended('it ended'))?.message).toMatch(
      /the encoder of this Pi cannot be opened.*\. Libx264 is tried instead\.$/,
    );
    expect(both.bestFor(HD)).toBe('libx264');
    const reason = both.failed('libx264', 'ERROR: *** Unrecognised codec libav ***', ended('it ended'));
    expect(reason?.hint).toContain('rpicam-apps-encoder');
    expect([both.bestFor(HD), both.whyNot()]).toEqual([undefined, reason]);
  });

  test('an end that nobody can explain has to come twice, and counts no more once a picture has come', () => {
    const one = ways(PI5, '1.13.0', true);
    expect(one.failed('libx264', undefined, ended('rpicam-vid was ended by SIGSEGV'))).toBeUndefined();
    expect(one.bestFor(HD)).toBe('libx264');
    expect(one.failed('libx264', undefined, ended('rpicam-vid was ended by SIGSEGV'))?.message).toContain(
      'rpicam-vid was ended by SIGSEGV. It gives JPEGs',
    );
    expect(one.bestFor(HD)).toBeUndefined();
    const other = ways(PI5, '1.13.0', true);
    other.trial('libx264').works();
    for (let k = 0; k < 5; k++) expect(other.failed('libx264', undefined, ended('it ended'))).toBeUndefined();
    expect(other.bestFor(HD)).toBe('libx264');
  });

  test('what keeps JPEGs from coming too is held against no way', () => {
    const one = ways(PI5, '1.13.0', true);
    for (const code of ['CAMERA_BUSY', 'NO_CAMERA', 'CAMERA_MEMORY', 'NO_CAMERA'] as const)
      expect(one.failed('libx264', undefined, new AppError(code, 'no'))).toBeUndefined();
    expect(one.bestFor(HD)).toBe('libx264');
  });
});

test('a clock that is set back all the time is no reason to start again at once', () => {
  const one = ways(PI5, '1.13.0', true);
  expect([0, 5000, 14_000, 24_000].map((at) => one.isSeldom(at))).toEqual([true, false, false, true]);
});

test('what x264 and libav say on every run explains no end', () => {
  const lines = [
    '[libx264 @ 0x5555] using cpu capabilities: MMX2 SSE2Fast',
    '[libx264 @ 0x5555] mb P  I16..4:  6.0%  0.0%  0.0%',
    "Output #0, flv, to '-':",
    '  Stream #0:0: Video: h264, yuv420p(tv, smpte170m/smpte170m/bt709), 640x480, q=2-31, 500 kb/s, 15 fps, 15 tbr, 1000k tbn',
    '      Side data:',
    '        cpb: bitrate max/min/avg: 0/0/500000 buffer size: 0 vbv_delay: N/A',
    '[flv @ 0x5555] Failed to update header with correct duration.',
  ];
  expect(lines.filter((line) => !isRoutine(line))).toEqual([]);
});
