import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { h264Level, type LeveledStream } from '../../../src/frames/h264-level.ts';

const baseline = { bitrate: 2000, profile: 'baseline' } as const;

describe('the level of', () => {
  // After H.264, tables: level 3.1 is 1280x720 at 30, level 4 1920x1088 at 30.1.
  test.each<[number, number, number, string]>([
    [176, 144, 15, '2'],
    [640, 360, 10, '2.2'],
    [640, 480, 30, '3'],
    [720, 576, 25, '3'],
    [1280, 720, 30, '3.1'],
    [1280, 720, 60, '3.2'],
    [1280, 1024, 42, '3.2'],
    [1920, 1080, 30, '4'],
    [1920, 1080, 30.2, '4.2'],
    [1920, 1080, 60, '4.2'],
    [2592, 1944, 15, '5'],
    [3840, 2160, 30, '5.1'],
    [4096, 2304, 10, '5.1'],
    [4608, 2592, 10, '6'],
    [8192, 8192, 120, '6.2'],
    // Few macroblocks, but a side longer than lower levels have.
    [2048, 64, 15, '3.1'],
  ])('%i x %i at %d a second is %s', (width, height, fps, level) => {
    expect(h264Level({ width, height, fps, ...baseline })).toBe(level);
  });

  test.each<[number, LeveledStream['profile'], string]>([
    [14_000, 'baseline', '3.1'],
    [14_001, 'main', '3.2'],
    [17_500, 'high', '3.1'],
    [17_501, 'high', '3.2'],
    [25_000, 'baseline', '4.1'],
    [25_000, 'high', '3.2'],
    [50_000, 'baseline', '4.1'],
  ])('1280x720 at 15 a second with %i kbit/s is, as %s, %s', (bitrate, profile, level) => {
    expect(h264Level({ width: 1280, height: 720, fps: 15, bitrate, profile })).toBe(level);
  });

  test('more of anything is never lower', () => {
    const side = fc.integer({ min: 16, max: 8192 });
    const fps = fc.integer({ min: 1, max: 120 });
    const bitrate = fc.integer({ min: 64, max: 50_000 });
    const percent = fc.integer({ min: 100, max: 400 });
    fc.assert(
      fc.property(side, side, fps, bitrate, percent, (width, height, fps, bitrate, percent) => {
        const stream: LeveledStream = { width, height, fps, bitrate, profile: 'main' };
        for (const key of ['width', 'height', 'fps', 'bitrate'] as const)
          expect(Number(h264Level({ ...stream, [key]: (stream[key] * percent) / 100 }))).toBeGreaterThanOrEqual(Number(h264Level(stream)));
      }),
    );
  });
});
