import { describe, expect, test } from '@jest/globals';
import { captureProgram } from '../../../../src/camera/program-source.ts';
import { isRoutine, readMessage } from '../../../../src/camera/rpicam/messages.ts';
import type { AppError } from '../../../../src/core/errors.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { UNHEARD } from '../../../support/recorder.ts';

/** What the real rpicam-vid 1.12 and 1.13 wrote before it ended with exit code 255, and what the user is told of it. */

const START = `[0:39:45.981835333] [32149]  INFO Camera camera_manager.cpp:340 libcamera v0.7.1+rpt20260429
[0:39:47.570252830] [32150]  INFO Camera camera_manager.cpp:223 Adding camera '/base/axi/pcie@120000/rp1/i2c@88000/imx219@10' for pipeline handler virtual
`;
const CONFIGURED = `${START}Mode selection for 640:480:12:P(15)
    SRGGB10_CSI2P,640x480/206.016 - Score: 1000
    SRGGB8,3280x2464/21 - Score: 3162.49
Stream configuration adjusted
[1:36:26.852492044] [5750]  INFO Camera camera.cpp:1216 configuring streams: (0) 640x480-YUV420/sYCC (1) 640x480-SRGGB10_CSI2P/RAW
`;
const says = (text: string, before = START) => `${before}ERROR: *** ${text} ***\n`;

interface Told {
  readonly code: string;
  /** Waiting does not help. */
  readonly permanent: boolean;
  /** In the message or the hint. */
  readonly words: readonly string[];
}
const told = (code: string, permanent: boolean, ...words: string[]): Told => ({ code, permanent, words });
const extra = (...words: string[]) => words;

const REFUSALS: [name: string, stderr: string, extraArgs: readonly string[], expected: Told][] = [
  ['bad-awb', says('Invalid AWB mode: foo'), [], told('OPTION_INVALID', true, '"foo"', 'camera.awb')],
  ['bad-codec', says('unrecognised codec foo'), extra('--codec=foo'), told('OPTION_INVALID', true, '"foo"', 'camera.extraArgs')],
  ['bad-denoise', says('Invalid denoise mode foo', CONFIGURED), [], told('OPTION_INVALID', true, '"foo"', 'camera.denoise')],
  ['bad-exposure', says('Invalid exposure mode:night'), [], told('OPTION_INVALID', true, '"night"', 'camera.exposure')],
  ['bad-metering', says('Invalid metering mode: foo'), [], told('OPTION_INVALID', true, '"foo"', 'camera.metering')],
  ['bad-mode', says('Invalid mode'), extra('--mode', 'foo'), told('OPTION_INVALID', true, '--mode (camera.extraArgs)')],
  ['bad-mode, packing', says('Packing indicator should be P or U'), extra('--mode=1:1:1:X'), told('OPTION_INVALID', true, 'P or U')],
  [
    'bad-outdir',
    `${CONFIGURED}terminate called after throwing an instance of 'std::runtime_error'\n  what():  failed to open output file /nonexistent/x.mjpeg\n`,
    extra('-o', '/nonexistent/x.mjpeg'),
    told('OPTION_INVALID', true, '/nonexistent/x.mjpeg', 'camera.extraArgs'),
  ],
  ['bad-ppfile', says('/nonexistent.json: cannot open file'), [], told('OPTION_INVALID', true, '/nonexistent.json')],
  ['bad-rotation', says('transforms requiring transpose not supported'), [], told('OPTION_INVALID', true, 'camera.rotation')],
  [
    'bad-timeout',
    says('Invalid time string provided', ''),
    extra('-t', 'foo'),
    told('OPTION_INVALID', true, '--timeout (camera.extraArgs)'),
  ],
  [
    'badopt-extra (no encoder), no-encoder-plugin',
    says('Unable to find an appropriate H.264 codec', CONFIGURED),
    extra('--codec', 'h264'),
    told('OPTION_INVALID', true, '--codec (camera.extraArgs)'),
  ],
  [
    'badopt-missing',
    says("the required argument for option '--width' is missing", ''),
    extra('--width'),
    told('OPTION_INVALID', true, 'missing'),
  ],
  ['badopt-value', says("the argument ('abc') for option '--ev' is invalid", ''), [], told('OPTION_INVALID', true, '"abc"', 'camera.ev')],
  ['badopt', says("unrecognised option '--nosuch'", ''), extra('--nosuch'), told('OPTION_UNKNOWN', true, '--nosuch (camera.extraArgs)')],
  [
    'busy',
    `${START}[0:40:15.042538281] [32442]  INFO Camera camera.cpp:1021 Pipeline handler in use by another process\nERROR: *** failed to acquire camera /base/axi/imx219@10 ***\n`,
    [],
    told('CAMERA_BUSY', false),
  ],
  [
    'h264-vc4',
    says('failed to open V4L2 H264 encoder', CONFIGURED),
    extra('--codec=h264'),
    told('OPTION_INVALID', true, 'camera.extraArgs'),
  ],
  ['nocam-index', says('selected camera is not available'), [], told('NO_CAMERA', true, 'number 3')],
  [
    'nocam',
    `[0:39:25.4] [31791] ERROR Virtual virtual.cpp:458 Failed to open config file\n${says('no cameras available', '')}`,
    [],
    told('NO_CAMERA', true),
  ],
  ['platform-legacy', 'ERROR: the system appears to be configured for the legacy camera stack\n', [], told('LEGACY_STACK', true)],
  [
    'platform-unknown',
    'ERROR: rpicam-apps currently only supports the Raspberry Pi platforms.\nContributions for other platforms are welcome.\n',
    [],
    told('PLATFORM_UNSUPPORTED', true),
  ],
  [
    'codec-option-unknown',
    says('libav: codec option error nosuch=1: Option not found', CONFIGURED),
    extra('--libav-video-codec-opts', 'nosuch=1'),
    told('OPTION_INVALID', true, '--libav-video-codec-opts (camera.extraArgs)'),
  ],
  [
    'codec-unknown',
    says('libav: cannot find video encoder nosuch', CONFIGURED),
    extra('--libav-video-codec=nosuch'),
    told('OPTION_INVALID', true, '"nosuch"', '--libav-video-codec (camera.extraArgs)'),
  ],
  [
    'format-unknown, h264-stdout-no-format',
    `${CONFIGURED}[AVFormatContext @ 0x5] Requested output format 'nosuch' is not known.\n${says('libav: cannot allocate output context, try setting with --libav-format', '')}`,
    extra('--libav-format', 'nosuch'),
    told('OPTION_INVALID', true, '--libav-format (camera.extraArgs)'),
  ],
  [
    'libav-save-pts-stdout',
    `${CONFIGURED}\nERROR: The libav encoder does not currently support the circular, segment, save_pts, split, or pause command line options with non-elementary streams!\n\n${says('libav: Incompatible options selected.', '')}`,
    extra('--codec', 'libav'),
    told('OPTION_INVALID', true, 'Incompatible options'),
  ],
  [
    'no-encoder-plugin-libav',
    says('Unrecognised codec libav', CONFIGURED),
    extra('--codec', 'libav'),
    told('OPTION_INVALID', true, '"libav"'),
  ],
  [
    'no-media-devices',
    `[0:34:36.082171637] [21575] ERROR DeviceEnumerator device_enumerator_sysfs.cpp:51 No valid sysfs media device directory
[0:34:36.082270238] [21574] ERROR Camera camera_manager.cpp:344 Failed to start camera manager: No such device
ERROR: *** camera manager failed to start, code 19 ***\n`,
    [],
    told('NO_CAMERA', true, 'camera_auto_detect=1', 'reboot'),
  ],
  [
    'no-media-devices, as --list-cameras says it',
    says('camera manager failed to start, code 19', ''),
    [],
    told('NO_CAMERA', true, 'camera_auto_detect=1'),
  ],
  [
    'no-memory',
    `${CONFIGURED}dmaHeap allocation failure for rpicam-apps0\n${says('failed to allocate capture buffers for stream', '')}`,
    [],
    told('CAMERA_MEMORY', false, 'camera.width', 'cma-256'),
  ],
  [
    'option-twice',
    says("option '--width' cannot be specified more than once", ''),
    extra('--width', '320'),
    told('OPTION_INVALID', true, 'camera.width', 'Take --width out of camera.extraArgs'),
  ],
  [
    'permission-capture',
    `[1:36:26.878289359] [5755] ERROR MediaDevice media_device.cpp:511 /dev/media0[]: Failed to open media device at /dev/media0: Permission denied
[1:36:26.878308074] [5755]  INFO DeviceEnumerator device_enumerator.cpp:261 Unable to populate media device /dev/media0 (Permission denied), skipping
ERROR: *** no cameras available ***\n`,
    [],
    told('CAMERA_PERMISSION', true, 'usermod -aG video'),
  ],
  // Not recorded; in the source of rpicam-apps and libcamera.
  [
    'no DMA heap',
    `Could not open any dmaHeap device\n${says('no cameras available', '')}`,
    [],
    told('CAMERA_PERMISSION', true, '/dev/dma_heap'),
  ],
  [
    'no such tuning file',
    `[4:14:18.214092976] [9332]  WARN RPiController controller.cpp:100 Failed to open tuning file '/etc/x.json'
[4:14:18.214184717] [9332] ERROR IPARPI ipa_base.cpp:163 Failed to load tuning data file /etc/x.json
ERROR: *** no cameras available ***\n`,
    [],
    told('OPTION_INVALID', true, '/etc/x.json', 'camera.tuningFile'),
  ],
  ['HDR', says('Invalid HDR option provided: foo', ''), [], told('OPTION_INVALID', true, '"foo"', 'camera.hdr')],
  ['autofocus', says('Invalid AfMode:foo'), [], told('OPTION_INVALID', true, '"foo"', 'camera.autofocus')],
  [
    'autofocus range',
    says('Invalid AfRange mode:normal'),
    extra('--autofocus-range', 'far'),
    told('OPTION_INVALID', true, '--autofocus-range (camera.extraArgs)'),
  ],
  [
    'autofocus speed',
    says('Invalid afSpeed mode:foo'),
    extra('--autofocus-speed=foo'),
    told('OPTION_INVALID', true, '--autofocus-speed (camera.extraArgs)'),
  ],
  ['lens position', says('Invalid lens position: near', ''), [], told('OPTION_INVALID', true, '"near"', 'camera.lensPosition')],
  ['white balance gains', says('Invalid AWB gains'), [], told('OPTION_INVALID', true, 'camera.awbGains')],
  [
    'colour matrix',
    says('Invalid CCM - expect 9 comma-separated floating point numbers'),
    extra('--ccm=1'),
    told('OPTION_INVALID', true, '--ccm (camera.extraArgs)'),
  ],
  ['bit rate', says('Invalid bitrate string provided', ''), extra('-b', 'x'), told('OPTION_INVALID', true, '--bitrate (camera.extraArgs)')],
  [
    'small stream',
    says('Low res image larger than video', CONFIGURED),
    extra('--lores-width', '9999'),
    told('OPTION_INVALID', true, '--lores-width (camera.extraArgs)'),
  ],
  [
    'ambiguous',
    says("option '--autofocus' is ambiguous and matches '--autofocus-mode', and '--autofocus-range'", ''),
    extra('--autofocus=auto'),
    told('OPTION_INVALID', true, '--autofocus-mode'),
  ],
  // What nobody knows yet may pass.
  ['anything else', says('failed to start camera', CONFIGURED), [], told('CAPTURE_ENDED', false, 'failed to start camera')],
];

/** Runs a program that writes this and ends as rpicam-vid does. */
function endOf(stderr: string, extraArgs: readonly string[] = []): Promise<AppError> {
  return new Promise((ended) => {
    captureProgram(
      {
        command: '/bin/sh',
        args: ['-c', 'printf %s "$0" >&2; exit 255', stderr],
        searchPath: process.env.PATH ?? '',
        readLine: (line) => readMessage(line, { program: 'rpicam-vid', camera: 3, extraArgs }),
        isRoutine,
        log: silentLogger,
      },
      { ...UNHEARD, ended },
    );
  });
}

describe('each refusal', () => {
  test.each(REFUSALS)('%s', async (_name, stderr, extraArgs, { code, permanent, words }) => {
    const error = await endOf(stderr, extraArgs);
    expect(error).toMatchObject({ code, permanent });
    for (const word of words) expect(`${error.message} ${error.hint}`).toContain(word);
    expect(error.hint).not.toBe('');
  });
});

describe('an end without a reason', () => {
  test('quotes no line that comes on every run', async () => {
    const error = await endOf(`${CONFIGURED}[1:36:27.0] [5750]  WARN V4L2 v4l2_pixelformat.cpp:346 Unsupported V4L2 pixel format
Reading post processing stage "annotate_cv"
#12 (15.00 fps) exp 16666.00 ag 1.50 dg 1.00
Selected sensor format: 640x480
Received signal 2
Halting: reached timeout of 300 milliseconds.
`);
    expect(error).toMatchObject({ code: 'CAPTURE_ENDED', message: 'sh ended with exit code 255.' });
  });

  test('quotes the first complaint rather than what follows from it', async () => {
    const error = await endOf(`${CONFIGURED}something odd
[1:36:27.1] [5750] ERROR V4L2 v4l2_videodevice.cpp:1887 /dev/video4[12:cap]: Failed to start streaming: Broken pipe
[1:36:27.2] [5750] ERROR RPI pipeline_base.cpp:677 Failed to start
`);
    expect(error.message).toContain('Failed to start streaming: Broken pipe');
  });

  test('quotes the last words where there is no complaint', async () => {
    expect((await endOf(`${START}one\ntwo\n`)).message).toBe('sh ended with exit code 255; it said: two');
  });
});

describe('an option that came twice', () => {
  const twice = async (option: string, ...words: string[]) => {
    const { message, hint } = await endOf(says(`option '${option}' cannot be specified more than once`, ''), words);
    return `${message} ${hint}`;
  };

  test.each([
    [
      '--width',
      ['--width=320'],
      '--width is given twice: in camera.extraArgs, and by this program (camera.width). Take --width out of camera.extraArgs; camera.width sets it.',
    ],
    ['--quality', ['-q', '50'], '--quality is given twice: in camera.extraArgs, and by this program (camera.quality).'],
    ['--framerate', ['--framer', '5'], 'camera.fps sets it.'],
    [
      '--codec',
      ['--codec', 'h264'],
      '--codec is given twice: in camera.extraArgs, and by this program. Take --codec out of camera.extraArgs; this program needs its own.',
    ],
    ['--flicker-period', ['--flicker-period=1ms', '--flicker-period=2ms'], '--flicker-period is given twice in camera.extraArgs. Take one'],
    ['--awb', ['--awb=auto', '--awb=indoor'], '--awb is given twice in camera.extraArgs.'],
  ])('%s', async (option, words, expected) => {
    expect(await twice(option, ...words)).toContain(expected);
  });
});
