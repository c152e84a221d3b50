import { beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../../src/core/log.ts';
import { type ProbeOptions, probeEncoder } from '../../../src/encode/ffmpeg/probe.ts';
import { linkEncoder } from '../../support/encoder.ts';
import { makeTempDir } from '../../support/temp-dir.ts';

let dir: string;
let said: string[];
// The stand-in is a Node program.
const probe = (wanted: ProbeOptions['wanted'] = 'auto') =>
  probeEncoder({
    ffmpeg: undefined,
    wanted,
    searchPath: `${dir}:${process.env.PATH}`,
    log: { ...silentLogger, info: (message) => said.push(message) },
  });

const install = (works: readonly string[]) => linkEncoder(dir, { works });

beforeEach(() => {
  dir = makeTempDir();
  said = [];
});

describe('probeEncoder', () => {
  test('takes the hardware where it works, and says so', async () => {
    const ffmpeg = install(['h264_v4l2m2m', 'libx264']);
    expect(await probe()).toEqual({ ok: { ffmpeg, hardware: true, software: true } });
    expect(said).toEqual([expect.stringContaining('h264_v4l2m2m')]);
  });

  test('takes libx264 otherwise', async () => {
    const ffmpeg = install(['libx264']);
    expect(await probe()).toEqual({ ok: { ffmpeg, hardware: false, software: true } });
    expect(said).toEqual([expect.stringContaining('libx264')]);
  });

  test('takes only the one that is wanted', async () => {
    const ffmpeg = install(['h264_v4l2m2m', 'libx264']);
    expect(await probe('libx264')).toEqual({ ok: { ffmpeg, hardware: false, software: true } });
    expect(await probe('h264_v4l2m2m')).toEqual({ ok: { ffmpeg, hardware: true, software: false } });
  });

  test('an ffmpeg without the one that is wanted is no encoder', async () => {
    install(['libx264']);
    expect(await probe('h264_v4l2m2m')).toMatchObject({
      error: { code: 'H264_UNAVAILABLE', message: expect.stringContaining('h264_v4l2m2m: Unknown encoder') },
    });
  });

  test('takes the ffmpeg whose path is given', async () => {
    const ffmpeg = install(['libx264']);
    const found = await probeEncoder({ ffmpeg, wanted: 'auto', searchPath: process.env.PATH ?? '', log: silentLogger });
    expect(found).toEqual({ ok: { ffmpeg, hardware: false, software: true } });
  });

  test('an ffmpeg without either is no encoder; the error has its words', async () => {
    install([]);
    expect(await probe()).toMatchObject({ error: { code: 'H264_UNAVAILABLE', message: expect.stringContaining('Unknown encoder') } });
  });

  test('without ffmpeg: how to get it', async () => {
    const error = await probeEncoder({ ffmpeg: undefined, wanted: 'auto', searchPath: dir, log: silentLogger });
    expect(error).toMatchObject({
      error: { code: 'H264_UNAVAILABLE', hint: expect.stringContaining('apt install ffmpeg'), permanent: true },
    });
  });
});
