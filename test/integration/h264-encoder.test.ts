import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { silentLogger } from '../../src/core/log.ts';
import type { H264Settings } from '../../src/encode/encoder.ts';
import { FfmpegEncoders, fromFrames } from '../../src/encode/ffmpeg/factory.ts';
import type { EncoderChoice } from '../../src/encode/ffmpeg/probe.ts';
import { H264Stream } from '../../src/encode/h264-stream.ts';
import type { AccessUnit } from '../../src/frames/access-unit.ts';
import type { Frame } from '../../src/frames/frame.ts';
import { linkEncoder } from '../support/encoder.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { makePicture } from '../support/frames.ts';
import { PlayedFeed } from '../support/picture-feed.ts';

let dir: string;
/** The stand-in for ffmpeg, which runs in real time; the stream's own clock is the test's. */
let ffmpeg: string;
let clock: FakeClock;
let feed: PlayedFeed;
let settings: H264Settings;
let choice: EncoderChoice;
let stream: H264Stream;
let units: AccessUnit[];
const arrivals = new EventTarget();

type Entry = { start?: number; end?: number; codec?: string; filters?: string; time?: number; size?: number };
const behave = (what: object) => writeFileSync(`${ffmpeg}.json`, JSON.stringify(what));
const entries = (): Entry[] =>
  readFileSync(`${ffmpeg}.log`, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const starts = () => entries().filter((entry) => entry.start !== undefined);
const times = () => entries().flatMap(({ time }) => (time === undefined ? [] : [time]));
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const watch = () =>
  stream.subscribe((unit) => {
    units.push(unit);
    arrivals.dispatchEvent(new Event('unit'));
  });

/** Waits until `done`, or the test is over: the stand-in's output and end come by real time. */
async function until(done: () => boolean): Promise<void> {
  const own = dir;
  while (dir === own && !done()) await new Promise((resolve) => setImmediate(resolve));
}

/** Shows a picture, and waits for its unit. */
async function encode(count = 1, interval = 100): Promise<Frame[]> {
  const frames: Frame[] = [];
  for (let k = 0; k < count; k++) {
    const arrival = once(arrivals, 'unit');
    clock.advance(interval);
    frames.push(feed.show());
    await arrival;
  }
  return frames;
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'h264-encoder-'));
  ffmpeg = linkEncoder(dir);
  clock = new FakeClock();
  feed = new PlayedFeed(clock);
  settings = { width: 0, height: 0, fps: 0, bitrate: 1000, keyframeInterval: 2, profile: 'baseline' };
  choice = { ffmpeg, hardware: false, software: true };
  units = [];
  stream = new H264Stream({
    name: 'H.264',
    feed,
    settings: () => settings,
    encoders: new FfmpegEncoders({ begin: fromFrames, choice: () => choice, searchPath: process.env.PATH ?? '', clock, log: silentLogger }),
    clock,
    log: silentLogger,
    random: () => 0.5,
  });
});
afterEach(async () => {
  await stream.stop();
  expect(clock.pending).toBe(0);
  for (const { start } of starts()) expect(isAlive(start!)).toBe(false);
  expect(feed.leases).toBe(0);
  rmSync(dir, { recursive: true, force: true });
  dir = '';
});

describe('H264Stream', () => {
  test('gives one unit for each picture, with its times; parameter sets in front of key frames', async () => {
    watch();
    expect(stream.status.state).toBe('starting');
    const frames = await encode(4);
    expect(units.map(({ sequence, capturedAt, monotonic }) => ({ sequence, capturedAt, monotonic }))).toEqual(
      frames.map(({ sequence, capturedAt, monotonic }) => ({ sequence, capturedAt, monotonic })),
    );
    expect(units.map(({ nals }) => nals.map((nal) => nal[0]! & 0x1f))).toEqual([[7, 8, 5], [1], [1], [1]]);
    expect(units[0]!.size).toBe(5 + 4 + 3);
    expect(entries().flatMap(({ size }) => size ?? [])).toEqual(frames.map(({ size }) => size));
    expect(stream.status).toMatchObject({ state: 'live', error: undefined, encoder: 'libx264' });
    expect(stream.counters).toEqual({ starts: 1, frames: 4, skipped: 0, units: 4, keyframes: 1, bytes: 12 + 9 });
  });

  test('parameter sets in band and start codes are as good', async () => {
    behave({ annexB: true });
    watch();
    await encode(2);
    expect(units.map(({ nals }) => nals.map((nal) => nal[0]! & 0x1f))).toEqual([[7, 8, 5], [1]]);
  });

  test('key frames are the first, one per interval, and those asked for; their times alone are odd', async () => {
    watch();
    await encode(25);
    stream.requestKeyFrame();
    await encode(25);
    expect(units.flatMap(({ keyframe }, k) => (keyframe ? [k] : []))).toEqual([0, 20, 25, 45]);
    expect(times().flatMap((time, k) => (time % 2 === 1 ? [k] : []))).toEqual([20, 25, 45]);
    expect(times().slice(0, 3)).toEqual([0, 100_000, 200_000]);
  });

  test('a late viewer gets the running group from its key frame on', async () => {
    watch();
    await encode(23);
    expect(stream.group.map(({ sequence }) => sequence)).toEqual([21, 22, 23]);
    expect(stream.group[0]!.keyframe).toBe(true);
  });

  test('camera and encoder run while somebody watches, and five seconds more', async () => {
    expect(feed.leases).toBe(0);
    feed.show();
    const [first, second] = [watch(), watch()];
    expect([feed.leases, stream.viewers]).toEqual([1, 2]);
    await encode();
    first();
    first();
    clock.advance(60_000);
    second();
    clock.advance(4900);
    const third = watch();
    third();
    clock.advance(4900);
    expect(stream.status.state).toBe('live');
    clock.advance(200);
    await until(() => stream.status.state === 'idle');
    expect(feed.leases).toBe(0);
    expect(starts()).toHaveLength(1);
    expect(entries().at(-1)).toEqual({ end: starts()[0]!.start });
    expect(stream.group).toEqual([]);
    expect(stream.status.encoder).toBeUndefined();
  });

  test('a viewer who comes while the encoder is being stopped gets a new one, after the old one', async () => {
    const leave = watch();
    await encode();
    leave();
    clock.advance(5000);
    watch();
    await until(() => feed.leases === 1 && entries().some(({ end }) => end !== undefined));
    await encode();
    expect(entries().flatMap(({ start, end }) => (start ? ['start'] : end ? ['end'] : []))).toEqual(['start', 'end', 'start']);
  });

  test('the latest picture is encoded at once if it is fresh', async () => {
    feed.show();
    clock.advance(1000);
    const sets = stream.parameterSets(5000, new AbortController().signal);
    expect((await sets)!.sps[0]).toBe(0x67);
    expect(times()).toEqual([0]);
  });

  test('but not if it is old', async () => {
    feed.show();
    clock.advance(2001);
    watch();
    const frames = await encode();
    expect(units.map(({ sequence }) => sequence)).toEqual([frames[0]!.sequence]);
  });

  test('parameter sets: none in time, none once given up; at once while they are known', async () => {
    const none = stream.parameterSets(1000, new AbortController().signal);
    clock.advance(1000);
    expect(await none).toBeUndefined();
    const controller = new AbortController();
    const givenUp = stream.parameterSets(1000, controller.signal);
    controller.abort();
    expect(await givenUp).toBeUndefined();
    expect(await stream.parameterSets(1000, controller.signal)).toBeUndefined();
    watch();
    await encode();
    expect(await stream.parameterSets(1000, new AbortController().signal)).toBe(units[0]!.parameterSets);
  });

  test('an encoder that dies is started again, soon; the first picture is a key frame and none comes twice', async () => {
    behave({ dieAfter: 3 });
    watch();
    await encode(3);
    behave({});
    clock.advance(100);
    feed.show();
    await until(() => stream.status.state === 'stalled');
    expect(stream.status.error).toMatchObject({ code: 'ENCODER_ENDED', message: expect.stringContaining('SIGKILL') });
    expect(stream.group).toEqual([]);
    clock.advance(200);
    await until(() => stream.status.error !== undefined);
    await encode(2);
    expect(units.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 5, 6]);
    expect(units[3]!.keyframe).toBe(true);
    expect(stream.status).toMatchObject({ state: 'live', error: undefined });
    expect(starts()).toHaveLength(2);
  });

  test('one that falls silent is stopped after three seconds and started again', async () => {
    behave({ silentAfter: 2 });
    watch();
    await encode(2);
    behave({});
    for (let k = 0; k < 32; k++) {
      clock.advance(100);
      feed.show();
    }
    await until(() => stream.status.state === 'live');
    clock.advance(400);
    await until(() => stream.status.state === 'stalled');
    expect(stream.status.error?.message).toContain('gave no picture for 3 s');
    clock.advance(200);
    await encode();
    expect(units.at(-1)!.keyframe).toBe(true);
    const [first, second] = starts();
    expect(isAlive(first!.start!)).toBe(false);
    expect(entries().findIndex(({ end }) => end === first!.start)).toBeLessThan(
      entries().findIndex(({ start }) => start === second!.start),
    );
  });

  test('a camera that falls silent is not the encoder’s fault', async () => {
    watch();
    await encode();
    clock.advance(60_000);
    await encode();
    expect(starts()).toHaveLength(1);
  });

  test.each([
    ['garbage', { garbageAfter: 0 }, /cannot be read/],
    ['words', { refuse: 'Unrecognized option' }, /exit code 1; its last words: Unrecognized option/],
  ])('one that gives %s is ended, and tried again ever more seldom', async (_, what, message) => {
    behave(what);
    watch();
    feed.show();
    let last: unknown;
    for (const [attempt, delay] of [200, 400, 800].entries()) {
      // The next attempt is the only timer left.
      await until(() => stream.status.error !== last && clock.pending === 1);
      last = stream.status.error;
      expect(last).toMatchObject({ code: 'ENCODER_ENDED', message: expect.stringMatching(message) });
      clock.advance(delay - 1);
      feed.show();
      expect(starts()).toHaveLength(attempt + 1);
      clock.advance(1);
    }
  });

  test('an encoder that cannot be started', async () => {
    choice = { ...choice, ffmpeg: '/no/such/ffmpeg' };
    watch();
    feed.show();
    await until(() => stream.status.state === 'failed');
    // Where setpriv starts it, it is setpriv's end.
    expect(stream.status.error?.code).toMatch(/^(H264_UNAVAILABLE|ENCODER_ENDED)$/);
  });

  test('one that is too slow gets the newest picture only; the others are skipped', async () => {
    behave({ silentAfter: 1 });
    watch();
    await encode();
    for (let k = 0; k < 9; k++) {
      clock.advance(50);
      feed.show();
    }
    await until(() => times().length === 3);
    // Two are under way, one waits, the rest is gone.
    expect(stream.counters).toMatchObject({ frames: 3, skipped: 6 });
  });

  test('broken pictures, which give no unit, hold nobody up for long', async () => {
    behave({ broken: [1, 2] });
    watch();
    await encode();
    for (let k = 0; k < 2; k++) {
      clock.advance(100);
      feed.show();
    }
    await encode(1, 1000);
    expect(units.map(({ sequence }) => sequence)).toEqual([1, 4]);
    await encode(2);
    expect(units.at(-1)).toMatchObject({ sequence: 6, monotonic: clock.monotonic() });
  });

  test('pictures in one moment keep their order and their own times', async () => {
    watch();
    await encode();
    const frames = await encode(3, 0);
    expect(units.slice(1).map(({ sequence }) => sequence)).toEqual(frames.map(({ sequence }) => sequence));
    expect(times()).toEqual([0, 4000, 8000, 12_000]);
  });

  test('after weeks of watching, when FLV has no more bits for the time, units still find their pictures', async () => {
    watch();
    await encode();
    const frames = await encode(60, 86_400_000);
    expect(units.slice(1).map(({ monotonic }) => monotonic)).toEqual(frames.map(({ monotonic }) => monotonic));
    expect(starts()).toHaveLength(1);
  });

  test('other settings, or pictures of another size: a new encoder, the same viewers', async () => {
    watch();
    await encode(2);
    settings = { ...settings, width: 48, height: 36, bitrate: 500 };
    stream.changed();
    await until(() => entries().some(({ end }) => end !== undefined));
    await encode(1);
    expect(starts().map(({ filters }) => filters)).toEqual([expect.not.stringContaining('w='), expect.stringContaining('w=48:h=36')]);
    clock.advance(100);
    const larger = feed.show(makePicture({ width: 128, height: 96 }));
    await until(() => units.at(-1)!.sequence === larger.sequence);
    expect(units.map(({ keyframe }) => keyframe)).toEqual([true, false, true, true]);
    expect(starts()).toHaveLength(3);
  });

  test('changed settings are tried at once, also while a failed encoder waits', async () => {
    behave({ refuse: 'no' });
    watch();
    feed.show();
    await until(() => stream.status.error !== undefined);
    behave({});
    stream.changed();
    await new Promise((resolve) => setImmediate(resolve));
    await encode();
    expect(stream.status.state).toBe('live');
  });

  test('pictures beyond the rate are left out before they are encoded', async () => {
    settings = { ...settings, fps: 5 };
    watch();
    await encode();
    for (let k = 0; k < 10; k++) {
      clock.advance(100);
      feed.show();
      if (k % 2 === 1) await until(() => units.length === 1 + (k + 1) / 2);
    }
    expect(stream.counters).toMatchObject({ frames: 6, skipped: 0, units: 6 });
  });

  test('an encoder that was told a wrong picture rate is told anew', async () => {
    feed.fps = 30;
    watch();
    await encode();
    feed.fps = 10;
    await encode(51);
    clock.advance(100);
    const frame = feed.show();
    await until(() => units.at(-1)!.sequence === frame.sequence);
    expect(starts()).toHaveLength(2);
    expect(units.at(-1)!.keyframe).toBe(true);
  });

  test('where the hardware encoder fails at once, libx264 takes over until the settings change', async () => {
    choice = { ...choice, hardware: true };
    behave({ works: ['libx264'] });
    watch();
    feed.show();
    await until(() => stream.status.error !== undefined);
    clock.advance(200);
    await encode();
    expect(stream.status.encoder).toBe('libx264');
    behave({});
    stream.changed();
    await until(() => starts().length === 1 && entries().some(({ end }) => end !== undefined));
    await encode();
    expect(stream.status.encoder).toBe('h264_v4l2m2m');
  });
});
