import { describe, expect, test } from '@jest/globals';
import { nalType, splitAnnexB } from '../../../src/frames/h264.ts';
import { readSps } from '../../../src/frames/h264-sps.ts';
import { h264Recording, LOW_LATENCY } from '../../support/h264-recordings.ts';
import { needsProgram } from '../../support/programs.ts';
import type { Scenario } from '../../support/rpicam/stage.ts';
import { CONFIGURED, StandinRuns } from '../../support/rpicam/standin-runs.ts';

const { finished } = new StandinRuns();

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
