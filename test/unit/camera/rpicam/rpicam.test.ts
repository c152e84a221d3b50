import { describe, expect, test } from '@jest/globals';
import { rpicamArguments, rpicamFrameRate, rpicamUnsupported } from '../../../../src/camera/rpicam/arguments.ts';
import { parseCameraList } from '../../../../src/camera/rpicam/list.ts';
import { readMessage, type Speaker } from '../../../../src/camera/rpicam/messages.ts';
import { settingsWith } from '../../../support/frames.ts';

describe('rpicamArguments', () => {
  test('the defaults use only options that every release knows', () => {
    expect(rpicamArguments(settingsWith({}), 0)).toEqual(
      '--codec mjpeg -t 0 -n --flush -o - --camera 0 --width 1280 --height 720 --framerate 15 -q 75'.split(' '),
    );
  });

  test('every setting reaches its option', () => {
    const args = rpicamArguments(
      settingsWith({
        rotation: 180,
        hflip: true,
        vflip: true,
        exposure: 'sport',
        awb: 'daylight',
        awbGains: [1.5, 2],
        metering: 'spot',
        ev: -1,
        shutter: 20_000,
        gain: 2,
        brightness: -0.5,
        contrast: 1.5,
        saturation: 0,
        sharpness: 2,
        denoise: 'cdn_fast',
        hdr: 'auto',
        autofocus: 'manual',
        lensPosition: 0,
        roi: [0.25, 0.25, 0.5, 0.5],
        tuningFile: '/usr/share/x.json',
        extraArgs: ['--flicker-period', '10000us'],
      }),
      1,
      '/data/annotate.json',
    ).join(' ');
    for (const part of [
      '--camera 1 ',
      '--rotation 180',
      '--hflip',
      '--vflip',
      '--exposure=sport',
      '--awb=daylight',
      '--awbgains=1.5,2',
      '--metering=spot',
      '--ev=-1',
      '--shutter=20000',
      '--gain=2',
      '--brightness=-0.5',
      '--contrast=1.5',
      '--saturation=0',
      '--sharpness=2',
      '--denoise=cdn_fast',
      '--hdr=auto',
      '--autofocus-mode=manual',
      '--lens-position=0',
      '--roi=0.25,0.25,0.5,0.5',
      '--tuning-file=/usr/share/x.json',
      '--post-process-file /data/annotate.json --flicker-period 10000us',
    ]) {
      expect(args).toContain(part);
    }
  });

  test.each([
    [15, 15],
    [10, 10],
    [5, 10],
    [3, 12],
    [1, 10],
    [0.5, 10],
    [7, 14],
  ])('%d pictures per second are captured at %d, to be up in a second', (fps, expected) => {
    expect(rpicamFrameRate(settingsWith({ fps }))).toBe(expected);
  });

  test('night takes long exposures at 8 per second, or slower if asked', () => {
    expect(rpicamFrameRate(settingsWith({ exposure: 'night' }))).toBe(8);
    expect(rpicamFrameRate(settingsWith({ exposure: 'night', fps: 2 }))).toBe(2);
    expect(rpicamArguments(settingsWith({ exposure: 'night' }), 0).join(' ')).toContain('--framerate 8 -q 75 --exposure=long');
  });

  test('a long shutter gets a rate that leaves time for it', () => {
    expect(rpicamFrameRate(settingsWith({ shutter: 200_000 }))).toBe(5);
    expect(rpicamFrameRate(settingsWith({ shutter: 200_000, fps: 2 }))).toBe(2);
    expect(rpicamFrameRate(settingsWith({ shutter: 10_000 }))).toBe(15);
  });

  test('says that it cannot turn by a quarter', () => {
    expect(rpicamUnsupported(settingsWith({ rotation: 90 }))).toEqual(['rotation']);
    expect(rpicamUnsupported(settingsWith({ rotation: 270 }))).toEqual(['rotation']);
    expect(rpicamUnsupported(settingsWith({ rotation: 180, annotate: '%T', awb: 'indoor' }))).toEqual([]);
  });
});

const read = (line: string, speaker: Partial<Speaker> = {}) =>
  readMessage(line, { program: 'rpicam-vid', camera: 3, extraArgs: [], ...speaker });

describe('readMessage', () => {
  test.each([
    ['ERROR: *** no cameras available ***', 'NO_CAMERA', true],
    ['ERROR: *** selected camera is not available ***', 'NO_CAMERA', true],
    ['[0:40:15.042538281] [32442]  INFO Camera camera.cpp:1021 Pipeline handler in use by another process', 'CAMERA_BUSY', true],
    ['ERROR: *** failed to acquire camera /base/axi/pcie@120000/rp1/i2c@88000/imx219@10 ***', 'CAMERA_BUSY', true],
    ['ERROR: the system appears to be configured for the legacy camera stack', 'LEGACY_STACK', true],
    ['ERROR: rpicam-apps currently only supports the Raspberry Pi platforms.', 'PLATFORM_UNSUPPORTED', true],
    ["ERROR: *** unrecognised option '--autofocus-mode' ***", 'OPTION_UNKNOWN', true],
    ["ERROR: *** the argument ('abc') for option '--ev' is invalid ***", 'OPTION_INVALID', true],
    ["ERROR: *** the required argument for option '--width' is missing ***", 'OPTION_INVALID', true],
    ['ERROR: *** Invalid exposure mode:night ***', 'OPTION_INVALID', true],
    ['ERROR: *** Invalid AWB mode: foo ***', 'OPTION_INVALID', true],
    ['ERROR: *** Invalid denoise mode foo ***', 'OPTION_INVALID', true],
    ['ERROR: *** transforms requiring transpose not supported ***', 'OPTION_INVALID', true],
    ['ERROR: *** /etc/x.json: cannot open file ***', 'OPTION_INVALID', true],
    ['No post processing stage found for "annotate_cv"', 'ANNOTATE_MISSING', false],
    ['ERROR: Device timeout detected, attempting a restart!!!', 'SENSOR_LOST', false],
    [
      '[0:00:01.0] [1] ERROR MediaDevice media_device.cpp:1 Failed to open media device at /dev/media0: Permission denied',
      'CAMERA_PERMISSION',
      true,
    ],
    ['ERROR: *** something new ***', 'CAPTURE_ENDED', true],
  ])('%s', (line, code, fatal) => {
    const meaning = read(line);
    expect(meaning?.error.code).toBe(code);
    expect(meaning?.fatal).toBe(fatal);
    expect(meaning?.error.hint).not.toBe('');
  });

  test.each([
    '[0:39:26.635682863] [31801]  INFO Camera camera_manager.cpp:223 Adding camera',
    'Mode selection for 640:480:12:P',
    '    SRGGB10_CSI2P,640x480/0 - Score: 1000',
    'Stream configuration adjusted',
    '#3 (30.00 fps) exp 16666.00 ag 1.50 dg 1.00',
    'Preview window unavailable',
  ])('says nothing about: %s', (line) => {
    expect(read(line)).toBeUndefined();
  });

  test('names the setting and the release that brought the option', () => {
    const { error } = read("ERROR: *** unrecognised option '--lens-position=0.5' ***", { program: 'libcamera-vid' })!;
    expect(error.message).toBe(
      'libcamera-vid of this system does not know --lens-position (camera.lensPosition); it came with rpicam-apps 1.1.2.',
    );
  });
});

describe('parseCameraList', () => {
  test('reads what today’s release prints', () => {
    const cameras = parseCameraList(`Available cameras
-----------------
0 : imx219 [3280x2464 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@88000/imx219@10)
    Modes: 'SRGGB10_CSI2P' : 640x480 [206.02 fps - (0, 0)/3280x2464 crop]
                             1640x1232 [41.00 fps - (0, 0)/3280x2464 crop]
           'SRGGB8' : 640x480 [206.02 fps - (0, 0)/3280x2464 crop]

1 : imx708_wide [4608x2592] (/base/soc/i2c0mux/i2c@1/imx708@1a)
    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
`);
    expect(cameras.map(({ index, model, width, height, id }) => [index, model, width, height, id])).toEqual([
      [0, 'imx219', 3280, 2464, '/base/axi/pcie@120000/rp1/i2c@88000/imx219@10'],
      [1, 'imx708_wide', 4608, 2592, '/base/soc/i2c0mux/i2c@1/imx708@1a'],
    ]);
    expect(cameras[0]!.modes).toEqual([
      { width: 640, height: 480, fps: 206.02 },
      { width: 1640, height: 1232, fps: 41 },
      { width: 640, height: 480, fps: 206.02 },
    ]);
  });

  test('reads the modes of 2021, which had no rates', () => {
    const [camera] = parseCameraList(
      "0 : imx477 [4056x3040] (/base/soc/i2c0mux/i2c@1/imx477@1a)\n    Modes: 'SRGGB10_CSI2P' : 1332x990 \n",
    );
    expect(camera!.modes).toEqual([{ width: 1332, height: 990 }]);
  });

  test('none', () => {
    expect(parseCameraList('No cameras available!\n')).toEqual([]);
  });
});
