import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { cut, isWhole, sizeOf } from '../../support/rpicam/run.ts';
import { BARS, CAMERA, CONFIGURED, FOUND, MODE_640, STREAM, StandinRuns } from '../../support/rpicam/standin-runs.ts';

const runs = new StandinRuns();
const { finished, start } = runs;

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
    const times: number[] = [];
    await run.until(({ frames }) => {
      while (times.length < frames.length) times.push(performance.now());
      return times.length === 60;
    });
    // Each is due 20 ms after the one before. On a loaded machine some are late, none is early: what the best of many begins says.
    const steps = times.slice(0, 30).map((at, k) => (times[59]! - at) / (59 - k));
    expect(Math.max(...steps)).toBeGreaterThan(19.1);
    expect(Math.min(...steps)).toBeLessThan(32);
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
    const file = join(runs.stage.dir, 'annotate.json');
    writeFileSync(file, JSON.stringify({ annotate_cv: { text: '%F %T' } }));
    const args = [...STREAM, '--frames', '1', '--post-process-file', file];
    const missing = await finished(args, { annotateStageMissing: true });
    expect(missing.lines).toContain('No post processing stage found for "annotate_cv"');
    expect(missing.frames).toHaveLength(1);
    expect((await finished(args)).lines).toContain('Reading post processing stage "annotate_cv"');
  });

  test('looks for motion in named regions, in the words of the recording', async () => {
    const file = join(runs.stage.dir, 'motion.json');
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
    const file = join(runs.stage.dir, 'metadata.txt');
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
    expect(runs.stage.starts().map(({ argv }) => argv.at(-1))).toEqual(['1', '--nosuch']);
    expect(runs.stage.ends().map(({ pid, code }) => [pid, code])).toEqual(runs.stage.starts().map(({ pid }, i) => [pid, [0, 255][i]]));
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
