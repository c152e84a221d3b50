import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect } from '@jest/globals';
import { schema } from '../../src/cli/settings.ts';
import { StateStore } from '../../src/config/state.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/log.ts';
import { H264Control } from '../../src/device/h264.ts';
import { DeviceSettings } from '../../src/device/settings.ts';
import type { EncoderSettings, H264Settings } from '../../src/encode/encoder.ts';
import { FfmpegEncoders, fromFrames } from '../../src/encode/ffmpeg/factory.ts';
import { probeEncoder } from '../../src/encode/ffmpeg/probe.ts';
import { H264Stream } from '../../src/encode/h264-stream.ts';
import type { AccessUnit } from '../../src/frames/access-unit.ts';
import type { Picture } from '../../src/frames/frame.ts';
import { NAL, nalType } from '../../src/frames/h264.ts';
import { readSps } from '../../src/frames/h264-sps.ts';
import { JpegSplitter } from '../../src/frames/jpeg-splitter.ts';
import { barsRecording } from '../support/jpegs.ts';
import { FakeCamera } from '../support/onvif-media.ts';
import { PlayedFeed } from '../support/picture-feed.ts';
import { needsProgram, program } from '../support/programs.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const FPS = 15;
const searchPath = process.env.PATH ?? '';
const bars: Picture[] = [];
new JpegSplitter((picture) => bars.push(picture)).push(barsRecording());

let stream: H264Stream | undefined;
let stopFeeding: (() => void) | undefined;
afterEach(async () => {
  stopFeeding?.();
  await stream?.stop();
  stream = undefined;
});

const START_CODE = Buffer.from([0, 0, 0, 1]);
const annexB = (units: readonly AccessUnit[]) => Buffer.concat(units.flatMap(({ nals }) => nals.flatMap((nal) => [START_CODE, nal])));

/** The processes that this one has started: ffmpeg, or nobody. */
const children = () =>
  spawnSync('ps', ['-o', 'pid=,comm=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => /ffmpeg/.test(line))
    .map((line) => Number.parseInt(line, 10));

async function open(
  change: Partial<H264Settings> = {},
  ffmpeg?: string,
  times: ConstructorParameters<typeof PlayedFeed>[0] = systemClock,
): Promise<{ feed: PlayedFeed; stream: H264Stream }> {
  const probed = await probeEncoder({ ffmpeg: undefined, wanted: 'auto', searchPath, log: silentLogger });
  if ('error' in probed) throw probed.error;
  const choice = { ...probed.ok, ...(ffmpeg === undefined ? {} : { ffmpeg }) };
  const settings: EncoderSettings = { width: 0, height: 0, fps: 0, bitrate: 1000, keyframeInterval: 1, profile: 'baseline', ...change };
  const feed = new PlayedFeed(times);
  feed.fps = FPS;
  const common = { clock: systemClock, log: silentLogger };
  stream = new H264Stream({
    name: 'H.264',
    feed,
    settings: () => settings,
    encoders: new FfmpegEncoders({ begin: fromFrames, choice: () => choice, searchPath, ...common }),
    ...common,
  });
  return { feed, stream };
}

/** Shows the pictures in turn, at {@link FPS}. */
function play(feed: PlayedFeed, pictures: readonly Picture[]): void {
  let k = 0;
  const show = () => feed.show(pictures[k++ % pictures.length]!);
  const timer = setInterval(show, 1000 / FPS);
  stopFeeding = () => clearInterval(timer);
}

/** The next `count` units, then leaves. */
function next(from: H264Stream, count: number, each: (unit: AccessUnit, k: number) => void = () => {}): Promise<AccessUnit[]> {
  const units: AccessUnit[] = [];
  return new Promise((resolve) => {
    const leave = from.subscribe((unit) => {
      each(unit, units.length);
      units.push(unit);
      if (units.length === count) {
        leave();
        resolve(units);
      }
    });
  });
}

/** Decodes units; the pictures as RGB, one Buffer. Fails on any line of complaint. */
function decode(units: readonly AccessUnit[]): Buffer {
  const args = ['-v', 'warning', '-xerror', '-f', 'h264', '-i', 'pipe:0', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const { stdout, stderr } = spawnSync('ffmpeg', args, { input: annexB(units), maxBuffer: 1 << 28 });
  expect(stderr.toString()).toBe('');
  return stdout;
}

describe('H.264 by the real ffmpeg', () => {
  needsProgram('ffmpeg', 'one unit for each picture, with its times; decodes without a complaint, at the right size', async () => {
    const { feed, stream } = await open();
    const shown = new Map<number, number>();
    feed.subscribe(({ sequence, monotonic }) => shown.set(sequence, monotonic));
    play(feed, bars);
    let counted: object = {};
    const units = await next(stream, 40, (_unit, k) => {
      // What ffmpeg writes may bring the next one along.
      if (k === 39) counted = { ...stream.counters };
    });
    const sequences = units.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(units.every(({ sequence, monotonic }) => shown.get(sequence) === monotonic)).toBe(true);
    expect(counted).toMatchObject({ starts: 1, units: 40 });
    expect(decode(units)).toHaveLength(40 * 640 * 480 * 3);
  });

  needsProgram('ffmpeg', 'each unit is made from its own picture, and its colours are right', async () => {
    // Two pictures that nobody confuses.
    const [red, blue] = ['#c02040', '#2040c0'].map((colour) => {
      const args = ['-v', 'error', '-f', 'lavfi', '-i', `color=${colour}:size=320x240`, '-frames:v', '1', '-pix_fmt', 'yuvj420p'];
      const jpeg = execFileSync('ffmpeg', [...args, '-q:v', '2', '-f', 'mjpeg', 'pipe:1']);
      let picture: Picture | undefined;
      new JpegSplitter((each) => (picture = each)).push(jpeg);
      return picture!;
    });
    const { feed, stream } = await open({ keyframeInterval: 60 });
    play(feed, [red!, blue!]);
    const units = await next(stream, 20);
    const pictures = decode(units);
    for (const [k, { sequence }] of units.entries()) {
      const middle = (k * 320 * 240 + 120 * 320 + 160) * 3;
      const [r, g, b] = pictures.subarray(middle, middle + 3);
      const [wantedR, wantedG, wantedB] = sequence % 2 === 1 ? [0xc0, 0x20, 0x40] : [0x20, 0x40, 0xc0];
      for (const difference of [r! - wantedR!, g! - wantedG!, b! - wantedB!]) expect(Math.abs(difference)).toBeLessThan(10);
    }
  });

  needsProgram('ffmpeg', 'black and white are at the ends of the narrow range, whatever the sampling, scaled or not', async () => {
    for (const [format, width] of [
      ['yuvj420p', 0],
      ['yuvj422p', 0],
      ['yuvj444p', 160],
      ['gray', 0],
    ] as const) {
      const args = ['-v', 'error', '-f', 'lavfi', '-i', 'color=black:size=320x240,drawbox=w=160:h=240:color=white:t=fill'];
      const jpeg = execFileSync('ffmpeg', [...args, '-frames:v', '1', '-pix_fmt', format, '-q:v', '2', '-f', 'mjpeg', 'pipe:1']);
      let picture: Picture | undefined;
      new JpegSplitter((each) => (picture = each)).push(jpeg);
      const { feed, stream } = await open({ width });
      play(feed, [picture!]);
      const units = await next(stream, 3);
      stopFeeding?.();
      await stream.stop();
      const raw = spawnSync('ffmpeg', ['-v', 'warning', '-f', 'h264', '-i', 'pipe:0', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', 'pipe:1'], {
        input: annexB(units),
      }).stdout;
      const columns = width || 320;
      const middle = raw.subarray(columns * 60, columns * 61);
      for (const [at, level] of [
        [0.25, 235],
        [0.75, 16],
      ] as const)
        expect(Math.abs(middle[columns * at]! - level)).toBeLessThanOrEqual(2);
    }
  });

  needsProgram('ffmpeg', 'key frames come by the interval and where they are asked for, and nowhere else', async () => {
    const { feed, stream } = await open({ keyframeInterval: 60 });
    play(feed, bars);
    let onTheWay = 0;
    const units = await next(stream, 45, (_unit, k) => {
      if (k !== 20) return;
      stream.requestKeyFrame();
      onTheWay = stream.counters.frames - stream.counters.units;
    });
    const keys = units.flatMap(({ keyframe }, k) => (keyframe ? [k] : []));
    // The next picture that is handed over, behind those that ffmpeg had already.
    expect(keys).toEqual([0, 20 + onTheWay + 1]);
    for (const { keyframe, nals } of units) expect(nals.map(nalType).slice(0, 2).includes(NAL.SPS)).toBe(keyframe);
    expect(decode(units.slice(keys[1]))).toHaveLength((45 - keys[1]!) * 640 * 480 * 3);
  });

  needsProgram('ffmpeg', 'no picture is lost however soon it follows another, nor is any given twice after a gap', async () => {
    // A machine that is busy takes pictures late and in bunches, although no more of them than are asked for.
    const { h264 } = new DeviceSettings({ config: schema.parse({}), explicit: new Set(), state: new StateStore(makeTempDir()) });
    const control = new H264Control({
      ...{ settings: h264, picture: new FakeCamera() },
      stream: { changed() {}, requestKeyFrame() {} },
    });
    const asSet = control.settingsFor({ width: 640, height: 480 });
    expect(asSet.fps).toBe(FPS);
    let captured = systemClock.monotonic();
    const { feed, stream } = await open(asSet, undefined, { now: () => Date.now(), monotonic: () => captured });
    const got: number[] = [];
    let arrived: () => void = () => {};
    const leave = stream.subscribe(({ sequence }) => {
      got.push(sequence);
      arrived();
    });
    const shown: number[] = [];
    for (const distance of [0, 67, 67, 20, 5, 108, 39, 28, 67, 5, 5, 5, 190, 10, 67, 600, 30, 30, 7, 133]) {
      captured += distance;
      const through = new Promise<boolean>((resolve) => {
        arrived = () => resolve(true);
        setTimeout(() => resolve(false), 5000).unref();
      });
      shown.push(feed.show(bars[shown.length % bars.length]).sequence);
      // The next only when this one is through: none is skipped for being too many at a time.
      if (!(await through)) break;
    }
    leave();
    expect(got).toEqual(shown);
  });

  needsProgram('ffmpeg', 'scales to the size that is set, and leaves out pictures beyond the rate', async () => {
    const { feed, stream } = await open({ width: 320, height: 180, fps: 5 });
    play(feed, bars);
    const units = await next(stream, 6);
    expect(decode(units)).toHaveLength(6 * 320 * 180 * 3);
    expect(units.at(-1)!.sequence - units[0]!.sequence).toBeGreaterThanOrEqual(13);
  });

  needsProgram('ffmpeg', 'killed, it is back with a key frame; and nothing is left when the stream stops', async () => {
    const { feed, stream } = await open();
    play(feed, bars);
    await next(stream, 5);
    const [first] = children();
    expect(children()).toHaveLength(1);
    process.kill(first!, 'SIGKILL');
    const began = performance.now();
    const units = await next(stream, 30);
    expect(stream.counters.starts).toBe(2);
    const back = units.find(({ keyframe, monotonic }) => keyframe && monotonic > began)!;
    expect(back.monotonic - began).toBeLessThan(5000);
    expect(children()).toHaveLength(1);
    expect(children()).not.toContain(first);
    await stream.stop();
    expect(children()).toEqual([]);
    expect(feed.leases).toBe(0);
  });

  needsProgram('ffmpeg', 'parameter sets are there for a description before anybody plays', async () => {
    const { feed, stream } = await open();
    play(feed, bars);
    const sets = await stream.parameterSets(5000, new AbortController().signal);
    // Constrained Baseline, which every player and WebRTC take.
    expect(sets!.sps.subarray(0, 3)).toEqual(Buffer.from([0x67, 0x42, 0xc0]));
    expect(nalType(sets!.pps)).toBe(NAL.PPS);
  });

  for (const [profile, id] of [
    ['main', '4d4016'],
    ['high', '640016'],
  ] as const) {
    needsProgram('ffmpeg', `as ${profile} its parameter sets say so, and its level, and there are no B pictures`, async () => {
      const { feed, stream } = await open({ profile, fps: FPS });
      play(feed, bars);
      const units = await next(stream, 10);
      // 640x480 at 15 a second is level 2.2.
      expect(readSps(units[0]!.parameterSets.sps)).toEqual({ profileLevelId: id, width: 640, height: 480 });
      const sequences = units.map(({ sequence }) => sequence);
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
      expect(decode(units)).toHaveLength(10 * 640 * 480 * 3);
    });
  }

  needsProgram('ffmpeg', 'an encoder with its parameter sets in band, as the hardware has them, is understood as well', async () => {
    const inBand = join(makeTempDir(), 'ffmpeg');
    const change = `for arg; do shift; [ "$arg" = -flvflags ] && set -- "$@" -flags:v -global_header; set -- "$@" "$arg"; done`;
    writeFileSync(inBand, `#!/bin/sh\n${change}\nexec '${program('ffmpeg')}' "$@"\n`, { mode: 0o755 });
    const { feed, stream } = await open({}, inBand);
    play(feed, bars);
    const units = await next(stream, 20);
    expect(units[0]!.nals.map(nalType).slice(0, 3)).toEqual([NAL.SPS, NAL.PPS, NAL.IDR]);
    expect(decode(units)).toHaveLength(20 * 640 * 480 * 3);
  });
});
