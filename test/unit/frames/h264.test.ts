import { describe, expect, test } from '@jest/globals';
import { isSlice, NAL, nalRefIdc, nalType, splitAnnexB } from '../../../src/frames/h264.ts';
import { readSps } from '../../../src/frames/h264-sps.ts';

const hex = (text: string) => Buffer.from(text, 'hex');
const SPS = hex('6742c028d900780227e5c044000003000400000300083c60c920');
const PPS = hex('68cb83cb20');

describe('splitAnnexB', () => {
  test.each<[string, string, string[]]>([
    ['start codes of three and four bytes', '000000016742000001680000000165aa', ['6742', '68', '65aa']],
    ['zeros behind a NAL unit', '00000165aa00000000000001419b0000', ['65aa', '419b']],
    ['something in front of the first start code', '0102030000000165aa', ['65aa']],
    ['empty NAL units', '00000100000100000165', ['65']],
    ['emulation prevention, which stays', '000001650000030100000302', ['650000030100000302']],
    ['no start code', '6742c028', []],
    ['a start code alone', '00000001', []],
    ['nothing', '', []],
  ])('%s', (_name, bytes, nals) => {
    expect(splitAnnexB(hex(bytes)).map((nal) => nal.toString('hex'))).toEqual(nals);
  });

  test('copies nothing', () => {
    const bytes = hex('0000000165aabb');
    expect(splitAnnexB(bytes)[0]!.buffer).toBe(bytes.buffer);
  });
});

test('the first byte of a NAL unit tells type and importance', () => {
  expect([nalType(SPS), nalRefIdc(SPS)]).toEqual([NAL.SPS, 3]);
  expect([nalType(hex('01')), nalRefIdc(hex('01'))]).toEqual([NAL.SLICE, 0]);
  expect([nalType(Buffer.alloc(0)), nalRefIdc(Buffer.alloc(0))]).toEqual([0, 0]);
});

test('slices are told from what is no part of a picture', () => {
  const nals = ['6588', '4188', '6508', '6788', '0688', '65'].map(hex);
  expect(nals.map(isSlice)).toEqual([true, true, true, false, false, true]);
});

/** A parameter set written down bit by bit behind its type, profile and level. */
const bits = (text: string): string =>
  `6742c00b${text
    .replaceAll(' ', '')
    .match(/.{1,8}/g)!
    .map((byte) => Number.parseInt(byte.padEnd(8, '0'), 2).toString(16).padStart(2, '0'))
    .join('')}`;
/** The id of the set, the size of the frame number. */
const START = '1 1';
/** Number of reference frames, no gaps; 20 by 15 macroblocks. */
const SIZE = '1 0 000010100 0001111';

describe('readSps', () => {
  test.each([
    ['baseline, cropped at the bottom', SPS.toString('hex'), '42c028', 1920, 1080],
    ['main', '674d4028eca03c0113f2e022000003000200000300041e30632c', '4d4028', 1920, 1080],
    ['high', '67640028acd940780227e5c044000003000400000300083c60c658', '640028', 1920, 1080],
    ['high 4:4:4, where cropping has steps of one pixel', '67f40016919b281706bc7c7e022000000300200000030041e2c5b2c0', 'f40016', 722, 402],
    ['interlaced 4:2:2 with scaling lists', '677a001ebcd940b86bc44f808800000300080000030190f8a14cb0', '7a001e', 722, 404],
    ['not cropped', '6742c00bd90141fb0110000003001000000300a0f142a480', '42c00b', 320, 240],
    ['with a cycle of picture order counts', bits(`${START} 010 0 1 1 011 1 1 ${SIZE} 1 1 0 0 1`), '42c00b', 320, 240],
    // The same with 2^26 - 1 reference frames, written as 26 zeros, a one and 26 zeros.
    ['with emulation prevention in front of its size', '6742c00bd800000301000003000141f9', '42c00b', 320, 240],
    ['with frames of fields', bits(`${START} 011 ${SIZE} 0 0 1 0 0 1`), '42c00b', 320, 480],
  ])('%s', (_name, bytes, profileLevelId, width, height) => {
    expect(readSps(hex(bytes))).toEqual({ profileLevelId, width, height });
  });

  test.each([
    ['no parameter set of a sequence', PPS.toString('hex')],
    ['nothing', ''],
    ['its type alone', '67'],
    ['one that breaks off', SPS.toString('hex').slice(0, 14)],
    ['one that breaks off behind its size', bits(`${START} 011 ${SIZE}`)],
    ['one that is too large for any level', bits(`${START} 011 1 0 000000000011111010001 0001111 1 1 0 0 1`)],
    ['one that is cropped away', bits(`${START} 011 1 0 1 1 1 1 1 000010001 1 1 1 0 1`)],
    ['zeros', `6742c028${'00'.repeat(40)}`],
  ])('%s: undefined', (_name, bytes) => {
    expect(readSps(hex(bytes))).toBeUndefined();
  });
});
