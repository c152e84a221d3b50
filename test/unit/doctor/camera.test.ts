import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { cameraChecks } from '../../../src/doctor/camera.ts';
import { find, type Made, makeSurroundings } from '../../support/doctor.ts';
import { type Scenario, STANDIN, Stage } from '../../support/rpicam/stage.ts';
import { PI_FILES } from '../../support/system-tools/tree.ts';

let stage: Stage;
beforeEach(() => {
  stage = new Stage();
});
afterEach(() => stage.remove());

/** A Pi with the stand-in for rpicam-vid. */
const pi = (scenario: Scenario, made: Made = {}): Made => {
  stage.play(scenario);
  const rpicam = `RPICAM_STANDIN_DIR='${stage.dir}' exec '${STANDIN}' "$@"`;
  return { ...made, files: { ...PI_FILES, ...made.files }, programs: { 'rpicam-vid': rpicam, ...made.programs } };
};
const checksOf = (made: Made, more: Parameters<typeof makeSurroundings>[1] = {}) => cameraChecks(makeSurroundings(made, more));
const RPICAM = { camera: { source: 'rpicam' } };
const SERVER = { pid: 700, url: 'http://127.0.0.1:8080', rtspPort: 8554, token: 'x' };

describe('camera-permission', () => {
  const GROUP = { '/etc/group': 'root:x:0:\nvideo:x:44:pi\n', '/etc/passwd': 'root:x:0:0::/:/bin/sh\ncam:x:200:200::/:/bin/sh\n' };
  const status = (uid: number, groups: string) =>
    `Name:\tnode\nPPid:\t1\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nGid:\t200\t200\t200\t200\nGroups:\t${groups}\n`;

  test('a user in the group video is well', async () => {
    const found = await find(checksOf({ files: GROUP, config: RPICAM }), 'camera-permission');
    expect(found).toEqual({ level: 'ok', seen: 'the user pi is in the group video' });
  });

  test('one who is not, and may not open the device, is told the command', async () => {
    // Not even root may write there, who may run these tests.
    const files = { ...GROUP, '/dev/media0': '->/proc/sys/kernel/ostype' };
    const surroundings = makeSurroundings({ files, config: RPICAM }, { user: { uid: 1000, name: 'pi', groups: [1000] } });
    expect(await find(cameraChecks(surroundings), 'camera-permission')).toEqual({
      level: 'error',
      seen: `the user pi may not open ${surroundings.tree.path('/dev/media0')} and is not in the group video`,
      fix: expect.stringContaining('usermod -aG video pi'),
    });
  });

  test('of the running camera its own user counts', async () => {
    const run = (uid: number, groups: string) =>
      find(
        checksOf({ files: { ...GROUP, '/proc/700/status': status(uid, groups) }, config: RPICAM }, { server: SERVER }),
        'camera-permission',
      );
    expect(await run(0, '')).toMatchObject({ level: 'ok', seen: 'root may use every device' });
    expect(await run(200, '44 100')).toMatchObject({ level: 'ok', seen: 'the user cam is in the group video' });
    expect(await run(200, '100')).toMatchObject({ level: 'skipped', seen: 'this machine has no camera device' });
    const owned = {
      ...GROUP,
      '/etc/group': `video:x:${process.getgid?.() ?? 0}:\n`,
      '/dev/video0': '',
      '/proc/700/status': status(200, '100'),
    };
    expect(await find(checksOf({ files: owned, config: RPICAM }, { server: SERVER }), 'camera-permission')).toEqual({
      level: 'error',
      seen: 'the user cam, who runs the camera, is not in the group video',
      fix: expect.stringContaining('usermod -aG video cam'),
    });
  });

  test('does not matter for pictures of a folder', async () => {
    const found = await find(checksOf({ files: GROUP, config: { camera: { source: 'test' } } }), 'camera-permission');
    expect(found).toMatchObject({ level: 'skipped' });
  });
});

describe('camera-holder', () => {
  const process = (pid: number, parent: number, name: string, device: string) => ({
    [`/proc/${pid}/status`]: `Name:\t${name}\nPPid:\t${parent}\nUid:\t1000\t1000\t1000\t1000\n`,
    [`/proc/${pid}/comm`]: `${name}\n`,
    [`/proc/${pid}/fd/5`]: `->${device}`,
  });
  const files = { '/dev/media0': '', '/dev/video0': '', '/etc/passwd': 'pi:x:1000:1000::/home/pi:/bin/bash\n' };

  test('another program is named', async () => {
    const found = await find(checksOf({ files: { ...files, ...process(321, 1, 'motion', '/dev/media0') } }), 'camera-holder');
    expect(found).toEqual({
      level: 'warning',
      seen: '/dev/media0 is open in motion (process 321 of the user pi)',
      fix: expect.stringContaining('sudo kill 321'),
    });
  });

  test('what our own server has started is no stranger', async () => {
    const own = { ...process(700, 1, 'node', '/dev/null'), ...process(701, 700, 'rpicam-vid', '/dev/media0') };
    expect(await find(checksOf({ files: { ...files, ...own } }, { server: SERVER }), 'camera-holder')).toEqual({
      level: 'ok',
      seen: 'the running server has it',
    });
    const also = { ...own, ...process(321, 1, 'wireplumber', '/dev/video0') };
    expect(await find(checksOf({ files: { ...files, ...also } }, { server: SERVER }), 'camera-holder')).toEqual({
      level: 'ok',
      seen: 'the running server has it; /dev/video0 is open in wireplumber (process 321 of the user pi), too',
    });
  });

  test('nobody is well; without devices there is nothing to hold', async () => {
    expect(await find(checksOf({ files }), 'camera-holder')).toMatchObject({
      level: 'ok',
      seen: expect.stringContaining('no program of this user'),
    });
    expect(await find(checksOf({ files }, { user: { uid: 0, name: 'root', groups: [0] } }), 'camera-holder')).toEqual({
      level: 'ok',
      seen: 'nobody has it',
    });
    expect(await find(checksOf({}), 'camera-holder')).toMatchObject({ level: 'skipped' });
  });
});

describe('rpicam', () => {
  test('has its version', async () => {
    expect(await find(checksOf(pi({})), 'rpicam')).toMatchObject({
      level: 'ok',
      seen: expect.stringMatching(/rpicam-vid 1\.12\.0, libcamera v0/),
    });
    expect(await find(checksOf(pi({ olderVersion: '1.0.1' })), 'rpicam')).toMatchObject({
      level: 'ok',
      seen: expect.stringContaining('1.0.1'),
    });
  });

  test('that is missing is an error on a Pi, and where it is asked for', async () => {
    expect(await find(checksOf({ files: PI_FILES }), 'rpicam')).toMatchObject({
      level: 'error',
      seen: 'rpicam-vid is not installed',
      fix: expect.stringContaining('apt install rpicam-apps-lite'),
    });
    expect(await find(checksOf({ config: RPICAM }), 'rpicam')).toMatchObject({ level: 'error' });
    expect(await find(checksOf({}), 'rpicam')).toMatchObject({ level: 'skipped' });
    expect(await find(checksOf({ config: { camera: { source: 'v4l2' } } }), 'rpicam')).toMatchObject({ level: 'skipped' });
    const elsewhere = { camera: { source: 'rpicam', rpicamPath: '/opt/none' } };
    expect(await find(checksOf({ config: elsewhere }), 'rpicam')).toMatchObject({ level: 'error', seen: 'there is no program /opt/none' });
  });

  test('that does not run (a library of another release) is an error with its words', async () => {
    const broken = 'echo "rpicam-vid: error while loading shared libraries: libcamera.so.0.5" >&2; exit 127';
    expect(await find(checksOf({ programs: { 'rpicam-vid': broken } }), 'rpicam')).toMatchObject({
      level: 'error',
      seen: expect.stringContaining('libcamera.so.0.5'),
      fix: expect.stringContaining('--reinstall'),
    });
  });
});

describe('rpicam-plugins', () => {
  const files = {
    '/usr/lib/aarch64-linux-gnu/rpicam-apps-postproc/opencv-postproc.so': '',
    '/usr/lib/aarch64-linux-gnu/rpicam-apps-encoder/libav-encoder.so': '',
  };
  const annotate = { camera: { annotate: '%F %T' } };

  test('are looked for where they lie', async () => {
    expect(await find(checksOf(pi({}, { files })), 'rpicam-plugins')).toEqual({
      level: 'ok',
      seen: 'libav (H.264 by rpicam-vid): yes; annotate (text in the picture): yes',
    });
    expect(await find(checksOf(pi({})), 'rpicam-plugins')).toMatchObject({
      level: 'ok',
      seen: expect.stringMatching(/libav.*no; annotate.*no/),
    });
  });

  test('the one for text is missed where text is wanted', async () => {
    expect(await find(checksOf(pi({}, { config: annotate })), 'rpicam-plugins')).toMatchObject({
      level: 'warning',
      fix: expect.stringContaining('rpicam-apps-opencv-postprocess'),
    });
    expect(await find(checksOf(pi({}, { config: annotate, files })), 'rpicam-plugins')).toMatchObject({ level: 'ok' });
    // Built in, and not told.
    expect(await find(checksOf(pi({ olderVersion: '1.2.0' }, { config: annotate })), 'rpicam-plugins')).toMatchObject({ level: 'skipped' });
  });
});

test('the plug-in for H.264 is missed where the camera is to give it, and the board cannot', async () => {
  const on = (board: string) =>
    find(checksOf(pi({}, { config: { camera: { encoding: 'h264' } }, files: { '/proc/device-tree/model': board } })), 'rpicam-plugins');
  for (const board of ['Raspberry Pi 5 Model B Rev 1.0', 'Raspberry Pi 500 Rev 1.0', 'Raspberry Pi Compute Module 5 Rev 1.0'])
    expect(await on(board)).toMatchObject({ level: 'warning', fix: expect.stringContaining('rpicam-apps-encoder') });
  for (const board of ['Raspberry Pi 4 Model B Rev 1.4', 'Raspberry Pi Zero 2 W Rev 1.0'])
    expect(await on(board)).toMatchObject({ level: 'ok' });
});

describe('rpicam-cameras', () => {
  test('are listed', async () => {
    expect(await find(checksOf(pi({ cameras: 'two' })), 'rpicam-cameras')).toMatchObject({
      level: 'ok',
      seen: expect.stringMatching(/^0: \S+ \d+x\d+, 1: /),
    });
  });

  test.each<[string, Scenario, Made, string, string]>([
    ['none, where one is asked for', { cameras: 'none' }, { config: RPICAM }, 'error', 'ribbon cable'],
    ['none, where any will do', { cameras: 'none' }, {}, 'warning', 'ribbon cable'],
    ['another number', {}, { config: { camera: { source: 'rpicam:3' } } }, 'error', '--source rpicam:N'],
    ['the legacy stack', { legacyStack: true }, {}, 'error', 'raspi-config'],
    ['no media device', { noMediaDevices: true }, { config: RPICAM }, 'error', 'camera_auto_detect=1'],
    ['no Pi at all', { platform: 'unknown' }, {}, 'error', '--source v4l2'],
  ])('%s', async (_, scenario, made, level, fix) => {
    expect(await find(checksOf(pi(scenario, made)), 'rpicam-cameras')).toMatchObject({ level, fix: expect.stringContaining(fix) });
  });
});

describe('webcams', () => {
  const webcam = { '/sys/class/video4linux/video0/name': 'HD Pro Webcam C920\n', '/sys/class/video4linux/video0/index': '0\n' };
  const formats =
    'echo "[video4linux2,v4l2 @ 0x55] Compressed:       mjpeg :          Motion-JPEG : 640x480 1920x1080" >&2\n' +
    'echo "[video4linux2,v4l2 @ 0x55] Raw       :     yuyv422 :           YUYV 4:2:2 : 640x480" >&2; exit 1';
  const V4L2 = { camera: { source: 'v4l2' } };

  test('are listed with their formats, and with what can be set of their image', async () => {
    const control = 'echo "                     brightness 0x00980900 (int)    : min=-64 max=64 step=1 default=0 value=0"';
    const seen = '/dev/video0 (HD Pro Webcam C920): mjpeg, yuyv422 up to 1920x1080';
    const programs = { ffmpeg: formats, 'v4l2-ctl': control };
    expect(await find(checksOf({ files: webcam, programs }), 'webcams')).toEqual({
      level: 'ok',
      seen: `${seen}, with brightness to be set`,
    });
    expect(await find(checksOf({ files: webcam, programs: { ffmpeg: formats } }), 'webcams')).toEqual({
      level: 'ok',
      seen: `${seen}; nothing of their image can be set without v4l2-ctl (\`sudo apt install v4l-utils\`)`,
    });
  });

  test.each<[string, Made, string, string]>([
    ['none, where one is asked for', { config: V4L2 }, 'error', 'ls /dev/video*'],
    ['without ffmpeg', { files: webcam, config: V4L2 }, 'error', 'apt install ffmpeg'],
    ['without ffmpeg, where a Pi camera will do, too', { files: webcam }, 'warning', 'apt install ffmpeg'],
    [
      'in use',
      { files: webcam, config: V4L2, programs: { ffmpeg: 'echo "/dev/video0: Device or resource busy" >&2; exit 1' } },
      'error',
      'fuser',
    ],
    [
      'not for this user',
      { files: webcam, config: V4L2, programs: { ffmpeg: 'echo "/dev/video0: Permission denied" >&2; exit 1' } },
      'error',
      'usermod',
    ],
    [
      'one that is not there',
      {
        config: { camera: { source: 'v4l2:/dev/video9' } },
        programs: { ffmpeg: 'echo "/dev/video9: No such file or directory" >&2; exit 1' },
      },
      'error',
      'ls /dev/video*',
    ],
    ['one without formats', { files: webcam, config: V4L2, programs: { ffmpeg: 'exit 1' } }, 'error', 'ls /dev/video*'],
  ])('%s', async (_, made, level, fix) => {
    expect(await find(checksOf(made), 'webcams')).toMatchObject({ level, fix: expect.stringContaining(fix) });
  });

  test('do not matter where others will do', async () => {
    expect(await find(checksOf({}), 'webcams')).toMatchObject({ level: 'skipped' });
    expect(await find(checksOf({ files: webcam, config: RPICAM }), 'webcams')).toMatchObject({ level: 'skipped' });
  });
});

describe('camera-picture', () => {
  const signal = new AbortController().signal;
  const small = { camera: { source: 'rpicam', width: 640, height: 480 } };

  test('is taken, and the camera is free again', async () => {
    const found = await find(checksOf(pi({}, { config: small })), 'camera-picture', signal);
    expect(found).toMatchObject({ level: 'ok', seen: expect.stringMatching(/^640x480, \d+ kB, from rpicam-vid, camera 0/) });
    expect(stage.ends().length).toBe(stage.starts().length);
  });

  test('with something to say beside it is a warning', async () => {
    const found = find(
      checksOf(pi({ annotateStageMissing: true }, { config: { camera: { ...small.camera, annotate: 'x' } } })),
      'camera-picture',
      signal,
    );
    expect(await found).toMatchObject({
      level: 'warning',
      seen: expect.stringContaining('annotate_cv'),
      fix: expect.stringContaining('apt install'),
    });
  });

  test('the test pattern in place of a camera is a warning', async () => {
    const found = find(checksOf(pi({ cameras: 'none' }, { config: { camera: { width: 320, height: 240 } } })), 'camera-picture', signal);
    expect(await found).toMatchObject({ level: 'warning', seen: expect.stringContaining('No camera was found') });
  });

  test('that cannot be had throws the reason, as every check may', async () => {
    const none = find(checksOf(pi({ cameras: 'none' }, { config: small })), 'camera-picture', signal);
    await expect(none).rejects.toMatchObject({ code: 'NO_CAMERA' });
    const busy = find(checksOf(pi({ busy: true }, { config: small })), 'camera-picture', signal);
    await expect(busy).rejects.toMatchObject({ code: 'CAMERA_BUSY' });
    const lost = find(checksOf(pi({ dieAfterFrames: 0 }, { config: small })), 'camera-picture', signal);
    await expect(lost).rejects.toMatchObject({ code: 'CAPTURE_ENDED' });
  });

  test("is the server's affair where one runs", async () => {
    expect(await find(checksOf(pi({}, { config: small }), { server: SERVER }), 'camera-picture', signal)).toMatchObject({
      level: 'skipped',
    });
    expect(stage.starts()).toEqual([]);
  });
});

describe('camera-h264', () => {
  const { signal } = new AbortController();
  const config = { camera: { source: 'rpicam', width: 640, height: 480, encoding: 'h264' }, h264: { keyframeInterval: 1 } };
  const run = (scenario: Scenario, more?: Parameters<typeof makeSurroundings>[1]) =>
    find(checksOf(pi({ startDelayMs: 10, ...scenario }, { config }), more), 'camera-h264', signal);

  test('is tried where it is wanted', async () => {
    expect(await run({ libav: true })).toEqual({ level: 'ok', seen: 'the camera gives it, by libx264' });
    expect(stage.ends().length).toBe(stage.starts().length);
  });

  test('that cannot be had is a warning, with the package', async () => {
    expect(await run({})).toMatchObject({
      level: 'warning',
      seen: expect.stringContaining('it has no encoder for H.264'),
      fix: expect.stringContaining('rpicam-apps-encoder'),
    });
  });

  test('that turns out not to work is a warning', async () => {
    expect(await run({ platform: 'vc4', hardwareEncoder: false })).toMatchObject({
      level: 'warning',
      seen: expect.stringContaining('the encoder of this Pi cannot be opened'),
    });
  });

  test('does not matter with JPEGs, and is the affair of a running server', async () => {
    const mjpeg = find(checksOf(pi({}, { config: RPICAM })), 'camera-h264', signal);
    expect(await mjpeg).toMatchObject({ level: 'skipped' });
    expect(await run({}, { server: SERVER })).toMatchObject({ level: 'skipped' });
    expect(stage.starts()).toEqual([]);
  });
});
