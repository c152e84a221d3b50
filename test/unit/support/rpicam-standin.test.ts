import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { nalType, splitAnnexB } from '../../../src/frames/h264.ts';
import { readSps } from '../../../src/frames/h264-sps.ts';
import { h264Recording, LOW_LATENCY } from '../../support/h264-recordings.ts';
import { needsProgram } from '../../support/programs.ts';
import { parseCommandLine } from '../../support/rpicam/command-line.js';
import { optionsOf } from '../../support/rpicam/options.js';
import { cut, isWhole, plain, Run, sizeOf } from '../../support/rpicam/run.ts';
import { type Scenario, Stage } from '../../support/rpicam/stage.ts';

const BARS = readFileSync(new URL('../../fixtures/bars-640x480.mjpeg', import.meta.url));
const MANAGER = 'INFO Camera camera_manager.cpp:340 libcamera';
const CAMERA = '/base/axi/pcie@120000/rp1/i2c@88000/imx219@10';
const FOUND = [MANAGER, `INFO Camera camera_manager.cpp:223 Adding camera '${CAMERA}' for pipeline handler virtual`];
const MODE_640 = [
  'Mode selection for 640:480:12:P',
  '    SRGGB10_CSI2P,640x480/0 - Score: 1000',
  '    SRGGB10_CSI2P,1640x1232/0 - Score: 1444.49',
  '    SRGGB10_CSI2P,1920x1080/0 - Score: 1636.67',
  '    SRGGB10_CSI2P,3280x2464/0 - Score: 2162.49',
  '    SRGGB8,640x480/0 - Score: 2000',
  '    SRGGB8,1640x1232/0 - Score: 2444.49',
  '    SRGGB8,1920x1080/0 - Score: 2636.67',
  '    SRGGB8,3280x2464/0 - Score: 3162.49',
];
const CONFIGURED = [
  'Stream configuration adjusted',
  'INFO Camera camera.cpp:1216 configuring streams: (0) 640x480-YUV420/sYCC (1) 640x480-SRGGB10_CSI2P/RAW',
];

const STREAM = ['--codec', 'mjpeg', '-t', '0', '-n', '--flush', '-o', '-'];
const QUICK = { startDelayMs: 0 };

let stage: Stage;
let runs: Run[];

beforeEach(() => {
  stage = new Stage(QUICK);
  runs = [];
});
afterEach(async () => {
  for (const run of runs) run.child.kill('SIGKILL');
  await Promise.all(runs.map((run) => run.ended));
  stage.remove();
});

function start(args: readonly string[], scenario: Scenario = {}, { read = true } = {}): Run {
  stage.play({ ...QUICK, ...scenario });
  const run = new Run(args, stage.env, read);
  runs.push(run);
  return run;
}

async function finished(args: readonly string[], scenario: Scenario = {}) {
  const run = start(args, scenario);
  const end = await run.ended;
  return { ...end, lines: plain(run.stderr), stdout: run.stdout, frames: run.frames };
}

describe('the command line', () => {
  test.each<[string, Record<string, boolean | number | string>]>([
    ['--width 5 --height=6', { width: 5, height: 6 }],
    ['--code mjpeg --viewfinder-w 5', { codec: 'mjpeg', 'viewfinder-width': 5 }],
    ['-t 0 -q50 -o - -n', { timeout: '0', quality: 50, output: '-', nopreview: true }],
    ['--ev -1 -t -5 --awbgains -1,-2', { ev: -1, timeout: '-5', awbgains: '-1,-2' }],
    ['--hdr --roi 0,0,1,1', { hdr: 'auto', roi: '0,0,1,1' }],
    ['--hdr=sensor --flush=0 -v', { hdr: 'sensor', flush: false, verbose: 2 }],
    ['-v 0 --nopreview off', { verbose: 0, nopreview: false }],
    ['--framerate .5 --gain 1e1', { framerate: 0.5, gain: 10 }],
    ['extra -n -n', { nopreview: true }],
    ['-n -- 0', { nopreview: true }],
    ['-o --codec', { output: '--codec' }],
  ])('%s is read as the real program reads it', (command, values) => {
    expect(Object.fromEntries(parseCommandLine(command.split(' '), optionsOf()))).toEqual(values);
  });

  test.each([
    ['-Z', "unrecognised option '-Z'"],
    ['--nosuch=5', "unrecognised option '--nosuch=5'"],
    ['--CODEC mjpeg', "unrecognised option '--CODEC'"],
    ['--w 5', "option '--w' is ambiguous and matches '--width', and '--wrap'"],
    ['--list', "option '--list' is ambiguous and matches '--list-cameras', and '--listen'"],
    ['-t', "the required argument for option '--timeout' is missing"],
    ['--output -n', "the required argument for option '--output' is missing"],
    ['--wid=', "the argument for option '--wid' should follow immediately after the equal sign"],
    ['--width 5 --width 6', "option '--width' cannot be specified more than once"],
    ['-q=50', "the argument ('=50') for option '--quality' is invalid"],
    ['--width 5.5', "the argument ('5.5') for option '--width' is invalid"],
    ['--rotation 9999999999', "the argument ('9999999999') for option '--rotation' is invalid"],
    ['-n foo', "the argument ('foo') for option '--nopreview' is invalid. Valid choices are 'on|off', 'yes|no', '1|0' and 'true|false'"],
  ])('%s is refused', (command, message) => {
    expect(() => parseCommandLine(command.split(' '), optionsOf())).toThrow(new Error(message));
  });
});

describe('refusals', () => {
  test.each<[string, string]>([
    ['--nosuch -t 100', "unrecognised option '--nosuch'"],
    ['-t 100 --width', "the required argument for option '--width' is missing"],
    ['--width abc -t 100', "the argument ('abc') for option '--width' is invalid"],
    ['-t foo', 'Invalid time string provided'],
    ['--hdr=night', 'Invalid HDR option provided: night'],
    ['--lens-position near', 'Invalid lens position: near'],
  ])('%s is refused before any camera is looked for', async (command, message) => {
    const { code, lines, stdout } = await finished(command.split(' '));
    expect(lines).toEqual([`ERROR: *** ${message} ***`]);
    expect(code).toBe(255);
    expect(stdout).toHaveLength(0);
  });

  test.each<[string, string]>([
    ['--exposure night', 'Invalid exposure mode:night'],
    ['--awb foo', 'Invalid AWB mode: foo'],
    ['--awbgains 2', 'Invalid AWB gains'],
    ['--metering foo', 'Invalid metering mode: foo'],
    ['--autofocus-mode foo', 'Invalid AfMode:foo'],
    ['--rotation 90', 'transforms requiring transpose not supported'],
    ['--rotation 45', 'illegal rotation value'],
    ['--mode foo', 'Invalid mode'],
    ['--codec foo', 'unrecognised codec foo'],
    ['--codec mjpeg -n --camera 3', 'selected camera is not available'],
    ['--codec mjpeg -n --post-process-file /nonexistent.json', '/nonexistent.json: cannot open file'],
  ])('%s is refused once the cameras are known', async (command, message) => {
    const { code, lines } = await finished(command.split(' '));
    expect(lines).toEqual([...FOUND, `ERROR: *** ${message} ***`]);
    expect(code).toBe(255);
  });

  test('a wrong denoise mode is noticed only after the sensor mode', async () => {
    const { code, lines } = await finished(['--denoise', 'foo', '-n']);
    expect(lines).toEqual([...FOUND, ...MODE_640, 'ERROR: *** Invalid denoise mode foo ***']);
    expect(code).toBe(255);
  });

  test('without a camera, on a foreign system, on the old stack', async () => {
    const none = await finished(STREAM, { cameras: 'none' });
    expect([none.code, none.lines]).toEqual([255, [MANAGER, 'ERROR: *** no cameras available ***']]);
    const unknown = await finished(['--help'], { platform: 'unknown' });
    expect(unknown.lines[0]).toBe('ERROR: rpicam-apps currently only supports the Raspberry Pi platforms.');
    const legacy = await finished(STREAM, { legacyStack: true });
    expect(legacy.lines).toEqual(['ERROR: the system appears to be configured for the legacy camera stack']);
    expect([unknown.code, legacy.code]).toEqual([255, 255]);
  });

  test('an output that cannot be opened ends it as an uncaught exception does', async () => {
    const { signal, lines } = await finished(['--codec', 'mjpeg', '-n', '-o', '/nonexistent/x.mjpeg']);
    expect(lines.slice(-2)).toEqual([
      "terminate called after throwing an instance of 'std::runtime_error'",
      '  what():  failed to open output file /nonexistent/x.mjpeg',
    ]);
    expect(signal).toBe('SIGABRT');
  });

  test('an older version does not know newer options and units', async () => {
    const refusal = async (args: string[], olderVersion: string) => (await finished(args, { olderVersion })).lines;
    expect(await refusal(['--autofocus-mode', 'auto'], '1.0.1')).toEqual(["ERROR: *** unrecognised option '--autofocus-mode' ***"]);
    expect(await refusal(['-t', '5sec'], '1.0.1')).toEqual(["ERROR: *** the argument ('5sec') for option '--timeout' is invalid ***"]);
    expect(await refusal(['--low-latency'], '1.5.3')).toEqual(["ERROR: *** unrecognised option '--low-latency' ***"]);
    expect(await refusal(['--low-latency', '--awb', 'x'], '1.6.0')).toEqual([...FOUND, 'ERROR: *** Invalid AWB mode: x ***']);
  });

  test('what it cannot play, and a scenario it does not know, end it loudly', async () => {
    const unplayed = await finished(['--codec', 'mjpeg', '--segment', '1000', '-o', 'x']);
    expect([unplayed.code, unplayed.lines.join()]).toEqual([70, expect.stringContaining('does not play --segment')]);
    const unknown = await finished(STREAM, { freezeAfter: 3 } as Scenario);
    expect([unknown.code, unknown.lines.join()]).toEqual([70, expect.stringContaining('knows no "freezeAfter"')]);
  });
});

describe('answers on the standard output', () => {
  test('--version, --help and --list-cameras', async () => {
    const version = await finished(['--version']);
    expect([version.code, version.stdout.toString()]).toEqual([0, expect.stringMatching(/^rpicam-apps build: v1\.12\.0 /)]);
    const help = (await finished(['-h'])).stdout.toString();
    expect(help).toMatch(/^Valid options are:\n {2}-h \[ --help \] \[=arg\(=1\)\] \(=0\) {9}\S/);
    expect(help).toContain('\n  -t [ --timeout ] arg (=5sec)          ');
    expect(help).toContain('\n  --info-text arg (=#%frame (%fps fps) exp %exp ag %ag dg %dg)\n');
    expect((await finished(['--list-cameras'], { cameras: 'none' })).stdout.toString()).toBe('No cameras available!\n');
    const list = await finished(['--list-cameras'], { cameras: 'two' });
    expect([list.code, list.lines]).toEqual([0, []]);
    expect(list.stdout.toString().split('\n').slice(0, 5)).toEqual([
      'Available cameras',
      '-----------------',
      `0 : imx219 [3280x2464 10-bit RGGB] (${CAMERA})`,
      "    Modes: 'SRGGB10_CSI2P' : 640x480 [206.02 fps - (0, 0)/3280x2464 crop]",
      '                             1640x1232 [41.00 fps - (0, 0)/3280x2464 crop]',
    ]);
    expect(list.stdout.toString()).toContain('\n1 : ov5647 [2592x1944 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@80000/ov5647@36)\n');
  });
});

describe('the stream', () => {
  test('is whole pictures until the timeout, and says the usual things', async () => {
    const { code, lines, stdout } = await finished(['--code', 'mjpeg', '-t', '1000', '-n', '-o', '-']);
    expect(lines).toEqual([...FOUND, ...MODE_640, ...CONFIGURED, 'Halting: reached timeout of 1000 milliseconds.']);
    expect(code).toBe(0);
    expect(stdout.subarray(0, BARS.length).equals(BARS.subarray(0, stdout.length))).toBe(true);
    // 30 a second, less what a loaded machine lets slip.
    expect(cut(stdout).length).toBeGreaterThanOrEqual(20);
    expect(cut(stdout).length).toBeLessThanOrEqual(31);
    expect(cut(stdout).every(isWhole)).toBe(true);
  });

  test('-v 0 silences it, and --info-text names every frame', async () => {
    expect((await finished(['--codec', 'mjpeg', '-v', '0', '-n', '--frames', '2'])).lines).toEqual([]);
    const { lines } = await finished(['--codec', 'mjpeg', '--frames', '2', '--info-text', '#%frame (%fps fps) exp %exp']);
    expect(lines).toContain('Preview window unavailable');
    expect(lines.slice(-2)).toEqual(['#0 (0.00 fps) exp 16666.00', '#1 (30.00 fps) exp 16666.00']);
  });

  test.each([
    ['641', '481', '640x480', 'Mode selection for 641:481:12:P', '    SRGGB10_CSI2P,640x480/0 - Score: 1004.26'],
    ['9999', '101', '3280x100', 'Mode selection for 9999:101:12:P', undefined],
    ['-5', '101', '3280x100', 'Mode selection for 4294967291:101:12:P', undefined],
    ['1280', '720', '1280x720', 'Mode selection for 1280:720:12:P', '    SRGGB10_CSI2P,1920x1080/0 - Score: 1250'],
  ])('a size of %s by %s becomes %s', async (width, height, size, selection, score) => {
    const { code, frames, lines } = await finished([...STREAM, '--width', width, '--height', height, '--frames', '3']);
    expect(code).toBe(0);
    expect(frames.map(sizeOf)).toEqual([size, size, size]);
    expect(frames.every(isWhole)).toBe(true);
    expect(frames[0]?.equals(frames[1] as Buffer)).toBe(false);
    expect(lines).toContain(selection);
    if (score !== undefined) expect(lines).toContain(score);
  });

  test('keeps the rate over time', async () => {
    const run = start([...STREAM, '--framerate', '50', '--frames', '60']);
    await run.until(({ frames }) => frames.length > 0);
    const first = performance.now();
    await run.until(({ frames }) => frames.length === 60);
    const ms = performance.now() - first;
    // 59 frame times of 20 ms; never early, late only on a loaded machine.
    expect(ms).toBeGreaterThan(1130);
    expect(ms).toBeLessThan(1900);
  });

  test.each([
    ['with --flush every picture leaves at once', true],
    ['without --flush only blocks of 4096 bytes leave', false],
  ])('%s', async (_, flush) => {
    const frames = cut(BARS).slice(0, 3);
    const bytes = Buffer.concat(frames);
    const expected = flush ? bytes.length : bytes.length - (bytes.length % 4096);
    const run = start(flush ? STREAM : STREAM.filter((word) => word !== '--flush'), { freezeAfterFrames: 3 });
    await run.until(({ stdout }) => stdout.length >= expected);
    run.child.kill('SIGKILL');
    await run.ended;
    expect(run.stdout.equals(bytes.subarray(0, expected))).toBe(true);
  });

  test('goes on without a missing annotate stage', async () => {
    const file = join(stage.dir, 'annotate.json');
    writeFileSync(file, JSON.stringify({ annotate_cv: { text: '%F %T' } }));
    const args = [...STREAM, '--frames', '1', '--post-process-file', file];
    const missing = await finished(args, { annotateStageMissing: true });
    expect(missing.lines).toContain('No post processing stage found for "annotate_cv"');
    expect(missing.frames).toHaveLength(1);
    expect((await finished(args)).lines).toContain('Reading post processing stage "annotate_cv"');
  });

  test('looks for motion in named regions, in the words of the recording', async () => {
    const file = join(stage.dir, 'motion.json');
    const region = (name: string, x: number) => ({
      ...{ roi_x: x, roi_y: 0, roi_width: 0.5, roi_height: 1, difference_m: 0.1, difference_c: 10, region_threshold: 0.005 },
      ...{ frame_period: 3, hskip: 2, vskip: 2, verbose: 1, region_name: name },
    });
    const stages = [region('left', 0), region('right', 0.5)].map((each) => `"motion_detect":${JSON.stringify(each)}`);
    writeFileSync(file, `{${stages.join(',')}}`);
    const args = [...STREAM, '--frames', '5', '--lores-width', '128', '--lores-height', '96', '--post-process-file', file];
    const moves = [
      { from: 1, to: 3, region: 'left' },
      { from: 2, to: 4, region: 'right' },
    ];
    const { lines } = await finished(args, { moves });
    // As rpicam-vid 1.13 printed them, with the same file.
    expect(lines.filter((line) => /motion|Motion|Lores/.test(line))).toEqual([
      'Reading post processing stage "motion_detect"',
      'Reading post processing stage "motion_detect"',
      'Lores: 64x48 roi: (0,0) 32x48 threshold: 7',
      'Lores: 64x48 roi: (32,0) 32x48 threshold: 7',
      'Motion detected in region left',
      'Motion detected in region right',
      'Motion stopped in region left',
      'Motion stopped in region right',
    ]);
    expect(lines.find((line) => line.includes('configuring streams'))).toMatch(/ \(2\) 128x96-YUV420\/sYCC$/);
    const missing = await finished(args, { moves, motionStageMissing: true });
    expect(missing.lines).toContain('No post processing stage found for "motion_detect"');
    expect(missing.lines.join()).not.toMatch(/Motion|Lores/);
  });

  test('writes metadata as the recording has it', async () => {
    const file = join(stage.dir, 'metadata.txt');
    await finished([...STREAM, '--frames', '2', '--metadata', file, '--metadata-format', 'txt'], { lux: [[1, 3]] });
    const frames = readFileSync(file, 'utf8').split('\n\n').filter(Boolean);
    expect(frames).toHaveLength(2);
    expect(frames[0]).toContain('\nExposureTime=16666\nLux=400.000000\n');
    expect(frames[1]).toContain('\nLux=3.000000\n');
  });

  test('starts and first frames can be late, and every start and end is noted', async () => {
    const started = performance.now();
    await finished([...STREAM, '--frames', '1'], { startDelayMs: 300, firstFrameDelayMs: 300 });
    expect(performance.now() - started).toBeGreaterThan(600);
    await finished(['--nosuch']);
    expect(stage.starts().map(({ argv }) => argv.at(-1))).toEqual(['1', '--nosuch']);
    expect(stage.ends().map(({ pid, code }) => [pid, code])).toEqual(stage.starts().map(({ pid }, i) => [pid, [0, 255][i]]));
  });
});

describe('one process per camera', () => {
  const BUSY = [
    ...FOUND,
    'INFO Camera camera.cpp:1021 Pipeline handler in use by another process',
    `ERROR: *** failed to acquire camera ${CAMERA} ***`,
  ];

  test('a second one is told that the camera is busy, until the first is gone, however it went', async () => {
    const first = start(STREAM);
    await first.until(({ frames }) => frames.length > 0);
    const second = await finished(STREAM);
    expect([second.code, second.lines, second.stdout.length]).toEqual([255, BUSY, 0]);
    const list = await finished(['--list-cameras']);
    expect(list.stdout.toString()).toContain('1640x1232 [206.02 fps');
    first.child.kill('SIGKILL');
    await first.ended;
    expect((await finished([...STREAM, '--frames', '1'])).frames).toHaveLength(1);
  });

  test('the other camera is free', async () => {
    const first = start(STREAM, { cameras: 'two' });
    await first.until(({ frames }) => frames.length > 0);
    expect((await finished([...STREAM, '--camera', '1', '--frames', '1'], { cameras: 'two' })).code).toBe(0);
  });

  test('another program can have it', async () => {
    expect((await finished(STREAM, { busy: true })).lines).toEqual(BUSY);
  });
});

describe('ends', () => {
  /** Long enough for a SIGINT that is heard to have ended it: a frame time and the encoder's 200 ms. */
  const HEARD_MS = 500;
  const stillRuns = async (run: Run) => {
    const quiet = new Promise<string>((resolve) => setTimeout(resolve, HEARD_MS, 'runs'));
    expect(await Promise.race([run.ended, quiet])).toBe('runs');
  };

  test('SIGINT while running drains and exits with 0', async () => {
    const run = start(STREAM.filter((word) => word !== '--flush'));
    await run.until(({ frames }) => frames.length > 2);
    const sent = performance.now();
    run.child.kill('SIGINT');
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(performance.now() - sent).toBeGreaterThan(190);
    expect(plain(run.stderr).at(-1)).toBe('Received signal 2');
    expect(run.frames.every(isWhole)).toBe(true);
  });

  test('SIGINT before the start, and SIGTERM at any time, kill it', async () => {
    const early = start(STREAM, { startDelayMs: 20_000 });
    await early.heard('libcamera v');
    early.child.kill('SIGINT');
    expect(await early.ended).toEqual({ code: null, signal: 'SIGINT' });
    const running = start(STREAM);
    await running.until(({ frames }) => frames.length > 0);
    running.child.kill('SIGTERM');
    expect(await running.ended).toEqual({ code: null, signal: 'SIGTERM' });
    expect(stage.ends().map(({ signal }) => signal)).toEqual(['SIGINT', 'SIGTERM']);
  });

  test('SIGINT can be ignored', async () => {
    const run = start(STREAM, { ignoreSigint: true });
    await run.until(({ frames }) => frames.length > 0);
    run.child.kill('SIGINT');
    await run.heard('Received signal 2');
    const before = run.frames.length;
    await run.until(({ frames }) => frames.length > before + 20);
  });

  test('a frozen sensor sends nothing, says nothing and does not hear SIGINT', async () => {
    const run = start(STREAM, { freezeAfterFrames: 4 });
    await run.until(({ frames }) => frames.length === 4 && frames.every(isWhole));
    run.child.kill('SIGINT');
    await run.heard('Received signal 2');
    await stillRuns(run);
    expect(run.frames).toHaveLength(4);
    expect(plain(run.stderr)).toEqual([...FOUND, ...MODE_640, ...CONFIGURED, 'Received signal 2']);
  });

  test('a lost sensor is reported every second for ever, SIGINT or not', async () => {
    const run = start(STREAM, { timeoutAfterFrames: 2 });
    await run.heard('ERROR: Device timeout detected, attempting a restart!!!');
    expect(plain(run.stderr).slice(-4)).toEqual([
      'ERROR Virtual virtual.cpp:423 Camera frontend has timed out!',
      'ERROR Virtual virtual.cpp:424 Please check that your camera sensor connector is attached securely.',
      'ERROR Virtual virtual.cpp:425 Alternatively, try another cable and/or sensor.',
      'ERROR: Device timeout detected, attempting a restart!!!',
    ]);
    run.child.kill('SIGINT');
    await run.heard('Device timeout', 3);
    expect(run.frames).toHaveLength(2);
  });

  test('it can die in the middle of a picture', async () => {
    const { signal, frames } = await finished(STREAM, { dieAfterFrames: 3, dieMidFrame: true });
    expect(signal).toBe('SIGABRT');
    expect(frames.map(isWhole)).toEqual([true, true, true, false]);
    expect(stage.ends()[0]?.signal).toBe('SIGABRT');
  });

  test('it aborts when the reader closes the pipe', async () => {
    const run = start(STREAM);
    await run.until(({ frames }) => frames.length > 0);
    run.child.stdout?.destroy();
    expect(await run.ended).toEqual({ code: null, signal: 'SIGABRT' });
    expect(plain(run.stderr).at(-1)).toBe('  what():  failed to write output bytes');
  });

  test('a reader that does not read keeps SIGINT from ending it, and gets whole pictures when it reads again', async () => {
    // One such picture is more than the pipe holds.
    const large = ['--width', '1920', '--height', '1080', '-q', '100', '--framerate', '10', '--info-text', '#%frame'];
    const run = start([...STREAM, ...large], {}, { read: false });
    await run.heard('#3');
    run.child.kill('SIGINT');
    await run.heard('Received signal 2');
    await stillRuns(run);
    run.read();
    expect(await run.ended).toEqual({ code: 0, signal: null });
    expect(run.frames.length).toBeGreaterThanOrEqual(4);
    expect(run.frames.every(isWhole)).toBe(true);
  });
});

describe('H.264', () => {
  const COLOURS = CONFIGURED.map((line) => line.replace('sYCC', 'SMPTE170M'));
  const LIBAV = ['--codec', 'libav', '--libav-video-codec', 'libx264', '--low-latency', '--intra', '15', '-b', '500000'];
  const PICTURE = ['-n', '--flush', '--width', '640', '--height', '480', '--framerate', '15', '-o', '-'];
  const FLV = [...LIBAV, '--libav-format', 'flv', ...PICTURE];
  const PI5: Scenario = { libav: true };
  /** Without addresses in memory. */
  const bare = (lines: readonly string[]) => lines.map((line) => line.replace(/@ 0x[0-9a-f]+/, '@'));
  const last = (lines: readonly string[]) => bare(lines).at(-1);
  const X264 = [
    '[libx264 @] using cpu capabilities: MMX2 SSE2Fast SSSE3 SSE4.2 AVX FMA3 BMI2 AVX2',
    '[libx264 @] profile Constrained Baseline, level 2.2, 4:2:0, 8-bit',
  ];
  const outputs = (format: string, most: number) => [
    `Output #0, ${format}, to '-':`,
    '  Stream #0:0: Video: h264, yuv420p(tv, smpte170m/smpte170m/bt709), 640x480, q=2-31, 500 kb/s, 15 fps, 15 tbr, 1000k tbn',
    '      Side data:',
    `        cpb: bitrate max/min/avg: ${most}/0/500000 buffer size: ${most} vbv_delay: N/A`,
  ];
  const RECORDING = h264Recording(`${LOW_LATENCY}.h264`);

  test('--version of a release with libav', async () => {
    const { code, stdout } = await finished(['--version'], PI5);
    expect([code, stdout.toString()]).toEqual([0, expect.stringMatching(/^rpicam-apps build: v1\.13\.0 .*\n.* libav:1\n/)]);
  });

  test('byte stream: the recording, and what libav says around it', async () => {
    const { code, lines, stdout } = await finished([...LIBAV, '--libav-format', 'h264', ...PICTURE, '--frames', '44'], PI5);
    expect([code, stdout.equals(RECORDING)]).toEqual([0, true]);
    const configured = lines.indexOf('Stream configuration adjusted');
    expect(bare(lines.slice(configured))).toEqual([
      ...COLOURS,
      ...X264,
      ...outputs('h264', 0),
      expect.stringMatching(/^\[libx264 @\] kb\/s:/),
    ]);
  });

  test('FLV: the same pictures as the recording, by the clock, and an end', async () => {
    const limits = ['--libav-video-codec-opts', 'threads=2;maxrate=500000;bufsize=500000'];
    const { code, lines, stdout } = await finished([...FLV, ...limits, '--frames', '4'], PI5);
    expect(code).toBe(0);
    const tags = flvTags(stdout);
    const recorded = flvTags(h264Recording(`${LOW_LATENCY}.flv`));
    expect(tags.map(({ type, head }) => [type, head])).toEqual(
      [...recorded.slice(0, 6), recorded.at(-1)!].map(({ type, head }) => [type, head]),
    );
    expect(tags.slice(2, 6).map(({ time }) => time)).toEqual([0, 67, 133, 200]);
    // The parameter sets say what the recording's do; how large the pictures are depends on the bit rate's limits.
    expect(tags[1]!.body).toEqual(recorded[1]!.body);
    expect(bare(lines).slice(-10, -3)).toEqual([...X264, expect.stringContaining('264 - core 164'), ...outputs('flv', 500_000)]);
    expect(bare(lines).slice(-3, -1)).toEqual([
      '[flv @] Failed to update header with correct duration.',
      '[flv @] Failed to update header with correct filesize.',
    ]);
  });

  test('a clock that is set back ends FLV with whole tags, and a byte stream not', async () => {
    const flv = await finished([...FLV, '--frames', '30'], { ...PI5, clockSetBackAtFrame: 5 });
    expect([flv.signal, flvTags(flv.stdout).length]).toEqual(['SIGABRT', 2 + 5]);
    expect(bare(flv.lines).slice(-3)).toEqual([
      '[flv @] Application provided invalid, non monotonically increasing dts to muxer in stream 0: 1269 >= -667',
      "terminate called after throwing an instance of 'std::runtime_error'",
      '  what():  libav: error writing output: Invalid argument',
    ]);
    const bytes = await finished([...LIBAV, '--libav-format', 'h264', ...PICTURE, '--frames', '8'], { ...PI5, clockSetBackAtFrame: 5 });
    expect(bytes.code).toBe(0);
    expect(bare(bytes.lines).filter((line) => line.includes('non monotonically'))).toHaveLength(3);
  });

  test.each<[string, Scenario, string[], string]>([
    ['no package of encoders, libav', {}, [...LIBAV], 'Unrecognised codec libav'],
    ['no package of encoders, h264', {}, ['--codec', 'h264'], 'Unable to find an appropriate H.264 codec'],
    ['no encoder of a Pi 4', { platform: 'vc4', hardwareEncoder: false }, ['--codec', 'h264'], 'failed to open V4L2 H264 encoder'],
    ['no format', PI5, ['--codec', 'h264'], 'libav: cannot allocate output context, try setting with --libav-format'],
    [
      'an unknown format',
      PI5,
      [...LIBAV, '--libav-format', 'nosuch'],
      'libav: cannot allocate output context, try setting with --libav-format',
    ],
    ['times in a file', PI5, [...LIBAV, '--libav-format', 'h264', '--save-pts', 'pts'], 'libav: Incompatible options selected.'],
    [
      'an unknown option',
      PI5,
      [...LIBAV, '--libav-format', 'h264', '--libav-video-codec-opts', 'nosuch=1'],
      'libav: codec option error nosuch=1: Option not found',
    ],
  ])('refused: %s', async (_name, scenario, args, message) => {
    const { code, lines, stdout } = await finished([...args, ...PICTURE], scenario);
    expect([code, stdout.length, last(lines)]).toEqual([255, 0, `ERROR: *** ${message} ***`]);
  });

  test('metadata beside libav kill it with the first picture', async () => {
    const { signal, lines, stdout } = await finished([...FLV, '--metadata', '/dev/null', '--metadata-format', 'txt'], PI5);
    expect([signal, flvTags(stdout).length]).toEqual(['SIGABRT', 3]);
    expect(last(lines)).toContain("Assertion '!this->empty()' failed.");
  });

  test('raw pictures are not played', async () => {
    const { code, lines } = await finished(['--codec', 'yuv420', ...PICTURE]);
    expect([code, last(lines)]).toEqual([70, expect.any(String)]);
    expect(lines.join('\n')).toContain('does not play --codec yuv420');
  });

  needsProgram(
    'ffmpeg',
    'the encoder of a Pi 4 writes a byte stream of any size, with its parameter sets in front of each key frame',
    async () => {
      const args = ['--codec', 'h264', '--inline', '--profile', 'high', '--intra', '5', '-b', '300kbps', '-n', '--flush', '-o', '-'];
      const { code, stdout, lines } = await finished(
        [...args, '--width', '320', '--height', '240', '--framerate', '30', '--frames', '11'],
        {
          platform: 'vc4',
        },
      );
      const nals = splitAnnexB(stdout);
      expect([code, nals.map(nalType)]).toEqual([0, [...Array(2).fill([7, 8, 5, 1, 1, 1, 1]).flat(), 7, 8, 5]]);
      expect(readSps(nals[0]!)).toMatchObject({ width: 320, height: 240, profileLevelId: expect.stringMatching(/^64/) });
      expect(lines.join('\n')).toContain("Adding camera '/base/soc/i2c0mux/i2c@0/imx219@10'");
    },
  );
});

/** The tags of an FLV file: type, time, what stands in front of the data of a video tag, and all of it. */
function flvTags(bytes: Buffer) {
  const tags: { type: number; time: number; head: string; body: string }[] = [];
  for (let at = 13; at < bytes.length; ) {
    const size = bytes.readUIntBE(at + 1, 3);
    const body = bytes.subarray(at + 11, at + 11 + size);
    expect(bytes.readUInt32BE(at + 11 + size)).toBe(11 + size);
    const head = bytes[at] === 9 ? body.toString('hex', 0, 5) : '';
    tags.push({ type: bytes[at]!, time: bytes.readUIntBE(at + 4, 3), head, body: body.toString('hex') });
    at += 15 + size;
  }
  return tags;
}
