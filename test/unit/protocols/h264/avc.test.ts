import { describe, expect, test } from '@jest/globals';
import {
  lengthPrefixed,
  prefixedSize,
  readAvcConfiguration,
  splitLengthPrefixed,
  writeAvcConfiguration,
} from '../../../../src/protocols/h264/avc.ts';

const sps = Buffer.from([0x67, 0x42, 0xc0, 0x1e, 0x01]);
const pps = Buffer.from([0x68, 0xce]);
const record = Buffer.from([1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 5, ...sps, 1, 0, 2, ...pps]);

describe('NAL units', () => {
  test('of a sample: by their lengths, empty ones left out', () => {
    expect(splitLengthPrefixed(Buffer.from([0, 0, 0, 2, ...pps, 0, 0, 0, 0, 0, 0, 0, 5, ...sps]), 4)).toEqual([pps, sps]);
    expect(splitLengthPrefixed(Buffer.from([2, ...pps]), 1)).toEqual([pps]);
    expect(splitLengthPrefixed(Buffer.alloc(0), 4)).toEqual([]);
    for (const wrong of ['0000', '00000003aabb', 'ffffffff', '00000001aa00']) {
      expect(splitLengthPrefixed(Buffer.from(wrong, 'hex'), 4)).toBeUndefined();
    }
  });
});

test('a sample that is written is read as it was', () => {
  const sample = Buffer.concat(lengthPrefixed([sps, pps]));
  expect(sample).toHaveLength(prefixedSize([sps, pps]));
  expect(splitLengthPrefixed(sample, 4)).toEqual([sps, pps]);
});

describe('AVCDecoderConfigurationRecord', () => {
  test('is written as it is read', () => {
    expect(writeAvcConfiguration({ sps, pps })).toEqual(record);
  });

  test('gives the parameter sets and the size of lengths', () => {
    expect(readAvcConfiguration(record)).toEqual({ lengthSize: 4, sps, pps });
    expect(readAvcConfiguration(Buffer.concat([record, Buffer.from('more')]))).toEqual({ lengthSize: 4, sps, pps });
  });

  test('that is cut off anywhere is none', () => {
    for (let length = 0; length < record.length; length++) expect(readAvcConfiguration(record.subarray(0, length))).toBeUndefined();
  });

  test('of another version, or without parameter sets, is none', () => {
    expect(readAvcConfiguration(Buffer.from([0, ...record.subarray(1)]))).toBeUndefined();
    expect(readAvcConfiguration(Buffer.from([1, 0x42, 0xc0, 0x1e, 0xff, 0xe0, 0]))).toBeUndefined();
  });
});
