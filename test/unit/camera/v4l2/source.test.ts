import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ANNOTATE_POSITIONS, type CameraSettings } from '../../../../src/camera/settings.ts';
import { listVideoDevices } from '../../../../src/camera/v4l2/devices.ts';
import { canDrawText, drawText } from '../../../../src/camera/v4l2/draw-text.ts';
import { listFormats, parseFormats } from '../../../../src/camera/v4l2/formats.ts';
import { readFfmpegMessage } from '../../../../src/camera/v4l2/messages.ts';
import { V4l2Source, v4l2Arguments } from '../../../../src/camera/v4l2/source.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { settingsWith } from '../../../support/frames.ts';
import { needsProgram, program } from '../../../support/programs.ts';
import { makeTempDir } from '../../../support/temp-dir.ts';

const MJPEG = parseFormats('[video4linux2,v4l2 @ 0x5] Compressed:       mjpeg :          Motion-JPEG : 640x480 1280x720');
const RAW = parseFormats('[video4linux2,v4l2 @ 0x5] Raw       :     yuyv422 :           YUYV 4:2:2 : {32-2592, 2}x{32-1944, 2}');

test('formats are read from ffmpeg’s list', () => {
  expect(MJPEG).toEqual([
    {
      name: 'mjpeg',
      compressed: true,
      sizes: [
        [640, 480],
        [1280, 720],
      ],
    },
  ]);
  expect(RAW).toEqual([{ name: 'yuyv422', compressed: false, sizes: [] }]);
  expect(parseFormats('/dev/video0: Immediate exit requested\n')).toEqual([]);
});

describe('v4l2Arguments', () => {
  test('a webcam’s own JPEGs go through untouched', () => {
    const args = v4l2Arguments(settingsWith({ extraArgs: ['-ts', 'mono2abs'] }), '/dev/video0', MJPEG).join(' ');
    expect(args).toContain('-f v4l2 -input_format mjpeg -framerate 15 -video_size 1280x720 -ts mono2abs -i /dev/video0 -an -c:v copy');
    expect(args).toMatch(/-f mjpeg pipe:1$/);
  });

  test('other formats are encoded so that RTP/JPEG can carry them', () => {
    const args = v4l2Arguments(settingsWith({ quality: 100 }), '/dev/video0', RAW).join(' ');
    expect(args).not.toContain('-input_format');
    expect(args).toContain('-c:v mjpeg');
    expect(args).toContain('-q:v 2 -huffman default -pix_fmt yuvj420p');
  });

  test.each([
    [{ rotation: 90 as const }, 'transpose=clock'],
    [{ rotation: 180 as const }, 'hflip,vflip'],
    [{ rotation: 270 as const, hflip: true }, 'hflip,transpose=cclock'],
    [{ vflip: true }, 'vflip'],
  ])('turning %j needs encoding', (change, filter) => {
    const args = v4l2Arguments(settingsWith(change), '/dev/video0', MJPEG).join(' ');
    expect(args).toContain(`-vf fps=15,${filter} -c:v mjpeg`);
  });
});

test('a source says what it cannot do: the quality of untouched JPEGs is the webcam’s', () => {
  const source = (formats: typeof RAW, change: Parameters<typeof settingsWith>[0], drawsText = false) =>
    new V4l2Source(
      { ffmpeg: '/bin/ffmpeg', device: '/dev/video0', formats, drawsText, searchPath: '', log: silentLogger },
      settingsWith(change),
    );
  const make = (...args: Parameters<typeof source>) => source(...args).unsupported;
  expect(make(MJPEG, { quality: 50, rotation: 90 })).toEqual([]);
  expect(make(MJPEG, { quality: 50 })).toEqual(['quality']);
  expect(make(RAW, { quality: 50, annotate: '%T', awb: 'indoor' })).toEqual(['awb', 'annotate']);
  expect(make(RAW, { annotate: '%T', annotatePosition: 'lower-right' }, true)).toEqual([]);
  expect(make(MJPEG, { annotate: '%T', annotatePosition: 'lower-right' }, true)).toEqual(['annotate', 'annotatePosition']);
  expect(source(RAW, {}, true).offers.annotate?.positions).toHaveLength(4);
  expect([source(MJPEG, {}, true).offers.annotate, source(RAW, {}).offers.annotate]).toEqual([undefined, undefined]);
});

describe('the text in the picture', () => {
  const FFMPEG = program('ffmpeg') ?? 'ffmpeg';

  /** Mean of the four quarters of a grey picture with the text in it: which of them is no more grey. */
  async function marked(annotate: string, annotatePosition: CameraSettings['annotatePosition']): Promise<boolean[]> {
    const args = [
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      'color=gray:size=320x240',
      '-vf',
      drawText({ annotate, annotatePosition }),
      '-frames:v',
      '1',
    ];
    const { stdout } = await promisify(execFile)(FFMPEG, [...args, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'], { encoding: 'buffer' });
    const quarters: boolean[] = [];
    for (const top of [0, 120]) {
      for (const left of [0, 160]) {
        let different = false;
        for (let y = top; y < top + 120; y++) {
          for (let x = left; x < left + 160; x++) different ||= Math.abs(stdout[y * 320 + x]! - stdout[120 * 320 + 160]!) > 60;
        }
        quarters.push(different);
      }
    }
    return quarters;
  }

  needsProgram('ffmpeg', 'stands in its corner, whatever is in it', async () => {
    expect(await canDrawText(FFMPEG, '')).toBe(true);
    for (const [index, corner] of ANNOTATE_POSITIONS.entries())
      expect((await marked('%H', corner)).map(Number)).toEqual([0, 1, 2, 3].map((k) => Number(k === index)));
    for (const text of ["It's", 'a\\', '%', '%{pts}', ',;', '[x]', '{}', 'a:b=c', '"Tür"'])
      expect([text, await marked(text, 'upper-left')]).toEqual([text, [true, false, false, false]]);
  });

  test('is drawn after the picture was turned', () => {
    const args = v4l2Arguments(settingsWith({ rotation: 180, annotate: 'Hof' }), '/dev/video0', MJPEG);
    expect(args[args.indexOf('-vf') + 1]).toMatch(/^fps=15,hflip,vflip,drawtext=text=/);
  });

  test('an ffmpeg that fails draws none', async () => {
    expect(await canDrawText('/bin/false', '')).toBe(false);
  });

  test('one that does not come to say so leaves it open', async () => {
    const killed = join(makeTempDir(), 'ffmpeg');
    writeFileSync(killed, '#!/bin/sh\nkill -KILL $$\n', { mode: 0o755 });
    await expect(canDrawText(killed, '')).rejects.toMatchObject({ code: 'CAPTURE_ENDED', message: expect.stringContaining('SIGKILL') });
    await expect(listFormats(killed, '/dev/video0', '')).rejects.toThrow('ffmpeg does not tell the formats of /dev/video0: ');
  });
});

test.each([
  ['[video4linux2,v4l2 @ 0x5] Cannot open video device /dev/video9: No such file or directory', 'NO_SUCH_DEVICE'],
  ['/dev/video0: Permission denied', 'CAMERA_PERMISSION'],
  ['[video4linux2,v4l2 @ 0x5] ioctl(VIDIOC_STREAMON): Device or resource busy', 'CAMERA_BUSY'],
  ['[video4linux2,v4l2 @ 0x5] ioctl(VIDIOC_DQBUF): No such device', 'NO_SUCH_DEVICE'],
  ['[video4linux2,v4l2 @ 0x5] Not a video capture device.', 'NO_SUCH_DEVICE'],
  ["Unrecognized option 'foo'.", 'OPTION_UNKNOWN'],
])('%s', (line, code) => {
  expect(readFfmpegMessage(line, '/dev/video0')).toMatchObject({ error: { code }, fatal: true });
});

describe('listVideoDevices', () => {
  let sysfs: string;
  const add = (node: string, name: string, index = 0) => {
    const dir = join(sysfs, 'class/video4linux', node);
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'name'), `${name}\n`);
    writeFileSync(join(dir, 'index'), `${index}\n`);
  };
  beforeEach(() => {
    sysfs = mkdtempSync(join(tmpdir(), 'sysfs-'));
  });
  afterEach(() => rmSync(sysfs, { recursive: true }));

  test('finds webcams in the order of their numbers, not the Pi’s own engines nor metadata nodes', () => {
    add('video10', 'bcm2835-codec-decode');
    add('video13', 'bcm2835-isp-output0');
    add('video0', 'unicam-image');
    add('video20', 'pispbe-input');
    add('video19', 'rpi-hevc-dec');
    add('video21', 'HD Pro Webcam C920');
    add('video22', 'HD Pro Webcam C920', 1);
    add('video3', 'USB Camera');
    expect(listVideoDevices(sysfs)).toEqual([
      { path: '/dev/video3', name: 'USB Camera' },
      { path: '/dev/video21', name: 'HD Pro Webcam C920' },
    ]);
  });

  test('a machine without video has none', () => {
    expect(listVideoDevices(join(sysfs, 'nothing'))).toEqual([]);
  });
});
