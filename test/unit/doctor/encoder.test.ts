import { describe, expect, test } from '@jest/globals';
import { encoderChecks } from '../../../src/doctor/encoder.ts';
import { find, type Made, makeSurroundings } from '../../support/doctor.ts';

/** An ffmpeg that has `listed`, of which those in `works` encode. */
const ffmpeg = (listed: readonly string[], works: readonly string[] = listed): Made['programs'] => ({
  ffmpeg: `case "$*" in
*-version*) echo "ffmpeg version 7.1.2-stand-in Copyright" ;;
*-encoders*) ${listed.map((name) => `echo " V....D ${name}              H.264"`).join('; ') || ':'} ;;
${works.map((name) => `*-c:v\\ ${name}\\ *) for k in 0 1 2 3 4 5 6 7 8 9; do echo "0, $k, $k, 1, 100, 0x0"; done ;;`).join('\n')}
*) echo "Cannot load libcuda" >&2; exit 1 ;;
esac`,
});
const checksOf = (made: Made) => encoderChecks(makeSurroundings(made));

describe('ffmpeg', () => {
  test('has its version', async () => {
    expect(await find(checksOf({ programs: ffmpeg(['libx264'])! }), 'ffmpeg')).toMatchObject({
      level: 'ok',
      seen: expect.stringContaining('7.1.2-stand-in'),
    });
  });

  test.each<[string, Made, string]>([
    ['missing', {}, 'warning'],
    ['missing, and the camera gives H.264 itself', { config: { camera: { encoding: 'h264' } } }, 'error'],
    ['missing, and a webcam needs it', { config: { camera: { source: 'v4l2' } } }, 'error'],
    ['not where the setting says', { config: { h264: { ffmpegPath: '/opt/none' } } }, 'error'],
    ['broken', { programs: { ffmpeg: 'echo "cannot open shared object file" >&2; exit 127' } }, 'error'],
  ])('%s is told with the command', async (_, made, level) => {
    expect(await find(checksOf(made), 'ffmpeg')).toMatchObject({
      level,
      fix: expect.stringMatching(/sudo apt install (--reinstall )?ffmpeg/),
    });
  });

  test('does not matter where H.264 is off', async () => {
    for (const id of ['ffmpeg', 'ffmpeg-encoders', 'h264-trial'])
      expect(await find(checksOf({ config: { h264: { enabled: false } } }), id)).toMatchObject({ level: 'skipped' });
  });
});

describe('ffmpeg-encoders', () => {
  test.each<[string[], string, string, string]>([
    [['libx264', 'h264_v4l2m2m'], 'auto', 'ok', 'has libx264 and h264_v4l2m2m'],
    [['libx264'], 'auto', 'ok', 'has libx264'],
    [[], 'auto', 'error', 'no encoder for H.264'],
    [['libx264'], 'h264_v4l2m2m', 'error', 'no h264_v4l2m2m (h264.encoder)'],
  ])('%j, wanted %s: %s', async (listed, encoder, level, seen) => {
    const found = await find(checksOf({ programs: ffmpeg(listed)!, config: { h264: { encoder } } }), 'ffmpeg-encoders');
    expect(found).toMatchObject({ level, seen: expect.stringContaining(seen) });
  });

  test('are skipped without ffmpeg', async () => {
    expect(await find(checksOf({}), 'ffmpeg-encoders')).toMatchObject({ level: 'skipped' });
  });
});

describe('h264-trial', () => {
  test('says which encoders work', async () => {
    const both = checksOf({ programs: ffmpeg(['libx264', 'h264_v4l2m2m'])! });
    expect(await find(both, 'h264-trial')).toMatchObject({
      level: 'ok',
      seen: expect.stringMatching(/^h264_v4l2m2m \(hardware\) and libx264 encoded ten/),
    });
    const software = checksOf({ programs: ffmpeg(['libx264', 'h264_v4l2m2m'], ['libx264'])! });
    expect(await find(software, 'h264-trial')).toMatchObject({ level: 'ok', seen: expect.stringMatching(/^libx264 encoded ten/) });
  });

  test('fails where none does, with what it said', async () => {
    const found = await find(checksOf({ programs: ffmpeg(['libx264'], [])! }), 'h264-trial');
    expect(found).toMatchObject({
      level: 'error',
      seen: expect.stringContaining('Cannot load libcuda'),
      fix: expect.stringContaining('--reinstall ffmpeg'),
    });
  });
});
